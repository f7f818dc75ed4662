// SPDX-License-Identifier: Apache-2.0

/// The numbers of snappy's framing format.
enum SnappyFormat {
  /// What a chunk holds at most.
  static let maximumPiece = 64 << 10
  /// The chunk that begins a stream, and may come again.
  static let identifier: [UInt8] = [0xFF, 0x06, 0x00, 0x00, 0x73, 0x4E, 0x61, 0x50, 0x70, 0x59]
  /// How an S2 stream begins: the same chunk with another text.
  static let s2Identifier: [UInt8] = [0xFF, 0x06, 0x00, 0x00, 0x53, 0x32, 0x73, 0x54, 0x77, 0x4F]

  /// What a chunk's first byte says.
  enum ChunkKind: Hashable {
    case compressed, stored, skippable, padding, identifier
    /// A reserved kind that a reader must not skip.
    case unskippable

    init(_ byte: UInt8) {
      switch byte {
      case 0x00: self = .compressed
      case 0x01: self = .stored
      case 0x02...0x7F: self = .unskippable
      case 0x80...0xFD: self = .skippable
      case 0xFE: self = .padding
      default: self = .identifier
      }
    }
  }

  /// A chunk header: kind in the low byte, length in the other three.
  static func header(_ kind: UInt8, length: Int) -> UInt32 {
    UInt32(kind) | UInt32(truncatingIfNeeded: length) << 8
  }

  /// The checksum of a piece as chunks store it: rotated and shifted, because a CRC over data that contains its own CRC
  /// says little.
  static func maskedChecksum(of piece: RawSpan) -> UInt32 {
    let value = CRC32C.of(piece)
    return (value >> 15 | value << 17) &+ 0xA282_EAD8
  }

  /// The most bytes of content that a raw block of a size can hold: copies of 64 bytes take 3.
  static func largestContent(ofBlock size: Int) -> UInt64 { UInt64(size) * 22 + 64 }

  /// The declared size at the start of a raw block.
  ///
  /// - Returns: the size and how many bytes it takes; `nil` when the bytes end inside it.
  /// - Throws: ``CodecError`` with `corrupt` when it does not fit into 32 bits. The offset counts from the block's start.
  static func declaredSize(_ block: RawSpan) throws(CodecError) -> (value: UInt32, length: Int)? {
    var value: UInt64 = 0
    for index in 0..<min(5, block.byteCount) {
      let byte = block.byte(at: index)
      value |= UInt64(byte & 0x7F) << (7 * UInt64(index))
      if byte < 0x80 {
        guard let size = UInt32(exactly: value) else { break }
        return (size, index + 1)
      }
    }
    guard block.byteCount < 5 else {
      throw CodecError(.corrupt, inputOffset: 0, reason: "a block's declared size does not fit into 32 bits")
    }
    return nil
  }
}
