// SPDX-License-Identifier: Apache-2.0

// S2 blocks and streams: round trips at every level and size, what options do to a stream, dictionaries, refusals.

import Foundation
import TestSupport
import Testing

@testable import CodecKit

@Suite("s2")
struct S2Tests {
  private typealias Trial = BlockCodecTrial

  private static let kinds: [InputKind] = [.text, .pages, .rows, .zeros, .random]

  @Test("blocks round-trip at every size, at every level, for both kinds of decoders", arguments: 1...3)
  func blocks(level: Int) throws {
    let effort = try #require(S2BlockEncoder.Effort(rawValue: level))
    for mode in [S2BlockMode.s2, .snappy] {
      let encoder = S2BlockEncoder(effort, mode)
      let sizes = Array(0...70) + [255, 256, 257, 511, 512, 1023, 1024, 1025, 4095, 4096, 16_384, 65_536, 70_001]
      for size in sizes {
        for kind in Self.kinds where size > 40 || kind == .text || kind == .zeros {
          let content = TestInputs.bytes(kind, size)
          let block = S2Mutation.encode(content, encoder)
          #expect(block.count <= S2Format.blockBound(size))
          #expect(S2Mutation.decode(block, limit: 1 << 20) == content, "\(mode) \(kind) \(size)")
          if mode == .snappy {
            let plain = try SnappyRaw().decompress(block)
            #expect(plain == content, "\(kind) \(size)")
          }
        }
      }
    }
  }

