// SPDX-License-Identifier: Apache-2.0

// The reference encoders, byte for byte; and that ours make packets that are no larger.

import TestSupport
import Testing

@testable import CodecKit

@Suite("QuickLZ reference encoders")
struct QuickLZReferenceTests {
  /// The packets of a vector with their content: sizes from the packets themselves.
  private static func packets(_ vector: QuickLZVector) throws -> [(packet: [UInt8], content: [UInt8])] {
    let bytes = try vector.bytes()
    let content = QuickLZTrial.fast(bytes, streamingBuffer: vector.streamingBuffer).content
    var result: [([UInt8], [UInt8])] = []
    var offset = 0
    var done = 0
    while offset < bytes.count {
      let header = unsafe try QuickLZHeader(bytes.span.bytes.extracting(offset..<bytes.count))
      result.append(
        (Array(bytes[offset..<offset + header.packetSize]), Array(content[done..<done + header.contentSize])))
      offset += header.packetSize
      done += header.contentSize
    }
    return result
  }

  static let vectors = QuickLZVector.all.filter {
    $0.kind == "packets" && $0.expect == "ok" && $0.writer.hasPrefix("quicklz 1.") && ($0.size ?? 0) <= 110_000
  }

  @Test("the packets of the real encoders are reproduced byte for byte", arguments: vectors)
  func exact(vector: QuickLZVector) throws {
    let version: ReferenceQuickLZEncoder.Version =
      vector.writer.hasSuffix("1.4.1") ? .v141 : vector.writer.hasSuffix("1.5.0") ? .v150 : .v151
    var encoder = ReferenceQuickLZEncoder(
      version, level: try #require(vector.level), streamingBuffer: vector.streamingBuffer)
    var failures: [Int] = []
    for (index, (packet, content)) in try Self.packets(vector).enumerated() {
      var made = encoder.encode(content)
      // The real encoders leave what was in memory in the padding of the smallest packets.
      let padding = content.count < 5 ? 5 - content.count : 0
      made.removeLast(padding)
      if made != Array(packet.dropLast(padding)) { failures.append(index) }
    }
    #expect(failures == [])
  }

  @Test("our packets are no larger than those of the reference", arguments: [1, 2, 3])
  func ratio(level: Int) throws {
    let encoder = QuickLZPacketEncoder(level: level)
    for name in ["text", "markup", "table", "mix", "runs"] {
      let content = try QuickLZVector.bytes("inputs/\(name).bin")
      var ours = 0
      var theirs = 0
      var reference = ReferenceQuickLZEncoder(.v150, level: level)
      for start in stride(from: 0, to: content.count, by: 65536) {
        let piece = Array(content[start..<min(start + 65536, content.count)])
        theirs += reference.encode(piece).count
        try unsafe withUnsafeTemporaryAllocation(byteCount: QuickLZPacketEncoder.bound(65536), alignment: 16) {
          memory in
          var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
          ours += unsafe try encoder.encode(piece.span.bytes, into: &output)
          _ = unsafe output.finalize(for: memory)
        }
      }
      #expect(ours <= theirs, "\(name)")
    }
  }
}
