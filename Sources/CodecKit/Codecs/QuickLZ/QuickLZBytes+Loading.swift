// SPDX-License-Identifier: Apache-2.0

/// Little-endian numbers at raw addresses, for the loops of QuickLZ: nothing is checked.
enum QuickLZBytes {
  /// 16 bits.
  @inline(__always)
  static func load16(_ memory: UnsafeRawPointer, _ offset: Int) -> UInt16 {
    UInt16(littleEndian: unsafe (memory + offset).loadUnaligned(as: UInt16.self))
  }

  /// 32 bits.
  @inline(__always)
  static func load32(_ memory: UnsafeRawPointer, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: unsafe (memory + offset).loadUnaligned(as: UInt32.self))
  }

  /// 64 bits.
  @inline(__always)
  static func load64(_ memory: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafe (memory + offset).loadUnaligned(as: UInt64.self))
  }

  /// Stores 16 bits.
  @inline(__always)
  static func store16(_ number: UInt16, _ memory: UnsafeMutableRawPointer, _ offset: Int) {
    unsafe memory.storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt16.self)
  }

  /// Stores 32 bits.
  @inline(__always)
  static func store32(_ number: UInt32, _ memory: UnsafeMutableRawPointer, _ offset: Int) {
    unsafe memory.storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt32.self)
  }
}
