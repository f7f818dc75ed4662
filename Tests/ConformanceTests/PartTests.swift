// SPDX-License-Identifier: Apache-2.0

// A part of the data is what decoding from the start brings, for every codec, with or without an index.

import CodecKit
import TestSupport
import Testing

@Suite("Conformance: parts")
struct PartTests {
  /// A stream in memory.
  private final class Source: RandomAccessSource {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var size: UInt64 { UInt64(bytes.count) }

    func read(at offset: UInt64, into room: inout OutputRawSpan) throws(Never) -> Int {
      guard offset < size else { return 0 }
      let count = min(room.freeCapacity, bytes.count - Int(offset))
      unsafe bytes.withUnsafeBytes { source in
        unsafe room.withUnsafeMutableBytes { memory, filled in
          let from = unsafe UnsafeRawBufferPointer(rebasing: source[Int(offset)..<Int(offset) + count])
          unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...]).copyMemory(from: from)
          filled += count
        }
      }
      return count
    }
  }

  private struct Sink: ByteSink {
    var bytes: [UInt8] = []

    mutating func write(_ span: RawSpan) throws(Never) {
      unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
  }

  @Test("a large part is the same by several threads", arguments: ConformanceSubject.all)
  func severalThreads(_ subject: ConformanceSubject) throws {
    let size = min(subject.largestInput, 5_000_000)
    let chunk = subject.legalChunkSizes.first
    let plain = TestInputs.bytes(.rows, size)
    let packed = try subject.codec.compress(plain, .init { $0.chunkSize = chunk })
    for threads in [1, 2, 3] {
      var reader = try PartReader(subject.codec, .init { $0.threads = threads }, source: Source(packed))
      for offset in [0, 1, size / 3, size / 2 + 7, size - 1, size] {
        var sink = Sink()
        let summary = try reader.read(from: UInt64(offset), to: &sink)
        #expect(same(sink.bytes, Array(plain[offset...])), "from \(offset), \(threads) threads")
        #expect(summary.reachedEnd)
      }
    }
    var limited = try PartReader(
      subject.codec,
      .init {
        $0.threads = 2
        $0.limits.maximumOutputSize = UInt64(size - 10)
      }, source: Source(packed))
    var sink = Sink()
    #expect(throws: (any Error).self) { try limited.read(from: UInt64(size / 2), to: &sink) }
    #expect(same(sink.bytes, Array(plain[(size / 2)..<(size - 10)])))
  }

  @Test("parts are what decoding from the start brings", arguments: ConformanceSubject.all)
  func parts(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    var random = SplitMix(seed: SplitMix.runSeed ^ 21)
    let size = min(subject.largestInput, 900_000)
    for kind in [InputKind.rows, .random, .zeros] {
      let content = TestInputs.bytes(kind, size)
      let joined = subject.can(.concatenation)
      var packed = try subject.codec.compress(content)
      if joined { packed += try subject.codec.compress(Array(content.reversed())) }
      let plain = joined ? content + content.reversed() : content
      for trusts in [false, true] {
        var reader = try PartReader(subject.codec, .init { $0.trustsIndex = trusts }, source: Source(packed))
        var places = [
          (0, 10), (size, 10), (size - 5, 10), (plain.count - 1, 10), (plain.count, 1), (plain.count + 9, 9),
        ]
        for _ in 0..<12 { places.append((random.below(plain.count), random.below(70_000))) }
        for (offset, count) in places {
          var sink = Sink()
          let summary = try reader.read(from: UInt64(offset), count: UInt64(count), to: &sink)
          let start = min(offset, plain.count)
          let expected = Array(plain[start..<min(plain.count, start + count)])
          failures.check(
            sink.bytes == expected && summary.bytesOut == UInt64(expected.count),
            "\(kind) \(offset)+\(count): \(sink.bytes.count) bytes from \(summary.start.outputOffset)")
        }
      }
    }
    failures.report()
  }
}
