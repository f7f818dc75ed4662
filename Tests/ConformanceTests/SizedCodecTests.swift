// SPDX-License-Identifier: Apache-2.0

// Bare formats that do not even say how much is in them: the same properties, as far as they can have them.

import CodecKit
import TestSupport
import Testing

@Suite("Conformance: formats without a size")
struct SizedCodecTests {
  private func reader(_ subject: ConformanceSubject, _ size: Int) throws -> CodecSelection {
    try ConformanceSubject.registry.codec("\(subject.id):size=\(size)")
  }

  @Test("what goes in comes out, however it arrives", arguments: ConformanceSubject.sized)
  func roundTrip(_ subject: ConformanceSubject) throws {
    for kind in InputKind.allCases {
      for size in [0, 1, 2, 17, 1000, 65_536, 300_000] {
        let content = TestInputs.bytes(kind, size)
        let packed = try subject.codec.compress(content)
        #expect(same(try reader(subject, size).decompress(packed), content), "\(kind) \(size)")
        let driver = StreamDriver(pieces: .fixed(999), rooms: .fixed(777), finishesWithData: false)
        let streamed = driver.run(try subject.codec.makeCompressionEngine(.init()), content)
        #expect(streamed.violations == [] && same(streamed.output, packed), "\(kind) \(size)")
        let back = driver.run(try reader(subject, size).makeDecompressionEngine(.init()), packed)
        #expect(back.violations == [] && same(back.output, content), "\(kind) \(size): \(back.summary)")
      }
    }
    for level in subject.allLevels {
      let content = TestInputs.bytes(.rows, 50_000)
      let packed = try subject.codec.compress(content, .init { $0.level = .native(level) })
      #expect(same(try reader(subject, content.count).decompress(packed), content), "level \(level)")
    }
  }

  @Test("a cut, a wrong size and flipped bits never give too much", arguments: ConformanceSubject.sized)
  func damage(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    let content = subject.smallContent
    let packed = try subject.codec.compress(content)
    let engine = try reader(subject, content.count).makeDecompressionEngine(.init())
    for length in 0..<packed.count {
      try engine.reset()
      let outcome = StreamDriver().run(engine, Array(packed[..<length]))
      failures.check(outcome.error != nil && outcome.violations.isEmpty, "cut at \(length): \(outcome.summary)")
    }
    for bit in 0..<packed.count * 8 {
      var damaged = packed
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      try engine.reset()
      let outcome = StreamDriver(maximumOutput: content.count + 64).run(engine, damaged)
      failures.check(outcome.violations.isEmpty, "bit \(bit): \(outcome.summary)")
      failures.check(outcome.error != nil || outcome.output.count == content.count, "bit \(bit): \(outcome.summary)")
    }
    for size in [0, 1, content.count - 1, content.count + 1, 1 << 20] {
      let code = codeThrown { () throws(CodecError) in
        try ConformanceSubject.registry.codec("\(subject.id):size=\(size)").decompress(packed)
      }
      failures.check(code != nil, "size \(size) is taken for \(content.count)")
    }
    failures.report()
  }
}
