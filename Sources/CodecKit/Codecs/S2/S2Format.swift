// SPDX-License-Identifier: Apache-2.0

/// The numbers of the S2 format: blocks and streams.
enum S2Format {
  /// The chunk that begins an S2 stream.
  static let identifier: [UInt8] = [0xFF, 0x06, 0x00, 0x00, 0x53, 0x32, 0x73, 0x54, 0x77, 0x4F]
  /// What a block in a stream holds at most.
  static let maximumBlock = 4 << 20
  /// What a block in a stream that calls itself Snappy holds at most.
  static let maximumSnappyBlock = 64 << 10
  /// The kind of the chunk that holds a seek index.
  static let indexKind: UInt8 = 0x99
  /// The longest payload of a chunk that holds data.
  static let maximumPayload = 4 + maximumBlock + 8
  /// The last number of bytes produced at which a copy may still begin in the dictionary.
  static let dictionaryReach = 65_535

  /// The most bytes that a block of `count` bytes becomes: its size, the header of one literal, and the content.
  static func blockBound(_ count: Int) -> Int {
    varintSize(UInt64(count)) + literalHeaderSize(count) + count
  }

  /// The size of the element header for one literal of so many bytes.
  static func literalHeaderSize(_ count: Int) -> Int {
    switch count - 1 {
    case ..<0: 0
    case ..<60: 1
    case ..<(1 << 8): 2
    case ..<(1 << 16): 3
    case ..<(1 << 24): 4
    default: 5
    }
  }

  /// The size of a number in groups of seven bits.
  static func varintSize(_ number: UInt64) -> Int { max(1, (64 - number.leadingZeroBitCount + 6) / 7) }

  /// The most content that a block of a size, its declared size included, can hold: a repeat of five bytes stands for
  /// 16,842,755.
  static func largestContent(ofBlock size: Int) -> UInt64 { UInt64(size) * 3_368_551 }
}

// Numbers in groups of seven bits, the low group first.

extension S2Format {
  /// Writes a number.
  ///
  /// - Returns: how many bytes it took, at most 10.
  static func writeVarint(_ number: UInt64, to target: UnsafeMutableRawPointer) -> Int {
    var rest = number
    var size = 0
    while rest >= 0x80 {
      unsafe (target + size).storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
      rest >>= 7
      size += 1
    }
    unsafe (target + size).storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
    return size + 1
  }

  /// A number as bytes.
  static func varint(_ number: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    return bytes
  }

  /// What reading a number came to.
  enum Varint: Hashable {
    /// The number, and how many bytes it takes.
    case number(UInt64, Int)
    /// The bytes end inside it.
    case cut
    /// It does not fit into 64 bits.
    case tooLarge
  }

  /// Reads a number of up to 64 bits at an offset; forms that are longer than needed are legal up to ten bytes.
  static func readVarint(_ bytes: RawSpan, at offset: Int) -> Varint {
    var value: UInt64 = 0
    var index = 0
    while index < 10 {
      guard offset + index < bytes.byteCount else { return .cut }
      let byte = bytes.byte(at: offset + index)
      if index == 9, byte > 1 { return .tooLarge }
      value |= UInt64(byte & 0x7F) << (7 * UInt64(index))
      index += 1
      if byte < 0x80 { return .number(value, index) }
    }
    return .tooLarge
  }
}
