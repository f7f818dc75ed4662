// SPDX-License-Identifier: Apache-2.0

// Salvage of damaged S2 streams.

import CodecKit
import TestSupport
import Testing

@Suite("Salvage of S2")
struct SalvageS2Tests {
  private static let piece = 64 << 10
  private static let content = TestInputs.bytes(.rows, 7 * piece) + TestInputs.bytes(.random, 2 * piece + 999)
  private static let stream = (try? S2().compress(content, .init { $0.chunkSize = piece })) ?? []
  /// Where the chunks are, the identifier included.
  private static let chunks: [Range<Int>] = {
    var result: [Range<Int>] = []
    var offset = 0
    while offset < stream.count {
      let length = Int(stream[offset + 1]) | Int(stream[offset + 2]) << 8 | Int(stream[offset + 3]) << 16
      result.append(offset..<offset + 4 + length)
      offset += 4 + length
    }
    return result
  }()

  @Test("an undamaged stream comes out as it is, without a report", arguments: [7, 4096, Int.max])
  func undamaged(piece: Int) throws {
    for stream in [Self.stream, Self.stream + Self.stream] {
      let result = Salvaged(S2(), stream, piece: piece)
      #expect(
        TestInputs.same(result.output, stream.count > Self.stream.count ? Self.content + Self.content : Self.content))
      #expect(result.losses.isEmpty && result.error == nil, "\(result.text)")
    }
  }

  @Test("a damaged byte anywhere in any chunk costs at most that chunk")
  func flips() throws {
    #expect(Self.chunks.count == 11)
    for chunk in Self.chunks {
      for index in Set(Array(chunk.prefix(13)) + [(chunk.lowerBound + chunk.upperBound) / 2, chunk.upperBound - 1]) {
        for mask: UInt8 in [0x01, 0x80, 0xFF] {
          let result = Salvaged(S2(), Self.stream.flipped(index, mask))
          #expect(!result.losses.isEmpty, "byte \(index) is not noticed")
          // The last chunk says alone how much it holds: when that is damaged, nobody knows.
          if chunk == Self.chunks.last, result.summary.unknownLosses > 0 || result.output.count != Self.content.count {
            #expect(TestInputs.startsWith(result.output, Array(Self.content.prefix(9 * Self.piece))))
          } else {
            let isTrue = result.isTrue(to: Self.content)
            #expect(isTrue, "byte \(index), \(mask): \(result.text)")
          }
          #expect(result.summary.lostBytes <= UInt64(Self.piece), "byte \(index), \(mask): \(result.text)")
        }
      }
    }
  }

  @Test("noise, also across borders, costs nothing but the chunks under it")
  func noise() throws {
    for chunk in Self.chunks.dropLast() {
      for start in [chunk.lowerBound, max(0, chunk.lowerBound - 500), chunk.upperBound - 600] {
        let result = Salvaged(S2(), Self.stream.noisy(start, 1024, seed: 7))
        #expect(!result.losses.isEmpty)
        if result.summary.unknownLosses == 0 {
          #expect(result.isTrue(to: Self.content) == true, "noise at \(start): \(result.text)")
        } else {
          // What lies behind comes out, if not at its place.
          let tail = Array(Self.content.suffix(999))
          #expect(start + 1024 >= Self.chunks[10].lowerBound || Array(result.output.suffix(999)) == tail)
        }
      }
    }
  }

  @Test("missing and inserted bytes cost one chunk")
  func shifts() throws {
    for chunk in Self.chunks.dropFirst().dropLast() {
      for count in [1, 100, 1000] {
        let start = chunk.lowerBound + 100
        let shorter = Salvaged(S2(), Self.stream.without(start, count))
        #expect(shorter.isTrue(to: Self.content) == true, "\(count) missing at \(start): \(shorter.text)")
        let longer = Salvaged(S2(), Self.stream.with(count, at: start, seed: 9))
        #expect(longer.isTrue(to: Self.content) == true, "\(count) inserted at \(start): \(longer.text)")
      }
    }
  }

  @Test("of a stream that is cut, everything before the cut comes out")
  func cuts() throws {
    for size in Array(0...40) + Array(Swift.stride(from: 41, to: Self.stream.count, by: 1499)) {
      let result = Salvaged(S2(), Array(Self.stream[..<size]))
      #expect(TestInputs.startsWith(Self.content, result.output), "cut to \(size): \(result.text)")
      let whole = Self.chunks.dropFirst().filter { $0.upperBound <= size }.count
      #expect(result.output.count >= min(whole * Self.piece, Self.content.count), "cut to \(size): \(result.text)")
      #expect(!result.losses.isEmpty || Self.chunks.contains { $0.upperBound == size }, "cut to \(size)")
    }
  }
}
