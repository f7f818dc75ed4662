// SPDX-License-Identifier: Apache-2.0

// Little-endian numbers from raw bytes, bounds checked: every format here is little-endian.

extension RawSpan {
  /// The byte at an offset. The offset must be within the span.
  func byte(at offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// The 16-bit little-endian number at an offset.
  func uint16(at offset: Int) -> UInt16 {
    UInt16(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// The 32-bit little-endian number at an offset.
  func uint32(at offset: Int) -> UInt32 {
    UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The 64-bit little-endian number at an offset.
  func uint64(at offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The bytes from an offset to the end.
  @_lifetime(copy self)
  package func dropping(_ count: Int) -> RawSpan {
    extracting(count..<byteCount)
  }

  /// A copy as an array.
  package var array: [UInt8] {
    unsafe withUnsafeBytes { unsafe Array($0) }
  }
}
