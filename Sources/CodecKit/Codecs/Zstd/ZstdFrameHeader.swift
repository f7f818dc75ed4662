// SPDX-License-Identifier: Apache-2.0

/// The header of a zstd frame (RFC 8878, 3.1.1.1).
struct ZstdFrameHeader: Hashable, Sendable {
  /// How many bytes it takes, the magic number included.
  let size: Int
  /// How much memory a decoder must keep.
  let windowSize: UInt64
  /// How many bytes the frame says it holds: a claim.
  let contentSize: UInt64?
  /// The dictionary that was used; `nil` for none, or one without a number.
  let dictionary: UInt32?
  let hasChecksum: Bool
  let isSingleSegment: Bool
  /// Whether the bit is set that must not be.
  let hasReservedBit: Bool

  /// The longest header.
  static let maximumSize = 18

  /// How many bytes the header needs, as far as the given ones tell.
  ///
  /// - Parameter bytes: starts with the magic number of a frame.
  static func sizeNeeded(_ bytes: RawSpan) -> Int {
    guard bytes.byteCount > 4 else { return 5 }
    let descriptor = bytes.byte(at: 4)
    let isSingleSegment = descriptor & 0x20 != 0
    return 5 + (isSingleSegment ? 0 : 1) + dictionarySize(descriptor) + contentSizeSize(descriptor)
  }

  /// Reads a header.
  ///
  /// - Parameter bytes: starts with the magic number of a frame.
  /// - Returns: the header, or `nil` when it is not complete.
  init?(_ bytes: RawSpan) {
    let needed = Self.sizeNeeded(bytes)
    guard bytes.byteCount >= needed else { return nil }
    size = needed
    let descriptor = bytes.byte(at: 4)
    isSingleSegment = descriptor & 0x20 != 0
    hasReservedBit = descriptor & 0x08 != 0
    hasChecksum = descriptor & 0x04 != 0
    var offset = 5
    var window: UInt64 = 0
    if !isSingleSegment {
      let value = bytes.byte(at: offset)
      let base: UInt64 = 1 << UInt64(10 + value >> 3)
      window = base + base / 8 * UInt64(value & 7)
      offset += 1
    }
    let number: UInt32
    switch Self.dictionarySize(descriptor) {
    case 0: number = 0
    case 1: number = UInt32(bytes.byte(at: offset))
    case 2: number = UInt32(bytes.uint16(at: offset))
    default: number = bytes.uint32(at: offset)
    }
    dictionary = number == 0 ? nil : number
    offset += Self.dictionarySize(descriptor)
    switch Self.contentSizeSize(descriptor) {
    case 0: contentSize = nil
    case 1: contentSize = UInt64(bytes.byte(at: offset))
    case 2: contentSize = UInt64(bytes.uint16(at: offset)) + 256
    case 4: contentSize = UInt64(bytes.uint32(at: offset))
    default: contentSize = bytes.uint64(at: offset)
    }
    windowSize = isSingleSegment ? contentSize ?? 0 : window
  }

  private static func dictionarySize(_ descriptor: UInt8) -> Int {
    let sizes = [0, 1, 2, 4]
    return sizes[Int(descriptor & 3)]
  }

  private static func contentSizeSize(_ descriptor: UInt8) -> Int {
    switch descriptor >> 6 {
    case 0: descriptor & 0x20 != 0 ? 1 : 0
    case 1: 2
    case 2: 4
    default: 8
    }
  }

  /// The most bytes that a block may decode to.
  var maximumBlockSize: Int { Int(min(windowSize, UInt64(ZstdFormat.maximumBlockSize))) }

  /// The same header without the content size.
  ///
  /// The library answers a wrong content size like any damage. Without the field it decodes what is there, and whoever
  /// counts can tell the two apart.
  var withoutContentSize: [UInt8] {
    var descriptor: UInt8 = hasChecksum ? 0x04 : 0
    if dictionary != nil { descriptor |= 3 }
    var bytes = ZstdFormat.magicBytes + [descriptor, Self.windowDescriptor(atLeast: windowSize)]
    if let dictionary { bytes += (0..<4).map { UInt8(truncatingIfNeeded: dictionary >> ($0 * 8)) } }
    return bytes
  }

  /// The descriptor of the smallest window of at least a size. Exact for a size that comes from a descriptor.
  private static func windowDescriptor(atLeast size: UInt64) -> UInt8 {
    var exponent: UInt64 = 0
    while exponent < 31, 1 << (10 + exponent + 1) <= size { exponent += 1 }
    let base: UInt64 = 1 << (10 + exponent)
    guard size > base else { return UInt8(exponent << 3) }
    let mantissa = (size - base + base / 8 - 1) / (base / 8)
    return mantissa == 8 ? UInt8(min(exponent + 1, 31) << 3) : UInt8(exponent << 3 | mantissa)
  }
}

/// The three bytes before each block (RFC 8878, 3.1.1.2).
struct ZstdBlockHeader: Hashable, Sendable {
  static let size = 3

  let isLast: Bool
  /// 0 raw, 1 one repeated byte, 2 compressed, 3 reserved.
  let kind: UInt8
  /// The stated size: of the block in the stream, or of the run for a repeated byte.
  let statedSize: Int

  init(_ value: UInt32) {
    isLast = value & 1 != 0
    kind = UInt8(value >> 1 & 3)
    statedSize = Int(value >> 3 & 0x1F_FFFF)
  }

  /// Reads the header at an offset; three bytes must be there.
  init(_ bytes: RawSpan, at offset: Int) {
    self.init(
      UInt32(bytes.byte(at: offset)) | UInt32(bytes.byte(at: offset + 1)) << 8
        | UInt32(bytes.byte(at: offset + 2)) << 16)
  }

  /// How many bytes follow the header.
  var bodySize: Int { kind == 1 ? 1 : statedSize }
}
