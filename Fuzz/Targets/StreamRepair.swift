// SPDX-License-Identifier: Apache-2.0

/// Makes the checksums of mutated streams right: without that, fuzzing would stop at them.
import CodecKit
import TestSupport

/// One function per format. What is no stream of the format is left alone.
enum StreamRepair {
  private static let largestOutput = DecodingProbe.largestOutput

  /// Takes the checksum off every frame: it covers the content, which a mutation need not leave decodable.
  static func zstd(_ bytes: inout [UInt8]) {
    var offset = 0
    while bytes.has([0x28, 0xB5, 0x2F, 0xFD], at: offset), let descriptor = bytes.number(1, at: offset + 4) {
      let isSingle = descriptor & 32 != 0
      let sizes = [isSingle ? 1 : 0, 2, 4, 8]
      var position = offset + 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3] + sizes[descriptor >> 6]
      while let header = bytes.number(3, at: position) {
        position += 3 + (header >> 1 & 3 == 1 ? 1 : header >> 3)
        if header & 1 != 0 { break }
      }
      guard position <= bytes.count else { return }
      if descriptor & 4 != 0 {
        guard position + 4 <= bytes.count else { return }
        bytes[offset + 4] &= ~4
        bytes.removeSubrange(position..<position + 4)
      }
      offset = position
    }
  }

  /// The checksum of the header and those of blocks; that of the content is taken off.
  static func lz4(_ bytes: inout [UInt8]) {
    var offset = 0
    while bytes.has([0x04, 0x22, 0x4D, 0x18], at: offset), let flags = bytes.number(1, at: offset + 4) {
      let size = 2 + (flags & 8 != 0 ? 8 : 0) + (flags & 1 != 0 ? 4 : 0)
      guard offset + 4 + size < bytes.count else { return }
      var position = offset + 5 + size
      while let header = bytes.number(4, at: position) {
        position += 4
        if header == 0 { break }
        let length = header & 0x7FFF_FFFF
        guard length <= bytes.count - position else { break }
        if flags & 16 != 0 {
          bytes.put(XXH32.of(Array(bytes[position..<position + length])), at: position + length)
          position += 4
        }
        position += length
      }
      if flags & 4 != 0, position + 4 <= bytes.count {
        bytes[offset + 4] &= ~4
        bytes.removeSubrange(position..<position + 4)
      }
      bytes[offset + 4 + size] = UInt8(truncatingIfNeeded: XXH32.of(Array(bytes[offset + 4..<offset + 4 + size])) >> 8)
      guard position <= bytes.count else { return }
      offset = position
    }
  }

  /// The checksums of the chunks of snappy and S2 streams that decode.
  static func snappy(_ bytes: inout [UInt8]) {
    var offset = 0
    while let header = bytes.number(4, at: offset) {
      let (kind, length) = (header & 255, header >> 8)
      let start = offset + 4
      guard length <= bytes.count - start else { return }
      if kind < 2, length >= 4 {
        let body = Array(bytes[start + 4..<start + length])
        if let content = kind == 1 ? body : NaiveS2.decode(body, limit: largestOutput) {
          let sum = CRC32C.of(content)
          bytes.put((sum >> 15 | sum << 17) &+ 0xA282_EAD8, at: start)
        }
      }
      offset = start + length
    }
  }

  /// The checksums of header and content of each member.
  static func gzip(_ bytes: inout [UInt8]) {
    var offset = 0
    while bytes.has([0x1F, 0x8B, 8], at: offset), let flags = bytes.number(1, at: offset + 3) {
      var position = offset + 10
      if flags & 4 != 0 { position += 2 + (bytes.number(2, at: position) ?? 0) }
      for mask in [8, 16] where flags & mask != 0 {
        guard let end = bytes.next([0], from: position) else { return }
        position = end + 1
      }
      guard position <= bytes.count else { return }
      if flags & 2 != 0 {
        bytes.put(UInt16(truncatingIfNeeded: CRC32.of(Array(bytes[offset..<position]))), at: position)
        position += 2
      }
      guard position < bytes.count, let (content, size) = inflated(Array(bytes[position...])) else { return }
      bytes.put(CRC32.of(content), at: position + size)
      bytes.put(UInt32(truncatingIfNeeded: content.count), at: position + size + 4)
      offset = position + size + 8
    }
  }

  /// The check of the header and the checksum of the content.
  static func zlib(_ bytes: inout [UInt8]) {
    guard bytes.count > 2 else { return }
    bytes[1] &= 0xE0
    bytes[1] |= UInt8((31 - (Int(bytes[0]) << 8 | Int(bytes[1])) % 31) % 31)
    guard let (content, size) = inflated(Array(bytes[2...])) else { return }
    bytes.put(Adler32.of(content).byteSwapped, at: 2 + size)
  }

  /// The content of a deflate stream, and how many bytes it takes.
  private static func inflated(_ bytes: [UInt8]) -> (content: [UInt8], size: Int)? {
    let options = DecompressionOptions {
      $0.limits.maximumOutputSize = UInt64(largestOutput)
      $0.trailingData = .report
    }
    var content: [UInt8] = []
    guard var stream = try? Decompressor(RawDeflate(), options) else { return nil }
    let outcome = StreamDriver(rooms: .fixed(64 << 10)).run(&stream, bytes)
    guard outcome.finished else { return nil }
    content = outcome.output
    let end = stream.notices.first { $0.kind == .trailingData }.map { Int($0.inputOffset) }
    return (content, end ?? bytes.count)
  }

  /// The checksums of the blocks of a qpress archive.
  static func quickLZArchive(_ bytes: inout [UInt8]) {
    let marker = Array("NEWBNEWB".utf8)
    var offset = bytes.next(marker, from: 0)
    while let start = offset {
      if let size = NaiveQuickLZDecoder.packetSize(bytes[min(start + 20, bytes.count)...]),
        size <= bytes.count - start - 20, size >= 3
      {
        bytes.put(Adler32.of(Array(bytes[start + 20..<start + 20 + size])), at: start + 16)
      }
      offset = bytes.next(marker, from: start + 8)
    }
  }

  /// The checksums of the headers of a tar archive, wherever they can be.
  static func tar(_ bytes: inout [UInt8]) {
    var offset = 0
    while offset + 512 <= bytes.count {
      let block = Array(bytes[offset..<offset + 512])
      guard block.contains(where: { $0 != 0 }) else {
        offset += 512
        continue
      }
      var summed = block
      for index in 148..<156 { summed[index] = 0x20 }
      let digits = String(summed.reduce(0) { $0 + Int($1) }, radix: 8)
      bytes.put(
        Array((String(repeating: "0", count: max(0, 6 - digits.count)) + digits).utf8) + [0, 0x20], at: offset + 148)
      let text = String(decoding: block[124..<136].filter { $0 != 0 && $0 != 0x20 }, as: UTF8.self)
      let kind = block[156]
      let hasData = kind == 0 || kind == 0x37 || kind == 0x30 || kind >= 0x4B
      let size = hasData ? Int(text, radix: 8) ?? 0 : 0
      guard (0...bytes.count).contains(size) else { return }
      offset += 512 + (size + 511) / 512 * 512
    }
  }

  /// The checksums of the chunks of an xbstream.
  static func xbstream(_ bytes: inout [UInt8]) {
    let magic = Array("XBSTCK01".utf8)
    var offset = bytes.next(magic, from: 0)
    while let start = offset {
      if bytes.number(1, at: start + 9) == 0x50, let name = bytes.number(4, at: start + 10), name <= bytes.count,
        let size = bytes.number(8, at: start + 14 + name)
      {
        let data = start + 14 + name + 20
        if size <= bytes.count, data + size <= bytes.count {
          bytes.put(CRC32.of(Array(bytes[data..<data + size])), at: data - 4)
        }
      }
      offset = bytes.next(magic, from: start + 8)
    }
  }
}