  @Test("encoders write nothing behind the bound", arguments: 1...3)
  func bound(level: Int) throws {
    let effort = try #require(S2BlockEncoder.Effort(rawValue: level))
    let encoder = S2BlockEncoder(effort, .s2)
    var random = SeededRandom("s2 bound")
    for _ in 0..<200 {
      let size = Int.random(in: 0...3000, using: &random)
      // Mostly noise, with just enough matches to make a search go on to the limit.
      var content = random.bytes(size)
      for start in stride(from: 40, to: max(40, size - 8), by: 23) {
        for index in 0..<6 { content[start + index] = content[start - 31 + index] }
      }
      let bound = S2Format.blockBound(size)
      var memory = [UInt8](repeating: 0xA5, count: bound + 64)
      let count = unsafe memory.withUnsafeMutableBytes { memory in
        unsafe content.withUnsafeBytes {
          unsafe encoder.encode($0, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<bound]))
        }
      }
      #expect(memory[bound...].allSatisfy { $0 == 0xA5 })
      #expect(S2Mutation.decode(Array(memory[..<count]), limit: 4096) == content)
    }
  }

  @Test("what an encoder did before does not show", arguments: 1...3)
  func reuse(level: Int) throws {
    let effort = try #require(S2BlockEncoder.Effort(rawValue: level))
    var random = SeededRandom("s2 reuse")
    let used = S2BlockEncoder(effort, .s2)
    // The tables are cleared once in 4 MiB; the largest block is exactly that.
    var sizes = (0..<60).map { _ in Int.random(in: 0...150_000, using: &random) }
    sizes += [(4 << 20) - 1, 4 << 20, 65_536, (4 << 20) + 1, 70_000, (4 << 20) - 1, 40]
    for (number, size) in sizes.enumerated() {
      // Much alike, so that entries of other blocks would be found.
      let content = TestInputs.bytes(number % 3 == 0 ? .text : .rows, size)
      let block = S2Mutation.encode(content, used)
      #expect(TestInputs.same(block, S2Mutation.encode(content, S2BlockEncoder(effort, .s2))), "\(number): \(size)")
      #expect(TestInputs.same(try S2Raw().decompress(block), content))
    }
  }

  @Test("repeats of every length are written as what they are")
  func repeats() {
    for length in Array(4...300) + [
      515, 516, 65_795, 65_796, 16_842_754, 16_842_755, 16_842_756, 16_842_760, 33_685_600,
    ] {
      for offset in [1, 2047, 2048] {
        var bytes = [UInt8](repeating: 0, count: 64)
        let size = unsafe bytes.withUnsafeMutableBytes { bytes in
          unsafe bytes.baseAddress.map { unsafe S2Emitter.repeated(offset, length, to: $0) } ?? 0
        }
        var sum = 0
        var at = 0
        while at < size {
          let element = unsafe bytes.withUnsafeBytes { bytes in
            unsafe bytes.baseAddress.flatMap { unsafe S2Element($0 + at, count: size - at) }
          }
          guard let element, element.kind == .repeated || element.kind == .copy(offset) else { break }
          sum += element.length
          at += element.size
        }
        #expect(sum == length && at == size, "\(length)")
      }
    }
  }

  @Test("streams round-trip in any pieces, by any number of threads", arguments: 1...3)
  func streams(level: Int) throws {
    for kind in Self.kinds {
      let content = TestInputs.bytes(kind, 300_001)
      for size in [4096, 65_536, 1 << 20] {
        let packed = try Trial.compress(S2(), content) {
          $0.level = .native(level)
          $0.chunkSize = size
        }
        let parallel = try Trial.compress(S2(), content) {
          $0.level = .native(level)
          $0.chunkSize = size
          $0.threads = 2
        }
        #expect(TestInputs.same(packed, parallel))
        try Trial.expect(S2(), packed, gives: content, [StreamDriver(), StreamDriver(rooms: .fixed(70_000))])
      }
    }
  }

  @Test("streams for Snappy are read by the snappy codec")
  func snappyStreams() throws {
    for kind in Self.kinds {
      let content = TestInputs.bytes(kind, 200_000)
      for level in 1...3 {
        let packed = try S2 { $0.isSnappyCompatible = true }.compress(content, .init { $0.level = .native(level) })
        #expect(try Snappy().decompress(packed) == content)
        #expect(try S2().decompress(packed) == content)
      }
    }
  }

  @Test("padding, index, user chunks and stored blocks appear as asked for", arguments: [1, 2])
  func options(threads: Int) throws {
    let content = TestInputs.bytes(.text, 3_400_000)
    let chunks = [S2.UserChunk(kind: 0x80, bytes: [1, 2, 3]), S2.UserChunk(kind: 0xFD, bytes: [9])]
    for padding in [1, 2, 3, 4096, 100_000] {
      for writesIndex in [false, true] {
        let codec = S2 {
          $0.padding = padding
          $0.writesIndex = writesIndex
          $0.userChunks = chunks
          $0.storesOnly = padding == 3
        }
        let packed = try codec.compress(content, .init { $0.threads = threads })
        #expect(packed.count % padding == 0)
        #expect(packed.count <= codec.compressedBound(content.count, .init()) ?? 0)
        let seen = Collected()
        let reader = S2 { $0.userChunkHandler = { seen.add($0) } }
        #expect(try reader.decompress(packed) == content)
        #expect(Array(seen.chunks.prefix(2)) == chunks)
        #expect(seen.chunks.count == (writesIndex ? 3 : 2))
        let report = try Trial.inspect(S2(), packed)
        #expect(report.contentSize == UInt64(content.count))
        let details = report.frames.first?.details ?? []
        #expect(details.contains { $0.name == "largest block" } == !content.isEmpty)
        #expect(details.contains { $0.name == "index" && $0.value == "4 entries" } == writesIndex)
        guard writesIndex else { continue }
        try checkIndex(packed, content)
      }
    }
  }

  private func checkIndex(_ packed: [UInt8], _ content: [UInt8]) throws {
    let size = try #require(unsafe S2Index.size(fromTail: packed.span.bytes))
    let chunk = Array(packed.suffix(size))
    let index = try unsafe S2Index(chunk.span.bytes)
    #expect(index.totalUncompressed == Int64(content.count))
    let reader = S2 { $0.requiresIdentifier = false }
    for entry in index.entries {
      let rest = try reader.decompress(Array(packed[Int(entry.compressed)...]))
      #expect(TestInputs.same(rest, Array(content[Int(entry.uncompressed)...])))
    }
  }

  private final class Collected: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [S2.UserChunk] = []
    var chunks: [S2.UserChunk] { lock.withLock { all } }
    func add(_ chunk: S2.UserChunk) { lock.withLock { all.append(chunk) } }
  }

  @Test("blocks above the limit of memory are refused, naming what they need")
  func limits() throws {
    let packed = try S2().compress(TestInputs.bytes(.text, 200_000))
    let outcome = try Trial.decompress(S2(), packed, .init()) { $0.limits.maximumWindowSize = 65_536 }
    #expect(outcome.error?.code == .limitExceeded)
    #expect(outcome.error?.requiredLimit == 200_000)
  }

  @Test("options that make no sense are refused")
  func refusals() throws {
    let wrong: [S2] = [
      S2 { $0.padding = 0 }, S2 { $0.userChunks = [.init(kind: 0x7F, bytes: [1])] },
      S2 { $0.userChunks = [.init(kind: 0x80, bytes: [])] },
    ]
    for codec in wrong {
      #expect(throws: CodecError.self) { try codec.makeCompressionEngine(.init()) }
    }
    for size in [4095, (4 << 20) + 1] {
      #expect(throws: CodecError.self) { try S2().makeCompressionEngine(.init { $0.chunkSize = size }) }
    }
    #expect(throws: CodecError.self) { try S2().makeCompressionEngine(.init { $0.level = 4 }) }
  }

  @Test("trained dictionaries make small blocks smaller, at every level", arguments: 1...3)
  func dictionaries(level: Int) throws {
    let samples = (0..<200).map { index in
      Array(
        #"{"id":\#(index * 7919 % 1000),"name":"user-\#(index % 37)","active":true,"country":"DE","score":\#(index)}"#
          .utf8)
    }
    let dictionary = try S2().trainDictionary(from: samples, .init { $0.maximumSize = 4096 })
    #expect(dictionary.bytes.count <= 4096)
    #expect(try S2Raw().trainDictionary(from: samples, .init { $0.maximumSize = 4096 }).bytes == dictionary.bytes)
    let content = try S2DictionaryContent.of(dictionary)
    let bytes = unsafe Array(content.memory)
    var plain = 0
    var helped = 0
    for sample in samples + [TestInputs.bytes(.text, 200_000), bytes, [], [1]] {
      let options = CompressionOptions {
        $0.level = .native(level)
        $0.dictionary = dictionary
      }
      let packed = try S2Raw().compress(sample, options)
      #expect(packed.count <= S2Raw().compressedBound(sample.count, options) ?? 0)
      #expect(try S2Raw().decompress(packed, .init { $0.dictionary = dictionary }) == sample)
      if sample.count < 4096 {
        #expect(NaiveS2.decode(packed, dictionary: bytes, offset: content.offset) == sample)
        helped += packed.count
        plain += try S2Raw().compress(sample, .init { $0.level = .native(level) }).count
      }
    }
    #expect(helped * 2 < plain, "\(helped) with, \(plain) without")
    #expect(throws: CodecError.self) { try S2().makeCompressionEngine(.init { $0.dictionary = dictionary }) }
    #expect(throws: CodecError.self) { try S2().trainDictionary(from: [[1, 2]], .init()) }
  }

  @Test("content far larger than a table can tell apart is searched in parts")
  func largeBlock() throws {
    let content = TestInputs.bytes(.rows, (4 << 20) + 100_000)
    let packed = try S2Raw().compress(content)
    #expect(packed.count < content.count)
    #expect(TestInputs.same(try S2Raw().decompress(packed), content))
  }
}
