// SPDX-License-Identifier: Apache-2.0

// Salvage of damaged snappy and S2 streams, which are made of the same chunks.

import CodecKit
import TestSupport
import Testing

@Suite("Salvage of chunks")
struct SalvageChunkTests {
  private static let piece = 64 << 10
  private static let content = TestInputs.bytes(.rows, 7 * piece) + TestInputs.bytes(.random, 2 * piece + 999)
  private static let subjects = [
    Subject(Snappy(), (try? Snappy().compress(content)) ?? []),
    Subject(S2(), (try? S2().compress(content, .init { $0.chunkSize = piece })) ?? []),
  ]

  /// A codec and a stream of it.
  struct Subject: Sendable, CustomTestStringConvertible {
    let codec: any Codec
    let stream: [UInt8]
    /// Where the chunks are, the identifier included.
    let chunks: [Range<Int>]

    init(_ codec: any Codec, _ stream: [UInt8]) {
      self.codec = codec
      self.stream = stream
      var chunks: [Range<Int>] = []
      var offset = 0
      while offset < stream.count {
        let length = Int(stream[offset + 1]) | Int(stream[offset + 2]) << 8 | Int(stream[offset + 3]) << 16
        chunks.append(offset..<offset + 4 + length)
        offset += 4 + length
      }
      self.chunks = chunks
    }

    var testDescription: String { codec.descriptor.id.rawValue }
  }

  @Test("an undamaged stream comes out as it is, without a report", arguments: subjects, [7, 4096, Int.max])
  func undamaged(subject: Subject, piece: Int) throws {
    for stream in [subject.stream, subject.stream + subject.stream] {
      let result = Salvaged(subject.codec, stream, piece: piece)
      #expect(
        TestInputs.same(result.output, stream.count > subject.stream.count ? Self.content + Self.content : Self.content)
      )
      #expect(result.losses.isEmpty && result.error == nil, "\(result.text)")
    }
  }

  @Test("no bytes at all are a stream of S2, and none of snappy")
  func nothing() {
    #expect(Salvaged(S2(), []).losses.isEmpty)
    #expect(Salvaged(Snappy(), []).losses.map(\.fault.code) == [.truncated])
  }

  @Test("a damaged byte anywhere in any chunk costs at most that chunk", arguments: subjects)
  func flips(subject: Subject) throws {
    #expect(subject.chunks.count == 11)
    for chunk in subject.chunks {
      for index in Set(Array(chunk.prefix(13)) + [(chunk.lowerBound + chunk.upperBound) / 2, chunk.upperBound - 1]) {
        for mask: UInt8 in [0x01, 0x80, 0xFF] {
          let result = Salvaged(subject.codec, subject.stream.flipped(index, mask))
          #expect(!result.losses.isEmpty, "byte \(index) is not noticed")
          // The last chunk says alone how much it holds: when that is damaged, nobody knows.
          if chunk == subject.chunks.last, result.summary.unknownLosses > 0 || result.output.count != Self.content.count
          {
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

  @Test("noise, also across borders, costs nothing but the chunks under it", arguments: subjects)
  func noise(subject: Subject) throws {
    for chunk in subject.chunks.dropLast() {
      for start in [chunk.lowerBound, max(0, chunk.lowerBound - 500), chunk.upperBound - 600] {
        let result = Salvaged(subject.codec, subject.stream.noisy(start, 1024, seed: 7))
        #expect(!result.losses.isEmpty)
        if result.summary.unknownLosses == 0 {
          #expect(result.isTrue(to: Self.content) == true, "noise at \(start): \(result.text)")
        } else {
          // What lies behind comes out, if not at its place.
          let tail = Array(Self.content.suffix(999))
          #expect(start + 1024 >= subject.chunks[10].lowerBound || Array(result.output.suffix(999)) == tail)
        }
      }
    }
  }

  @Test("missing and inserted bytes cost one chunk", arguments: subjects)
  func shifts(subject: Subject) throws {
    for chunk in subject.chunks.dropFirst().dropLast() {
      for count in [1, 100, 1000] {
        let start = chunk.lowerBound + 100
        let shorter = Salvaged(subject.codec, subject.stream.without(start, count))
        #expect(shorter.isTrue(to: Self.content) == true, "\(count) missing at \(start): \(shorter.text)")
        let longer = Salvaged(subject.codec, subject.stream.with(count, at: start, seed: 9))
        #expect(longer.isTrue(to: Self.content) == true, "\(count) inserted at \(start): \(longer.text)")
      }
    }
  }

  @Test("of a stream that is cut, everything before the cut comes out", arguments: subjects)
  func cuts(subject: Subject) throws {
    for size in Array(0...40) + Array(Swift.stride(from: 41, to: subject.stream.count, by: 1499)) {
      let cut = Array(subject.stream[..<size])
      let result = Salvaged(subject.codec, cut)
      // Of some formats nothing at all is a whole stream of nothing.
      let isWhole = size == 0 && (try? subject.codec.decompress(cut)) == []
      #expect(TestInputs.startsWith(Self.content, result.output), "cut to \(size): \(result.text)")
      let whole = subject.chunks.dropFirst().filter { $0.upperBound <= size }.count
      #expect(result.output.count >= min(whole * Self.piece, Self.content.count), "cut to \(size): \(result.text)")
      #expect(
        !result.losses.isEmpty || isWhole || subject.chunks.contains { $0.upperBound == size }, "cut to \(size)")
    }
  }
}
