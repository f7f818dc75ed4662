// SPDX-License-Identifier: Apache-2.0

// Packets of the real encoders, and damaged ones, through both decoders.

import TestSupport
import Testing

@testable import CodecKit

@Suite("QuickLZ packets of other writers")
struct QuickLZVectorTests {
  @Test("every packet vector decodes or is refused as the manifest says", arguments: QuickLZVector.all)
  func packets(vector: QuickLZVector) throws {
    guard vector.kind == "packets" else { return }
    let outcome = QuickLZTrial.fast(try vector.bytes(), streamingBuffer: vector.streamingBuffer)
    switch vector.expect {
    case "ok":
      #expect(outcome.fault == nil)
      #expect(outcome.content.count == vector.size)
      #expect(SHA256.hex(outcome.content) == vector.sha256)
    case "reject":
      let streaming = vector.id.contains("stream-as-independent")
      #expect(outcome.fault == (streaming ? "streaming-packet" : vector.reason))
    default: break
    }
  }

  @Test("the naive decoder agrees on every packet vector", arguments: QuickLZVector.all)
  func naive(vector: QuickLZVector) throws {
    guard vector.kind == "packets", (vector.size ?? 0) <= 100_000 else { return }
    let bytes = try vector.bytes()
    let fast = QuickLZTrial.fast(bytes, streamingBuffer: vector.streamingBuffer)
    let naive = QuickLZTrial.naive(bytes, streamingBuffer: vector.streamingBuffer)
    #expect(fast == naive)
  }

  @Test("both decoders agree on a bundle of damaged packets")
  func bundle() throws {
    for vector in QuickLZVector.all where vector.kind == "bundle" {
      let bytes = try vector.bytes()
      var offset = 0
      var count = 0
      while offset + 4 <= bytes.count {
        let size = unsafe Int(bytes.span.bytes.uint32(at: offset))
        let packet = Array(bytes[offset + 4..<offset + 4 + size])
        offset += 4 + size
        count += 1
        let fast = QuickLZTrial.fast(packet, streamingBuffer: 0)
        #expect(fast == QuickLZTrial.naive(packet, streamingBuffer: 0))
      }
      #expect(count == 300)
    }
  }
}
