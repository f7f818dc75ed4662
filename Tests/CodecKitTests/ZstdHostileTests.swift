// SPDX-License-Identifier: Apache-2.0

// zstd input that is cut, altered, lying or something else.

import CodecKit
import Testing

@Suite("zstd: hostile input")
struct ZstdHostileTests {
  @Test("a stream cut anywhere is truncated, and what came before is delivered")
  func truncation() throws {
    let input = ZstdTrial.text(3000)
    let frame = try Zstd.default.compress(input)
    let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
    let whole = frame + skippable + frame
    let borders = [frame.count, frame.count + skippable.count]
    for length in 0..<whole.count {
      for piece in [Int.max, 1] {
        let outcome = try ZstdTrial.decode(Array(whole.prefix(length)), piece: piece)
        if borders.contains(length) {
          #expect(outcome.finished, "\(length) bytes")
        } else {
          #expect(outcome.error?.code == .truncated, "\(length) bytes, pieces of \(piece)")
          #expect(outcome.error?.inputOffset ?? 0 <= UInt64(length))
        }
        #expect(outcome.output.starts(with: length < frame.count ? [] : input))
        #expect((input + input).starts(with: outcome.output))
      }
    }
  }

  @Test("no flipped bit goes unnoticed, and the verdict does not depend on pieces")
  func bitFlips() throws {
    let input = ZstdTrial.text(700)
    let frame = try Zstd.default.compress(input)
    var harmless = 0
    for index in frame.indices {
      for bit in 0..<8 {
        var bytes = frame
        bytes[index] ^= 1 << bit
        let whole = try ZstdTrial.decode(bytes)
        let pieces = try ZstdTrial.decode(bytes, piece: 1, room: 50)
        // A few bits mean nothing, such as the unused one of the descriptor: then the content must be right.
        #expect(whole.error != nil || whole.output == input, "byte \(index), bit \(bit)")
        harmless += whole.error == nil ? 1 : 0
        #expect(whole.error?.code == pieces.error?.code, "byte \(index), bit \(bit)")
        #expect(whole.error?.inputOffset == pieces.error?.inputOffset, "byte \(index), bit \(bit)")
        #expect(whole.error?.code != .internalInconsistency)
        #expect(whole.output.count <= input.count)
      }
    }
    #expect(harmless < frame.count / 4)
  }

  @Test("an altered checksum is named with its place")
  func checksum() throws {
    let frame = try Zstd.default.compress(ZstdTrial.text(300_000))
    var bytes = frame
    bytes[frame.count - 2] ^= 0x40
    for piece in [Int.max, 1000, 1] {
      let outcome = try ZstdTrial.decode(bytes, piece: piece)
      #expect(outcome.error?.code == .checksumMismatch)
      #expect(outcome.error?.inputOffset == UInt64(frame.count - 4))
    }
  }

  @Test("damage is named with the block at fault, and the blocks before it are delivered")
  func block() throws {
    let input = ZstdTrial.text(500_000)
    var bytes = try Zstd.default.compress(input)
    let inspection = try ZstdTrial.inspect(bytes)
    #expect(inspection.report.frames.first?.blocks ?? 0 >= 3)
    // The second block starts behind the header and the first block.
    let first = 6 + 4 - 1
    let size = Int(bytes[first]) >> 3 | Int(bytes[first + 1]) << 5 | Int(bytes[first + 2]) << 13
    let second = first + 3 + size
    bytes[second] |= 6
    for piece in [Int.max, 7777] {
      let outcome = try ZstdTrial.decode(bytes, piece: piece)
      #expect(outcome.error?.code == .corrupt)
      #expect(outcome.error?.inputOffset == UInt64(second))
      #expect(outcome.output == Array(input.prefix(128 << 10)))
    }
  }

