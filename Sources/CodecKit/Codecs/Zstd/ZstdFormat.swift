// SPDX-License-Identifier: Apache-2.0

/// The numbers of the zstd format (RFC 8878).
enum ZstdFormat {
  /// The first four bytes of a frame, as a little-endian number.
  static let magic: UInt32 = 0xFD2F_B528
  /// The same as bytes.
  static let magicBytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
  /// The skippable frame that holds a seek table.
  static let seekTableMagic: UInt32 = 0x184D_2A5E
  /// The skippable frame by which pzstd announces the size of the next frame.
  static let sizeHintMagic: UInt32 = 0x184D_2A50
  /// The most bytes that a block decodes to.
  static let maximumBlockSize = 128 << 10
  /// The windows that libzstd handles, as powers of two.
  static let windowLogRange = 10...31
  /// The frame sizes that may be asked for.
  static let frameSizeRange = (128 << 10)...(1 << 30)

  /// Whether four bytes begin a skippable frame.
  static func isSkippable(_ magic: UInt32) -> Bool { magic & 0xFFFF_FFF0 == 0x184D_2A50 }

  /// Whether up to four bytes can be the beginning of a frame or a skippable frame.
  static func canBegin(_ bytes: RawSpan) -> Bool {
    let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18]
    let count = min(bytes.byteCount, 4)
    return (0..<count).allSatisfy { bytes.byte(at: $0) == magicBytes[$0] }
      || (0..<count).allSatisfy { bytes.byte(at: $0) & ($0 == 0 ? 0xF0 : 0xFF) == skippable[$0] }
  }

  /// A number of bytes for people: in MiB, KiB or bytes, rounded up.
  static func text(_ size: UInt64) -> String {
    if size >= 1 << 20 { return "\(size >> 20 + (size & 0xFFFFF == 0 ? 0 : 1)) MiB" }
    if size >= 1 << 10, size & 0x3FF == 0 { return "\(size >> 10) KiB" }
    return "\(size) bytes"
  }
}
