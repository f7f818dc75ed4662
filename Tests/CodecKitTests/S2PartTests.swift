// SPDX-License-Identifier: Apache-2.0

// Parts of S2 streams, walked by chunk headers and found by indexes, honest and lying ones.

import Foundation
import TestSupport
import Testing

@testable import CodecKit

@Suite("s2: parts")
struct S2PartTests {
  /// Rows with a part that cannot be compressed, so that there are compressed and stored chunks.
  private static let content =
    TestInputs.bytes(.rows, 2_500_000) + TestInputs.bytes(.random, 300_000) + TestInputs.bytes(.text, 400_001)

  private static func stream(
    _ content: [UInt8] = content, blockSize: Int = 64 << 10, change: (inout S2) -> Void = { _ in }
  ) throws -> [UInt8] {
    try S2 { change(&$0) }.compress(content, .init { $0.chunkSize = blockSize })
  }

  private static let variants: [(name: String, change: @Sendable (inout S2) -> Void)] = [
    ("plain", { _ in }), ("index", { $0.writesIndex = true }),
    (
      "padded index",
      {
        $0.writesIndex = true
        $0.padding = 4096
      }
    ),
    (
      "snappy",
      {
        $0.isSnappyCompatible = true
        $0.writesIndex = true
      }
    ),
    (
      "user chunks",
      {
        $0.writesIndex = true
        $0.userChunks = [.init(kind: 0x80, bytes: [1]), .init(kind: 0x90, bytes: [2, 3], position: 1_500_000)]
      }
    ),
    ("stored", { $0.storesOnly = true }),
  ]

  @Test("parts are what decoding from the start brings, with and without trust", arguments: 0..<6)
  func variants(number: Int) throws {
    let (name, change) = Self.variants[number]
    let stream = try Self.stream(change: change)
    for trusts in [false, true] {
      let trial = PartTrial(S2(), stream, .init { $0.trustsIndex = trusts })
      #expect(trial.error == nil && TestInputs.same(trial.content, Self.content))
      try trial.check(12, seed: UInt64(number), borders: [65_536, 1 << 20, 2_555_904, 2_600_000], name)
    }
  }

  @Test("joined streams, of S2 and Snappy, are entered anywhere", arguments: [false, true])
  func joined(trusts: Bool) throws {
    let small = TestInputs.bytes(.text, 300_000)
    let s2 = try Self.stream { $0.writesIndex = true }
    let snappy = try Self.stream(small) { $0.isSnappyCompatible = true }
    let indexed = try Self.stream(small) { $0.writesIndex = true }
    // Without the identifier of the second part; its index would be taken for that of the whole.
    for stream in [s2 + snappy + s2, snappy + s2, s2 + indexed, s2 + indexed.dropFirst(10), snappy + snappy] {
      let trial = PartTrial(S2(), stream, .init { $0.trustsIndex = trusts })
      #expect(trial.error == nil)
      try trial.check(16, seed: 3, borders: [small.count, Self.content.count])
    }
  }

  @Test("a trusted index leads to the last entry before a part")
  func usesIndex() throws {
    let stream = try Self.stream { $0.writesIndex = true }
    let (index, offset) = try #require(S2Index.find(in: MemorySource(stream)))
    #expect(index.entries.count == 4 && index.totalCompressed == Int64(offset))
    for trusts in [false, true] {
      let trial = PartTrial(S2(), stream, .init { $0.trustsIndex = trusts })
      let outcome = try trial.read(3_100_000, 100)
      #expect(outcome.output == Array(Self.content[3_100_000..<3_100_100]))
      let entry = try #require(index.entry(for: 3_100_000))
      // Without trust every chunk is walked, and the part's own found.
      let expected = trusts ? UInt64(entry.uncompressed) : 3_100_000 / 65_536 * 65_536
      #expect(outcome.summary.start.outputOffset == expected)
    }
  }

  @Test("an index that is kept apart is used, when it is that of the stream")
  func indexApart() throws {
    let stream = try Self.stream()
    var scanner = S2IndexScanner()
    try unsafe scanner.scan(stream.span.bytes)
    let trimmed = try scanner.finish().trimmed()
    let index = try unsafe S2Index(trimmed: trimmed.span.bytes)
    #expect(index.entries.count == 4)
    var trial = PartTrial(S2 { $0.seekIndex = index }, stream)
    try trial.check(12, seed: 4)
    #expect(try trial.read(2_200_000, 5).summary.start.outputOffset == 2 << 20)
    // Of another stream, or of one without its identifier.
    for other in [try Self.stream(Array(Self.content.reversed())), stream + stream, Array(stream.dropLast(9))] {
      trial = PartTrial(S2 { $0.seekIndex = index }, other)
      try trial.check(8, seed: 5)
    }
  }

  @Test("a lying index is found out without trust, and never leads out of the stream with it")
  func lies() throws {
    let stream = try Self.stream { $0.writesIndex = true }
    let (index, offset) = try #require(S2Index.find(in: MemorySource(stream)))
    let body = Array(stream[..<Int(offset)])
    var lies: [S2Index] = []
    for change in [1, -1, 100_000, 1 << 40] as [Int64] {
      var lie = S2Index(blockSize: index.blockSize)
      lie.totalUncompressed = index.totalUncompressed
      lie.totalCompressed = index.totalCompressed
      for (number, entry) in index.entries.enumerated() {
        let moved = number == 2 ? change : 0
        lie.add(compressed: entry.compressed + moved, uncompressed: entry.uncompressed)
      }
      lies.append(lie)
    }
    for lie in lies {
      try PartTrial(S2(), body + lie.encoded()).check(8, seed: 6, borders: [2 << 20])
      // What it leads to is no chunk: the walk finds the right one.
      let trial = PartTrial(S2(), body + lie.encoded(), .init { $0.trustsIndex = true })
      try trial.check(4, seed: 7, borders: [2 << 20])
    }
  }

