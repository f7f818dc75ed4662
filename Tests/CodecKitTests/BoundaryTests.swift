// SPDX-License-Identifier: Apache-2.0

// Sizes exactly at the borders of what formats allow, and what only the options decide.

import TestSupport
import Testing

@testable import CodecKit

@Suite("borders of the formats")
struct BoundaryTests {
  private func code(_ body: () throws -> Void) -> CodecError.Code? {
    do { try body() } catch { return (error as? CodecError)?.code }
    return nil
  }

  @Test("16 bytes without a marker hold none in the first one alone")
  func markers() {
    let nothing = [UInt8](repeating: 1, count: 20)
    for count in 0...20 {
      let span = nothing.span
      let next = unsafe QuickLZArchiveFormat.nextMarker(span.bytes.extracting(0..<count))
      #expect(next == (count < QuickLZArchiveFormat.trailerSize ? -1 : count - QuickLZArchiveFormat.trailerSize + 1))
    }
  }

  @Test("a packet may claim as much as it could ever need, and no more")
  func packetSizes() {
    for (size, expected) in [(84, CodecError.Code.truncated), (85, .corrupt)] {
      let header: [UInt8] = [0x4F, UInt8(size), 0, 0, 0, 10, 0, 0, 0, 1, 1]
      #expect(code { _ = try QuickLZRaw().decompress(header) } == expected, "\(size)")
    }
  }

  @Test("the largest chunk that a block can need is waited for, one above it is not")
  func chunkSizes() {
    let identifier: [UInt8] = [0xFF, 6, 0, 0] + Array("S2sTwO".utf8)
    for (length, expected) in [
      (S2Format.maximumPayload, CodecError.Code.truncated), (S2Format.maximumPayload + 1, .corrupt),
    ] {
      let header = [0, UInt8(length & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length >> 16), 0, 0, 0, 0]
      #expect(code { _ = try S2().decompress(identifier + header) } == expected, "\(length)")
    }
  }

  @Test("S2 checksums are compared, unless the options say otherwise")
  func checksums() throws {
    let content = TestInputs.bytes(.text, 1000)
    var packed = try S2().compress(content)
    packed[14] ^= 1
    #expect(code { _ = try S2().decompress(packed) } == .checksumMismatch)
    #expect(try S2 { $0.verifiesChecksums = false }.decompress(packed) == content)
  }

  @Test("an index of as many entries as can be is thinned")
  func index() {
    for (count, expected) in [
      (S2Index.maximumEntries - 1, S2Index.maximumEntries - 1), (S2Index.maximumEntries, 32_768),
    ] {
      var index = S2Index(blockSize: 1 << 20)
      for number in 0..<Int64(count) { index.add(compressed: number << 10, uncompressed: number << 20) }
      index.thin()
      #expect(index.entries.count == expected)
    }
  }

  @Test("what ends before it can be told is cut, and what cannot begin is foreign, also to those that only look")
  func inspection() throws {
    let cut = [0xFF, 6, 0, 0] + Array("S2sTwO".utf8) + [0, 10, 0, 0, 1, 2, 3, 4]
    #expect(code { _ = try BlockCodecTrial.inspect(S2(), cut) } == .truncated)
    #expect(code { _ = try BlockCodecTrial.inspect(Zstd(), [1, 2]) } == .unknownFormat)
    #expect(code { _ = try BlockCodecTrial.inspect(Zstd(), [0x28, 0xB5]) } == .truncated)
  }
}
