// SPDX-License-Identifier: Apache-2.0

// Packets of the library's own encoders, through both decoders; and the rules that writers must keep.

import TestSupport
import Testing

@testable import CodecKit

@Suite("QuickLZ packets")
struct QuickLZPacketTests {
  private static func encode(_ encoder: QuickLZPacketEncoder, _ content: ArraySlice<UInt8>) throws -> [UInt8] {
    try unsafe withUnsafeTemporaryAllocation(byteCount: QuickLZPacketEncoder.bound(content.count), alignment: 16) {
      memory in
      var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      // A copy of its own, so that a sanitizer sees what is read behind it.
      let copy = Array(content)
      let size = unsafe try encoder.encode(copy.span.bytes, into: &output)
      _ = unsafe output.finalize(for: memory)
      return unsafe Array(memory[..<size])
    }
  }

  @Test("all sizes come back", arguments: [1, 2, 3])
  func sizes(level: Int) throws {
    let encoder = QuickLZPacketEncoder(level: level)
    for kind in InputKind.allCases {
      let content = TestInputs.bytes(kind, 70_000)
      for size in Array(1...120) + [215, 216, 217, 255, 256, 300, 511, 4096, 65535, 65536, 65537] {
        let packet = try Self.encode(encoder, content[..<size])
        let fast = QuickLZTrial.fast(packet, streamingBuffer: 0)
        #expect(fast.fault == nil && TestInputs.same(fast.content, Array(content[..<size])), "\(kind), \(size)")
        if size <= 4096 { #expect(fast == QuickLZTrial.naive(packet, streamingBuffer: 0), "\(kind), \(size)") }
        #expect(packet.count >= 9 && packet.count <= max(12, size + 9))
        #expect((packet[0] & 2 == 0) == (size < 216))
      }
    }
  }

  @Test("streams with a buffer come back", arguments: [1, 2, 3], [1000, 100_000, 1_000_000])
  func streaming(level: Int, buffer: Int) throws {
    let encoder = QuickLZPacketEncoder(level: level, streamingBuffer: buffer)
    var random = SplitMix(seed: 5)
    var content = TestInputs.bytes(.rows, 60_000) + TestInputs.bytes(.random, 3000) + TestInputs.bytes(.text, 60_000)
    content += TestInputs.bytes(.zeros, 20_000) + TestInputs.bytes(.runs, 30_000) + content.prefix(50_000)
    var packets: [UInt8] = []
    var used = 0
    while used < content.count {
      let size = min(content.count - used, 1 + random.below(random.below(8) == 0 ? 120_000 : 2500))
      packets += try Self.encode(encoder, content[used..<used + size])
      used += size
    }
    let fast = QuickLZTrial.fast(packets, streamingBuffer: buffer)
    #expect(fast.fault == nil && TestInputs.same(fast.content, content))
    #expect(fast == QuickLZTrial.naive(packets, streamingBuffer: buffer))
    // Refused without the buffer, and after a fault until reset.
    #expect(QuickLZTrial.fast(packets, streamingBuffer: 0).fault == "streaming-packet")
  }

  @Test("positions beyond what short entries hold", arguments: [1, 2, 3])
  func largePackets(level: Int) throws {
    let encoder = QuickLZPacketEncoder(level: level)
    let content = TestInputs.bytes(.rows, 1_200_000)
    for size in [(1 << 18) - 1, 1 << 18, (1 << 19) - 1, 1 << 19, 1_200_000, 3000] {
      let packet = try Self.encode(encoder, content[..<size])
      let fast = QuickLZTrial.fast(packet, streamingBuffer: 0)
      #expect(fast.fault == nil && TestInputs.same(fast.content, Array(content[..<size])), "\(size)")
    }
  }

  @Test("a packet does not depend on what was encoded before", arguments: [1, 2, 3])
  func independence(level: Int) throws {
    let used = QuickLZPacketEncoder(level: level)
    for kind in InputKind.allCases {
      let content = TestInputs.bytes(kind, 65536)[...]
      let fresh = try Self.encode(QuickLZPacketEncoder(level: level), content)
      #expect(try Self.encode(used, content) == fresh, "\(kind)")
    }
  }

  @Test("no match begins where readers expect literals only", arguments: [1, 2, 3])
  func tail(level: Int) throws {
    let encoder = QuickLZPacketEncoder(level: level)
    for kind in [InputKind.zeros, .runs, .rows, .text] {
      let content = TestInputs.bytes(kind, 3000)
      for size in 12...400 {
        let packet = try Self.encode(encoder, content[..<size])
        #expect(NaiveQuickLZDecoder.keepsTailRule(packet), "\(kind), \(size)")
      }
    }
  }

  @Test("bare packets as a codec, with and without a buffer", arguments: [nil, 0, 5000, 100_000, 1_000_000])
  func codec(buffer: Int?) throws {
    let content = TestInputs.bytes(.rows, 300_000) + TestInputs.bytes(.random, 20_000)
    for level in 1...3 {
      let codec = QuickLZRaw(streamingBuffer: buffer)
      let packed = try codec.compress(content, .init { $0.level = .native(level) })
      #expect(try codec.decompress(packed) == content)
      let usual = [nil, 0, 100_000, 1_000_000].contains(buffer)
      let engine = try QuickLZRaw().makeDecompressionEngine(.init())
      let driver = StreamDriver(pieces: .fixed(777), rooms: .fixed(999))
      let outcome = driver.run(engine, packed)
      #expect(outcome.violations == [])
      #expect(outcome.error?.code == (usual ? nil : .unsupportedFeature))
      #expect(!usual || outcome.output == content)
      if let buffer, buffer > 0 {
        #expect(throws: CodecError.self) { _ = try QuickLZRaw(streamingBuffer: 0).decompress(packed) }
        #expect(throws: CodecError.self) { _ = try QuickLZRaw(streamingBuffer: 77).decompress(packed) }
      }
    }
  }
}