  @Test("a stream may begin in its middle")
  func withoutIdentifier() throws {
    let stream = Array(try Self.stream().dropFirst(10))
    let trial = PartTrial(S2 { $0.requiresIdentifier = false }, stream)
    #expect(TestInputs.same(trial.content, Self.content))
    try trial.check(8, seed: 8, borders: [65_536])
    #expect(try trial.read(3_000_000, 1).summary.start.inputOffset > 0)
    #expect(try PartTrial(S2(), stream).read(3_000_000, 1).error?.code == .unknownFormat)
  }

  @Test("the size of blocks under Snappy's identifier is limited behind a seek, too")
  func snappyLimit() throws {
    let snappy = try Self.stream { $0.isSnappyCompatible = true }
    let large = try Self.stream(TestInputs.bytes(.random, 100_000), blockSize: 1 << 20)
    let stream = snappy + large.dropFirst(10)
    let trial = PartTrial(S2(), stream)
    #expect(trial.error?.code == .corrupt)
    let size = UInt64(Self.content.count)
    for offset in [size - 10, size, size + 5] {
      let outcome = try trial.read(offset, 100)
      #expect(outcome.error == trial.error && outcome.summary.bytesOut <= 10, "\(outcome)")
    }
    // Under S2's own it is legal.
    let again = snappy + large
    #expect(try PartTrial(S2(), again).read(size + 99_999, 5).output.count == 1)
  }

  @Test("the limit of memory holds behind a seek")
  func memoryLimit() throws {
    let stream = try Self.stream(blockSize: 64 << 10) + Self.stream(blockSize: 1 << 20)
    let trial = PartTrial(S2(), stream, .init { $0.limits.maximumWindowSize = 65_536 })
    #expect(trial.error?.code == .limitExceeded)
    let outcome = try trial.read(UInt64(Self.content.count) + 5, 10)
    #expect(outcome.error == trial.error && outcome.output.isEmpty)
  }

  @Test("user chunks stand where they are asked for, with any number of threads", arguments: [1, 2, 3])
  func userChunks(threads: Int) throws {
    let positions: [UInt64] = [0, 1_000_000, 1_000_000, 524_288, 0, 99_999_999]
    let chunks = positions.enumerated().map { S2.UserChunk(kind: 0x81, bytes: [UInt8($0)], position: $1) }
    for blockSize in [4096, 100_000, 1 << 20] {
      let codec = S2 {
        $0.userChunks = chunks
        $0.writesIndex = true
      }
      let stream = try codec.compress(
        Self.content,
        .init {
          $0.chunkSize = blockSize
          $0.threads = threads
        })
      let expected = try codec.compress(Self.content, .init { $0.chunkSize = blockSize })
      #expect(TestInputs.same(stream, expected))
      let seen = ChunkLog()
      let reader = S2 { $0.userChunkHandler = { seen.add($0) } }
      #expect(TestInputs.same(try reader.decompress(stream, .init { $0.threads = threads }), Self.content))
      #expect(seen.chunks.map(\.kind) == [0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x99])
      #expect(seen.chunks.dropLast().map { $0.bytes[0] } == [0, 4, 3, 1, 2, 5])
      try PartTrial(S2(), stream, .init { $0.trustsIndex = true }).check(6, seed: 9)
    }
  }

  @Test("a user chunk stands exactly where the writer flushes")
  func userChunkAtFlush() throws {
    let codec = S2 { $0.userChunks = [.init(kind: 0x82, bytes: [7], position: 1000)] }
    var packer = try Compressor(codec)
    var stream: [UInt8] = []
    let parts = [TestInputs.bytes(.text, 1000), TestInputs.bytes(.text, 5000)]
    for part in parts {
      var room = [UInt8](repeating: 0, count: 2 << 20)
      let count = try unsafe room.withUnsafeMutableBytes { memory in
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let step = try unsafe packer.update(part.span.bytes, into: &output)
        let flushed = try packer.flush(into: &output)
        #expect(step.consumed == part.count && flushed.state == .needsInput)
        return unsafe output.finalize(for: memory)
      }
      stream += room[..<count]
    }
    try packer.finish { stream += $0.array }
    var offset = 10
    var kinds: [UInt8] = []
    while offset + 4 <= stream.count {
      kinds.append(stream[offset])
      offset += 4 + Int(stream[offset + 1]) + Int(stream[offset + 2]) << 8 + Int(stream[offset + 3]) << 16
    }
    #expect(kinds == [0, 0x82, 0])
    #expect(try S2().decompress(stream) == parts[0] + parts[1])
  }
}

/// What a handler was called with.
private final class ChunkLog: @unchecked Sendable {
  private let lock = NSLock()
  private var all: [S2.UserChunk] = []
  var chunks: [S2.UserChunk] { lock.withLock { all } }
  func add(_ chunk: S2.UserChunk) { lock.withLock { all.append(chunk) } }
}