  /// A frame with one raw block, a content size of four bytes and no checksum.
  private func lying(_ content: [UInt8], declared: UInt32, windowed: Bool) -> [UInt8] {
    var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, windowed ? 0x80 : 0xA0]
    if windowed { bytes.append(0) }
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: declared >> (8 * $0)) }
    let header = UInt32(content.count) << 3 | 1
    bytes += (0..<3).map { UInt8(truncatingIfNeeded: header >> (8 * $0)) }
    return bytes + content
  }

  @Test("a content size that lies is a mismatch, and never more is delivered than declared")
  func contentSize() throws {
    let content = ZstdTrial.text(900)
    for windowed in [true, false] {
      #expect(try ZstdTrial.decode(lying(content, declared: 900, windowed: windowed)).output == content)
      for declared in [0, 1, 899, 901, 100_000_000] as [UInt32] {
        for piece in [Int.max, 1] {
          let outcome = try ZstdTrial.decode(
            lying(content, declared: declared, windowed: windowed), piece: piece, room: 2000)
          #expect(outcome.error?.code == .contentSizeMismatch, "\(declared), \(windowed)")
          #expect(outcome.error?.inputOffset == 0)
          #expect(outcome.output.count <= Int(declared) && content.starts(with: outcome.output))
        }
      }
    }
  }

  @Test("a window above the limit is refused before memory is taken, and the reason names what is needed")
  func window() throws {
    // 2^28, in the descriptor's form, with one empty raw block.
    let bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, 18 << 3, 1, 0, 0]
    let refused = try ZstdTrial.decode(bytes)
    #expect(refused.error?.code == .limitExceeded && refused.error?.inputOffset == 0)
    #expect(refused.error?.reason.contains("256 MiB") == true)
    let allowed = try ZstdTrial.decode(bytes, .init { $0.limits.maximumWindowSize = 256 << 20 })
    #expect(allowed.finished && allowed.output.isEmpty)
    var largest = bytes
    largest[5] = 21 << 3
    #expect(try ZstdTrial.decode(largest, .init { $0.limits.maximumWindowSize = 1 << 31 }).finished)
    largest[5] = 0xFF
    #expect(try ZstdTrial.decode(largest).error?.code == .limitExceeded)
    let unlimited = try ZstdTrial.decode(largest, .init { $0.limits.maximumWindowSize = .max })
    #expect(unlimited.error?.code == .unsupportedFeature)
  }

  @Test("the window limit holds for frames that need no window too")
  func singleSegment() throws {
    let input = ZstdTrial.text(100_000)
    let packed = try Zstd.default.compress(input)
    let outcome = try ZstdTrial.decode(packed, .init { $0.limits.maximumWindowSize = 65536 })
    #expect(outcome.error?.code == .limitExceeded && outcome.output.isEmpty)
  }

  @Test("a skippable frame of 4 GiB costs no memory")
  func hugeSkip() throws {
    let bytes: [UInt8] = [0x5F, 0x2A, 0x4D, 0x18, 255, 255, 255, 255] + [UInt8](repeating: 0, count: 1000)
    let before = ZstdTrial.residentMemory
    let outcome = try ZstdTrial.decode(bytes)
    #expect(outcome.error?.code == .truncated && outcome.error?.inputOffset == 0)
    #expect(ZstdTrial.residentMemory - before < 64 << 20)
  }

  @Test("other formats are named")
  func otherFormats() throws {
    func error(_ bytes: [UInt8]) throws -> CodecError? { try ZstdTrial.decode(bytes, piece: 1).error }
    for first in 0x22...0x27 as ClosedRange<UInt8> {
      let legacy = try error([first, 0xB5, 0x2F, 0xFD, 0, 0, 0, 0])
      #expect(legacy?.code == .unsupportedFeature && legacy?.reason.contains("legacy") == true)
    }
    #expect(try error([0xFD, 0x2F, 0xB5, 0x1E, 0, 0])?.code == .unsupportedFeature)
    #expect(try error(Array("plain text".utf8))?.code == .unknownFormat)
    #expect(try error([0])?.code == .unknownFormat)
    let xz = try ZstdTrial.decode([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0, 0]).error
    #expect(xz?.code == .unknownFormat && xz?.reason.contains("xz") == true)
  }

  @Test("bytes after the end: refused, reported or ignored, always after the data")
  func trailing() throws {
    let input = ZstdTrial.text(5000)
    let frame = try Zstd.default.compress(input)
    for tail in [[0], [0, 0, 0, 0, 0], Array("garbage".utf8), [0x28, 0xB5, 0x2F, 0xFE], [0x28, 0xB4]] as [[UInt8]] {
      for piece in [Int.max, 1] {
        let rejected = try ZstdTrial.decode(frame + tail, piece: piece)
        #expect(rejected.error?.code == .corrupt && rejected.error?.inputOffset == UInt64(frame.count))
        #expect(rejected.output == input)
        let reported = try ZstdTrial.decode(frame + tail, .init { $0.trailingData = .report }, piece: piece)
        #expect(reported.finished && reported.output == input)
        #expect(reported.notices.map(\.kind) == [.trailingData])
        #expect(reported.notices.first?.inputOffset == UInt64(frame.count))
        let ignored = try ZstdTrial.decode(frame + tail, .init { $0.trailingData = .ignore }, piece: piece)
        #expect(ignored.finished && ignored.output == input && ignored.notices.isEmpty)
      }
    }
  }

  @Test("the part of a magic number at the end is truncated")
  func partialMagic() throws {
    let frame = try Zstd.default.compress([5])
    for tail in [[0x28], [0x28, 0xB5, 0x2F], [0x5A], [0x5A, 0x2A, 0x4D, 0x18, 0]] as [[UInt8]] {
      let outcome = try ZstdTrial.decode(frame + tail)
      #expect(outcome.error?.code == .truncated && outcome.error?.inputOffset == UInt64(frame.count))
      #expect(outcome.output == [5])
    }
  }

  @Test("random bytes behind a valid header never crash the decoder or the inspector")
  func random() throws {
    for seed in 0..<300 as Range<UInt64> {
      var bytes = ZstdTrial.noise(400, seed: seed &* 7919)
      bytes.replaceSubrange(0..<4, with: [0x28, 0xB5, 0x2F, 0xFD])
      bytes[4] &= 0xE4
      let outcome = try ZstdTrial.decode(bytes, piece: seed % 2 == 0 ? .max : 3)
      #expect(outcome.error?.code != .internalInconsistency)
      _ = try ZstdTrial.inspect(bytes)
    }
  }
}
