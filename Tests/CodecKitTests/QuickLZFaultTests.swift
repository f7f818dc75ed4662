// SPDX-License-Identifier: Apache-2.0

// Every check that a reader must make has a reason of its own, and input that brings it.

import TestSupport
import Testing

@testable import CodecKit

@Suite("QuickLZ faults")
struct QuickLZFaultTests {
  private func packet(_ level: Int, _ buffer: Int, _ content: [UInt8]) throws -> [UInt8] {
    try QuickLZRaw(streamingBuffer: buffer).compress(
      content,
      .init {
        $0.level = .native(level)
        $0.chunkSize = 4096
      })
  }

  /// Packets that no other program writes, with the fault that each must bring, by what kind of decoder.
  private func ownPackets() throws -> [(fault: QuickLZFault, buffer: Int, packets: [UInt8])] {
    let content = TestInputs.bytes(.runs, 300)
    var result: [(QuickLZFault, Int, [UInt8])] = []
    for level in 1...3 {
      let other = level % 3 + 1
      // Another level in the same stream, and another buffer than the decoder's.
      result.append((.streamMismatch, 100_000, try packet(level, 100_000, content) + packet(other, 100_000, content)))
      result.append((.streamMismatch, 100_000, try packet(level, 1_000_000, content)))
      result.append((.streamMismatch, 1_000_000, try packet(level, 5000, content)))
      result.append((.streamMismatch, 5000, try packet(level, 0, content)))
      result.append((.streamingPacket, 0, try packet(level, 5000, content)))
      // One byte more than the content needs.
      var long = try packet(level, 0, Array(content.prefix(200)))
      long[1] += 1
      result.append((.trailingData, 0, long + [0]))
    }
    return result
  }

  @Test("a stream of another level or buffer, and what is left over, are refused by both decoders")
  func own() throws {
    for (index, each) in try ownPackets().enumerated() {
      let fast = QuickLZTrial.fast(each.packets, streamingBuffer: each.buffer)
      #expect(fast.fault == each.fault.rawValue, "\(index)")
      #expect(fast == QuickLZTrial.naive(each.packets, streamingBuffer: each.buffer), "\(index)")
    }
  }

  @Test("every fault has input that brings it, a reason, and a code")
  func coverage() throws {
    var brought = Set(try ownPackets().map(\.fault.rawValue))
    for vector in QuickLZVector.all where vector.expect == "reject" { brought.insert(vector.reason ?? "") }
    #expect(brought == Set(QuickLZFault.allCases.map(\.rawValue)))
    #expect(Set(QuickLZFault.allCases.map(\.reason)).count == QuickLZFault.allCases.count)
    for fault in QuickLZFault.allCases where fault.rawValue.hasPrefix("truncated") {
      // A token or literals that run out inside of a packet are no matter of more input.
      let isInside = [.truncatedControl, .truncatedToken, .truncatedLiteral].contains(fault)
      #expect((fault.code == .truncated) == !isInside, "\(fault)")
    }
  }

  @Test("what a packet claims is checked by its header alone", arguments: [1, 2, 3])
  func claims(level: UInt8) throws {
    // Four gigabytes from sixteen bytes, and the same as a stored packet.
    for flags in [0x43, 0x42] as [UInt8] {
      let header = [flags | level << 2] + [16, 0, 0, 0] + [0xFF, 0xFF, 0xFF, 0xFF]
      let packet = header + [UInt8](repeating: 0, count: 7)
      let outcome = StreamDriver().run(try QuickLZRaw().makeDecompressionEngine(.init()), packet)
      #expect(outcome.error?.code == .corrupt && outcome.error?.inputOffset == 0)
    }
  }
}
