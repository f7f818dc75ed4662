// SPDX-License-Identifier: Apache-2.0

// How input arrives and how much room there is for output changes nothing.

import CodecKit
import TestSupport
import Testing

@Suite("Conformance: streaming")
struct StreamingTests {
  private static let roomSizes = [1, 2, 3, 7, 4095, 4096, 65537]

  private func inputs(_ subject: ConformanceSubject) -> [(String, [UInt8])] {
    [
      ("empty", []), ("one byte", [0x41]), ("small", subject.smallContent), ("random", TestInputs.bytes(.random, 3000)),
      ("pages", TestInputs.bytes(.pages, 20_000)), ("text", TestInputs.bytes(.text, 200_000)),
    ]
  }

  private func drivers(_ size: Int) -> [StreamDriver] {
    var drivers: [StreamDriver] = []
    for (index, room) in Self.roomSizes.enumerated() where size <= 5000 || room > 3 {
      let pieces: [Sizes] = size <= 5000 ? [.fixed(1), .fixed(17), .whole] : [.fixed(4095), .whole]
      for piece in pieces {
        drivers.append(StreamDriver(pieces: piece, rooms: .fixed(room), finishesWithData: index % 2 == 0))
      }
    }
    for seed in SplitMix.runSeed..<SplitMix.runSeed + (isLongRun ? 50 : 4) {
      let limit = size <= 5000 ? 50 : 50_000
      drivers.append(
        StreamDriver(
          pieces: .random(seed: seed, upTo: limit), rooms: .random(seed: seed &+ 9, upTo: limit),
          finishesWithData: seed % 2 == 0))
    }
    return drivers
  }

  @Test("compressed bytes do not depend on pieces and rooms", arguments: ConformanceSubject.all)
  func compressing(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    for (name, input) in inputs(subject) {
      let expected = try subject.codec.compress(input)
      for driver in drivers(input.count) {
        let outcome = driver.run(try subject.codec.makeCompressionEngine(.init()), input)
        failures.check(
          outcome.finished && outcome.violations.isEmpty && same(outcome.output, expected),
          "\(name), \(driver.summary): \(outcome.summary), expected \(expected.count)")
      }
    }
    failures.report()
  }

  @Test("compressed bytes do not depend on where the input is cut", arguments: ConformanceSubject.all)
  func compressingCuts(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    let input = subject.smallContent
    let expected = try subject.codec.compress(input)
    let engine = try subject.codec.makeCompressionEngine(.init())
    for cut in 0...input.count {
      try engine.reset()
      let outcome = StreamDriver(pieces: .cut(cut), finishesWithData: cut % 2 == 0).run(engine, input)
      failures.check(same(outcome.output, expected) && outcome.violations.isEmpty, "cut \(cut): \(outcome.summary)")
    }
    failures.report()
  }

  @Test("decompressed bytes do not depend on pieces and rooms", arguments: ConformanceSubject.all)
  func decompressing(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    for (name, input) in inputs(subject) {
      let packed = try subject.codec.compress(input)
      for driver in drivers(max(packed.count, input.count)) {
        let outcome = driver.run(try subject.codec.makeDecompressionEngine(.init()), packed)
        failures.check(
          outcome.finished && outcome.violations.isEmpty && same(outcome.output, input)
            && outcome.consumed == packed.count, "\(name), \(driver.summary): \(outcome.summary)")
      }
    }
    failures.report()
  }

  @Test("decompressed bytes do not depend on where the stream is cut", arguments: ConformanceSubject.all)
  func decompressingCuts(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    for (name, input) in inputs(subject) where input.count <= 5000 {
      let packed = try subject.codec.compress(input)
      let engine = try subject.codec.makeDecompressionEngine(.init())
      for cut in 0...packed.count {
        try engine.reset()
        let outcome = StreamDriver(pieces: .cut(cut), rooms: .fixed(5000)).run(engine, packed)
        failures.check(
          outcome.finished && outcome.violations.isEmpty && same(outcome.output, input),
          "\(name), cut \(cut): \(outcome.summary)")
      }
    }
    failures.report()
  }

  @Test("streams count what goes through them", arguments: ConformanceSubject.all)
  func totals(_ subject: ConformanceSubject) throws {
    let input = TestInputs.bytes(.text, 10_000)
    let driver = StreamDriver(pieces: .fixed(999), rooms: .fixed(777), finishesWithData: false)
    var compressor = try Compressor(subject.codec)
    let packed = driver.run(&compressor, input)
    #expect(packed.violations == [] && packed.error == nil)
    #expect(compressor.totalIn == 10_000)
    #expect(compressor.totalOut == UInt64(packed.output.count))
    #expect(compressor.codec == subject.id)
    var decompressor = try Decompressor(subject.codec)
    let unpacked = driver.run(&decompressor, packed.output)
    #expect(unpacked.violations == [] && unpacked.error == nil)
    #expect(same(unpacked.output, input))
    #expect(decompressor.totalIn == UInt64(packed.output.count))
    #expect(decompressor.totalOut == 10_000)
    #expect(decompressor.notices == [])
  }

  @Test("finish delivers the rest", arguments: ConformanceSubject.all)
  func finishing(_ subject: ConformanceSubject) throws {
    let input = TestInputs.bytes(.rows, 50_000)
    var compressor = try Compressor(subject.codec)
    var driver = StreamDriver(pieces: .fixed(5000), rooms: .fixed(3000))
    driver.probesEnd = false
    var packed = driver.run(&compressor, input, ends: false).output
    try compressor.finish { (bytes: RawSpan) throws(CodecError) in unsafe bytes.withUnsafeBytes { unsafe packed += $0 }
    }
    #expect(same(packed, try subject.codec.compress(input)))
    var decompressor = try Decompressor(subject.codec)
    var unpacked = driver.run(&decompressor, packed, ends: false).output
    try decompressor.finish { (bytes: RawSpan) throws(CodecError) in
      unsafe bytes.withUnsafeBytes { unsafe unpacked += $0 }
    }
    #expect(same(unpacked, input))
  }
}
