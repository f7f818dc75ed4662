// SPDX-License-Identifier: Apache-2.0

// What may follow the end of a stream: another one, bytes that do not belong to it, or nothing.

import CodecKit
import TestSupport
import Testing

@Suite("Conformance: the end of a stream")
struct EndOfStreamTests {
  static let marked = ConformanceSubject.all.filter { $0.end == .marked }

  @Test("joined streams decode to their contents joined", arguments: ConformanceSubject.all)
  func concatenation(_ subject: ConformanceSubject) throws {
    let parts = [TestInputs.bytes(.text, 500), [], TestInputs.bytes(.random, 1), TestInputs.bytes(.pages, 9000)]
    let packed = try parts.flatMap { (part) throws in try subject.codec.compress(part) }
    let content = parts.flatMap { $0 }
    let driver = StreamDriver(pieces: .fixed(100), rooms: .fixed(1000))
    let outcome = driver.run(try subject.codec.makeDecompressionEngine(.init()), packed)
    #expect(outcome.violations == [])
    if subject.can(.concatenation) {
      #expect(outcome.finished && same(outcome.output, content), "\(outcome.summary)")
      #expect(same(try subject.codec.decompress(packed), content))
    } else {
      #expect(outcome.error != nil || subject.end == .anywhere, "\(outcome.summary)")
    }
  }

  @Test("bytes behind the end are refused after all data", arguments: marked)
  func rejected(_ subject: ConformanceSubject) throws {
    for (name, tail) in tails(subject) {
      for (content, packed) in try contents(subject) {
        for pieces in [Sizes.whole, .fixed(1), .cut(packed.count)] {
          let engine = try subject.codec.makeDecompressionEngine(.init())
          let outcome = StreamDriver(pieces: pieces).run(engine, packed + tail)
          #expect(outcome.error?.code == .corrupt, "\(name): \(outcome.summary)")
          #expect(same(outcome.output, content), "\(name): the data comes before the error")
          #expect(outcome.violations == [], "\(name)")
        }
        #expect(codeThrown { () throws(CodecError) in try subject.codec.decompress(packed + tail) } == .corrupt)
      }
    }
  }

  @Test("bytes behind the end are reported or ignored on request", arguments: marked)
  func tolerated(_ subject: ConformanceSubject) throws {
    for (name, tail) in tails(subject) {
      for (content, packed) in try contents(subject) {
        for pieces in [Sizes.whole, .fixed(1), .cut(packed.count)] {
          var stream = try Decompressor(subject.codec, .init { $0.trailingData = .report })
          let outcome = StreamDriver(pieces: pieces).run(&stream, packed + tail)
          #expect(outcome.finished && same(outcome.output, content), "\(name): \(outcome.summary)")
          #expect(outcome.violations == [], "\(name)")
          #expect(stream.notices.map(\.kind) == [.trailingData], "\(name)")
          #expect(stream.notices.first?.inputOffset == UInt64(packed.count), "\(name)")
          var silent = try Decompressor(subject.codec, .init { $0.trailingData = .ignore })
          let ignored = StreamDriver(pieces: pieces).run(&silent, packed + tail)
          #expect(ignored.finished && same(ignored.output, content), "\(name): \(ignored.summary)")
          #expect(silent.notices == [], "\(name)")
        }
      }
    }
  }

  @Test("an ended stream stays ended, and takes nothing more", arguments: ConformanceSubject.all)
  func ended(_ subject: ConformanceSubject) throws {
    let packed = try subject.codec.compress([1, 2, 3])
    for (engine, input) in [
      (try subject.codec.makeDecompressionEngine(.init()), packed),
      (try subject.codec.makeCompressionEngine(.init()), [1, 2, 3]),
    ] {
      var rest = input[...]
      for _ in 0..<20 {
        let step = try step(engine, Array(rest), .finish)
        rest = rest.dropFirst(step.consumed)
        if step.state == .finished { break }
      }
      for flush in [Flush.finish, .none] {
        #expect(try step(engine, [], flush).state == .finished, "\(flush)")
      }
      #expect(codeThrown { () throws(CodecError) in _ = try step(engine, [1], .finish) } == .streamFinished)
    }
  }

  private func step(_ engine: any StreamEngine, _ input: [UInt8], _ flush: Flush) throws(CodecError) -> StreamStep {
    var result: Result<StreamStep, CodecError>?
    _ = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 20) { memory, count in
      var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(memory), initializedCount: 0)
      do throws(CodecError) {
        result = .success(unsafe try engine.step(input.span.bytes, into: &output, flush: flush))
      } catch { result = .failure(error) }
      count = unsafe output.finalize(for: UnsafeMutableRawBufferPointer(memory))
    }
    guard let result else { throw CodecError(.internalInconsistency, reason: "no step was made") }
    return try result.get()
  }

  @Test("a clean end gives no notice", arguments: ConformanceSubject.all)
  func cleanEnd(_ subject: ConformanceSubject) throws {
    for policy in [DecompressionOptions.TrailingData.reject, .report, .ignore] {
      for (content, packed) in try contents(subject) {
        var stream = try Decompressor(subject.codec, .init { $0.trailingData = policy })
        let outcome = StreamDriver(finishesWithData: false).run(&stream, packed)
        #expect(outcome.finished && same(outcome.output, content), "\(policy): \(outcome.summary)")
        #expect(stream.notices == [])
      }
    }
  }

  @Test("zeros behind the end are padding where that is the custom", arguments: marked.filter(\.allowsZeroPadding))
  func padding(_ subject: ConformanceSubject) throws {
    for count in [1, 600] {
      for (content, packed) in try contents(subject) {
        var stream = try Decompressor(subject.codec)
        let outcome = StreamDriver().run(&stream, packed + [UInt8](repeating: 0, count: count))
        #expect(outcome.finished && same(outcome.output, content), "\(outcome.summary)")
        #expect(outcome.violations == [] && stream.notices == [])
      }
    }
  }

  private func tails(_ subject: ConformanceSubject) -> [(String, [UInt8])] {
    Self.tails.filter { !subject.allowsZeroPadding || $0.1.contains { $0 != 0 } }
  }

  private static let tails: [(String, [UInt8])] = [
    ("one zero", [0]), ("zeros", [UInt8](repeating: 0, count: 600)), ("bytes", [0xAA, 0x55, 0xAA, 0x55, 0xAA]),
    ("text", Array("this is not a stream of any format".utf8)),
  ]

  private func contents(_ subject: ConformanceSubject) throws -> [([UInt8], [UInt8])] {
    try [[], subject.smallContent, TestInputs.bytes(.rows, 30_000)].map { ($0, try subject.codec.compress($0)) }
  }
}
