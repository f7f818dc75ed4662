// SPDX-License-Identifier: Apache-2.0

// Salvage of damaged LZ4 streams.

import CodecKit
import TestSupport
import Testing

@Suite("Salvage of lz4")
struct SalvageLZ4Tests {
  private static let block = 64 << 10
  private static let content = TestInputs.bytes(.rows, 6 * block) + TestInputs.bytes(.random, block + 777)
  private static let plain = pack(LZ4(), contentSize: false)
  private static let sized = pack(LZ4(), contentSize: true)
  private static let checked: [UInt8] = {
    var codec = LZ4()
    codec.blockChecksums = true
    return pack(codec, contentSize: true)
  }()

  private static func pack(_ codec: LZ4, contentSize: Bool) -> [UInt8] {
    let bytes = content
    return
      (try? codec.compress(
        bytes,
        .init {
          $0.chunkSize = block
          if contentSize { $0.contentSize = UInt64(bytes.count) }
        })) ?? []
  }

  /// Where the blocks of a frame of ours are.
  private static func blocks(_ stream: [UInt8]) -> [Range<Int>] {
    let flags = stream[4]
    var offset = 7 + (flags & 8 != 0 ? 8 : 0)
    var result: [Range<Int>] = []
    while true {
      let field = (0..<4).reduce(0) { $0 | Int(stream[offset + $1]) << (8 * $1) }
      if field == 0 { return result }
      let end = offset + 4 + (field & 0x7FFF_FFFF) + (flags & 16 != 0 ? 4 : 0)
      result.append(offset..<end)
      offset = end
    }
  }

  @Test("an undamaged stream comes out as it is, without a report", arguments: [7, 4096, Int.max])
  func undamaged(piece: Int) throws {
    for stream in [Self.plain, Self.sized, Self.checked] {
      let result = Salvaged(LZ4(), stream, piece: piece)
      #expect(TestInputs.same(result.output, Self.content))
      #expect(result.losses.isEmpty && result.error == nil, "\(result.text)")
    }
    let two = Salvaged(LZ4(), Self.plain + Self.checked, piece: piece)
    #expect(TestInputs.same(two.output, Self.content + Self.content) && two.losses.isEmpty, "\(two.text)")
  }

  @Test("a damaged byte in a block costs at most that block")
  func flips() throws {
    for stream in [Self.plain, Self.sized, Self.checked] {
      let blocks = Self.blocks(stream)
      #expect(blocks.count == 8)
      for block in blocks {
        for index in Array(block.prefix(6)) + [(block.lowerBound + block.upperBound) / 2, block.upperBound - 1] {
          for mask: UInt8 in [0x01, 0x80, 0xFF] {
            let result = Salvaged(LZ4(), stream.flipped(index, mask))
            #expect(!result.losses.isEmpty, "byte \(index), \(mask) is not noticed")
            guard block != blocks.last || stream != Self.plain else { continue }
            #expect(result.isTrue(to: Self.content) == true, "byte \(index), \(mask): \(result.text)")
            #expect(result.summary.lostBytes <= UInt64(Self.block), "byte \(index), \(mask): \(result.text)")
          }
        }
      }
    }
  }

  @Test("a damaged frame header costs nothing, when the blocks are whole")
  func headers() throws {
    for stream in [Self.plain, Self.sized, Self.checked] {
      for index in 0..<(Self.blocks(stream).first?.lowerBound ?? 0) {
        for mask: UInt8 in [0x01, 0x10, 0x20, 0x04, 0x40, 0xFF] {
          let result = Salvaged(LZ4(), stream.flipped(index, mask))
          #expect(TestInputs.same(result.output, Self.content), "byte \(index), \(mask): \(result.text)")
          #expect(!result.losses.isEmpty, "byte \(index), \(mask) is not noticed")
        }
      }
    }
  }

  @Test("noise, also across borders, costs nothing but the blocks under it")
  func noise() throws {
    for stream in [Self.plain, Self.sized, Self.checked] {
      let blocks = Self.blocks(stream)
      for block in blocks.dropLast(2) {
        for start in [block.lowerBound + 2000, block.lowerBound, block.upperBound - 600] {
          let result = Salvaged(LZ4(), stream.noisy(start, 1024, seed: 3))
          #expect(!result.losses.isEmpty)
          if result.summary.unknownLosses == 0 {
            #expect(result.isTrue(to: Self.content) == true, "noise at \(start): \(result.text)")
          } else {
            #expect(
              Array(result.output.suffix(777)) == Array(Self.content.suffix(777)), "noise at \(start): \(result.text)")
          }
        }
      }
    }
  }

  @Test("missing and inserted bytes cost one block")
  func shifts() throws {
    let blocks = Self.blocks(Self.checked)
    for block in blocks.dropLast(2) {
      for count in [1, 100, 1000] {
        let start = block.lowerBound + 100
        let shorter = Salvaged(LZ4(), Self.checked.without(start, count))
        #expect(shorter.isTrue(to: Self.content) == true, "\(count) missing at \(start): \(shorter.text)")
        let longer = Salvaged(LZ4(), Self.checked.with(count, at: start, seed: 9))
        #expect(longer.isTrue(to: Self.content) == true, "\(count) inserted at \(start): \(longer.text)")
      }
    }
  }

  @Test("of a stream that is cut, everything before the cut comes out")
  func cuts() throws {
    for stream in [Self.plain, Self.checked] {
      let blocks = Self.blocks(stream)
      for size in Array(0...40) + Array(Swift.stride(from: 41, to: stream.count, by: 1499)) {
        let result = Salvaged(LZ4(), Array(stream[..<size]))
        #expect(TestInputs.startsWith(Self.content, result.output), "cut to \(size): \(result.text)")
        let whole = blocks.filter { $0.upperBound <= size }.count
        #expect(result.output.count >= min(whole * Self.block, Self.content.count), "cut to \(size): \(result.text)")
        #expect(!result.losses.isEmpty, "cut to \(size)")
      }
    }
  }
}
