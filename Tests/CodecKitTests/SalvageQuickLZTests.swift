// SPDX-License-Identifier: Apache-2.0

// Salvage of damaged qpress archives.

import CodecKit
import TestSupport
import Testing

@Suite("Salvage of QuickLZ")
struct SalvageQuickLZTests {
  private static let chunk = 8 << 10
  private static let content = TestInputs.bytes(.rows, 5 * chunk) + TestInputs.bytes(.random, chunk + 999)
  private static let stream = (try? QuickLZ().compress(content, .init { $0.chunkSize = chunk })) ?? []
  /// Where the blocks are.
  private static let blocks: [Range<Int>] = {
    let marker = Array("NEWBNEWB".utf8)
    let starts = (0..<stream.count - 8).filter { stream[$0] == marker[0] && Array(stream[$0..<$0 + 8]) == marker }
    return zip(starts, starts.dropFirst() + [stream.count - 16]).map { $0..<$1 }
  }()

  @Test("an undamaged archive comes out as it is, without a report", arguments: [7, 4096, Int.max])
  func undamaged(piece: Int) throws {
    let result = Salvaged(QuickLZ(), Self.stream, piece: piece)
    #expect(TestInputs.same(result.output, Self.content))
    #expect(result.losses.isEmpty && result.error == nil, "\(result.text)")
    let empty = Salvaged(QuickLZ(), try QuickLZ().compress([UInt8]()))
    #expect(empty.output.isEmpty && empty.losses.isEmpty, "\(empty.text)")
  }

  @Test("what stands in the second half of the trailer is no damage, as it is none to the decoder")
  func oddTrailer() throws {
    let odd = try QuickLZ().compress([UInt8]()).dropLast(8) + [0, 0, 0x58, 0, 0, 0, 0, 0]
    #expect(try QuickLZ().decompress(Array(odd)).isEmpty)
    let result = Salvaged(QuickLZ(), Array(odd))
    #expect(result.output.isEmpty && result.losses.isEmpty, "\(result.text)")
  }

  @Test("a damaged byte anywhere in any block costs at most that block")
  func flips() throws {
    #expect(Self.blocks.count == 7)
    for (index, block) in Self.blocks.enumerated() {
      for at in Set(Array(block.prefix(29)) + [(block.lowerBound + block.upperBound) / 2, block.upperBound - 1]) {
        // The position is not looked at where blocks follow each other.
        let isPosition = (8..<16).contains(at - block.lowerBound)
        let result = Salvaged(QuickLZ(), Self.stream.flipped(at, 0x81))
        #expect(result.losses.isEmpty == isPosition, "byte \(at): \(result.text)")
        if index < Self.blocks.count - 1 || result.output.count == Self.content.count {
          #expect(result.isTrue(to: Self.content) == true, "byte \(at) of block \(index): \(result.text)")
        } else {
          #expect(TestInputs.startsWith(Self.content, result.output), "byte \(at): \(result.text)")
        }
        #expect(result.summary.lostBytes <= UInt64(Self.chunk))
        if at - block.lowerBound < 8 { #expect(result.summary.lostBytes == 0, "\(result.text)") }
      }
    }
  }

  @Test("noise, missing and inserted bytes cost the blocks under them, and what follows keeps its place")
  func noise() throws {
    for block in Self.blocks.dropLast() {
      for start in [block.lowerBound + 50, max(40, block.lowerBound - 500), block.upperBound - 600] {
        let noisy = Salvaged(QuickLZ(), Self.stream.noisy(start, 1024, seed: 7))
        #expect(!noisy.losses.isEmpty)
        if start + 1024 < Self.blocks[6].lowerBound {
          #expect(noisy.isTrue(to: Self.content) == true, "noise at \(start): \(noisy.text)")
        }
      }
      for count in [1, 100, 1000] {
        let start = block.lowerBound + 100
        let shorter = Salvaged(QuickLZ(), Self.stream.without(start, count))
        #expect(shorter.isTrue(to: Self.content) == true, "\(count) missing at \(start): \(shorter.text)")
        let longer = Salvaged(QuickLZ(), Self.stream.with(count, at: start, seed: 9))
        #expect(longer.isTrue(to: Self.content) == true, "\(count) inserted at \(start): \(longer.text)")
      }
    }
  }

  @Test("the beginning may be damaged as well")
  func beginnings() throws {
    for at in 0..<27 {
      let result = Salvaged(QuickLZ(), Self.stream.flipped(at, 0x81))
      #expect(result.isTrue(to: Self.content) == true, "byte \(at): \(result.text)")
    }
    let result = Salvaged(QuickLZ(), Self.stream.noisy(0, 20, seed: 3))
    #expect(result.isTrue(to: Self.content) == true && !result.losses.isEmpty, "\(result.text)")
  }

  @Test("of an archive that is cut, everything before the cut comes out")
  func cuts() throws {
    for size in Array(0...60) + Array(Swift.stride(from: 61, to: Self.stream.count, by: 499)) {
      let result = Salvaged(QuickLZ(), Array(Self.stream[..<size]))
      #expect(TestInputs.startsWith(Self.content, result.output), "cut to \(size): \(result.text)")
      let whole = Self.blocks.filter { $0.upperBound <= size }.count
      #expect(result.output.count >= min(whole * Self.chunk, Self.content.count), "cut to \(size): \(result.text)")
      #expect(!result.losses.isEmpty, "cut to \(size)")
    }
  }
}
