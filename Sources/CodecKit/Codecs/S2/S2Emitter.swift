// SPDX-License-Identifier: Apache-2.0

/// Writes elements. All of it is inlined into the encoders' loops, which keep the position in a local.
enum S2Emitter {
  /// Writes a literal.
  ///
  /// - Parameters:
  ///   - source: its first byte.
  ///   - count: its length; 0 writes nothing.
  ///   - target: where the element goes.
  ///   - isWide: whether 64 bytes may be read from `source` and written behind the element's header.
  /// - Returns: the size of the element.
  @inline(__always)
  static func literal(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer, isWide: Bool
  ) -> Int {
    if isWide, count <= 60 {
      // An empty literal writes bytes that the next element overwrites.
      unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: (count &- 1) &<< 2), as: UInt8.self)
      unsafe copy16(source, target + 1)
      if count > 16 {
        unsafe copy16(source + 16, target + 17)
        if count > 32 {
          unsafe copy16(source + 32, target + 33)
          unsafe copy16(source + 48, target + 49)
        }
      }
      return count == 0 ? 0 : count &+ 1
    }
    return unsafe exactLiteral(source, count, to: target)
  }

  /// Writes a literal of any length, and nothing behind it.
  @inline(never)
  static func exactLiteral(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer
  ) -> Int {
    guard count > 0 else { return 0 }
    let number = UInt64(truncatingIfNeeded: count &- 1)
    let extra = S2Format.literalHeaderSize(count) &- 1
    let tag = extra == 0 ? number &<< 2 : UInt64(truncatingIfNeeded: (59 &+ extra) &<< 2)
    unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: tag), as: UInt8.self)
    for index in 0..<extra {
      unsafe (target + 1 + index).storeBytes(
        of: UInt8(truncatingIfNeeded: number &>> UInt64(truncatingIfNeeded: 8 &* index)), as: UInt8.self)
    }
    unsafe (target + 1 + extra).copyMemory(from: source, byteCount: count)
    return 1 &+ extra &+ count
  }

  /// Writes a copy, or a repeat when the offset is the remembered one.
  ///
  /// - Parameters:
  ///   - offset: how far back; at least 1.
  ///   - length: at least 4.
  ///   - isRepeat: all ones when the offset is the remembered one and may be written as such, else 0.
  ///   - target: has room for 8 bytes more than the element takes.
  ///   - mode: whether repeats may be written.
  /// - Returns: the size of the elements.
  @inline(__always)
  static func copy(
    _ offset: Int, _ length: Int, isRepeat: Int, to target: UnsafeMutableRawPointer, _ mode: S2BlockMode
  ) -> Int {
    // What is common is written without a branch: the wrong guesses of branches cost more than both forms.
    if _fastPath(length <= 64 && offset < 65_536) {
      let near = ((offset &>> 8) &<< 5 | (length &- 4) &<< 2 | 1) | (offset & 0xFF) &<< 8
      let far = (length &- 1) &<< 2 | 2 | offset &<< 8
      // -1 when it fits the short form: a length below 12, an offset below 2048.
      let isNear = ((length &- 12) & (offset &- 2048)) &>> 63
      var word = far ^ ((far ^ near) & isNear)
      var size = 3 &+ isNear
      if mode == .s2 {
        // Lengths up to 8 take two bytes, as do 9 to 11 at a near offset in the plain form.
        let isShort = (length &- 9) &>> 63
        let long = 5 &<< 2 | 1 | (length &- 8) &<< 16
        let short = (length &- 4) &<< 2 | 1
        let repeated = long ^ ((long ^ short) & isShort)
        let chosen = isRepeat & (isShort | ~isNear)
        word ^= (word ^ repeated) & chosen
        size = size ^ ((size ^ (3 &+ isShort)) & chosen)
      }
      unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: word), as: UInt32.self)
      return size
    }
    if mode == .s2, offset < 65_536, length < 264 {
      // One or two elements: a copy of 60 bytes, or of 8 when that is near, and a repeat of the rest.
      if isRepeat != 0 {
        unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: 5 &<< 2 | 1 | (length &- 8) &<< 16), as: UInt32.self)
        return 3
      }
      if offset >= 2048, length >= 69 {
        unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: 59 &<< 2 | 2 | offset &<< 8), as: UInt32.self)
        unsafe (target + 3).storeBytes(
          of: UInt32(truncatingIfNeeded: 5 &<< 2 | 1 | (length &- 68) &<< 16), as: UInt32.self)
        return 6
      }
      if offset < 2048 {
        let tag = (offset &>> 8) &<< 5 | 4 &<< 2 | 1 | (offset & 0xFF) &<< 8 | (5 &<< 2 | 1) &<< 16
        unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: tag), as: UInt32.self)
        unsafe (target + 4).storeBytes(of: UInt8(truncatingIfNeeded: length &- 16), as: UInt8.self)
        return 5
      }
    }
    return unsafe mode == .s2
      ? longCopy(offset, length, isRepeat: isRepeat != 0, to: target) : snappyCopy(offset, length, to: target)
  }

  /// Writes a copy that is long or reaches far.
  @inline(never)
  private static func longCopy(
    _ offset: Int, _ length: Int, isRepeat: Bool, to target: UnsafeMutableRawPointer
  ) -> Int {
    if isRepeat { return unsafe repeated(offset, length, to: target) }
    if offset >= 65_536 {
      let first = min(length, 64)
      let size = unsafe far(offset, first, to: target)
      let rest = length &- first
      if rest == 0 { return size }
      return size
        &+ (rest >= 4
          ? unsafe repeated(offset, rest, to: target + size) : unsafe far(offset, rest, to: target + size))
    }
    if offset < 2048 {
      let tag = (offset &>> 8) &<< 5 | 4 &<< 2 | 1 | (offset & 0xFF) &<< 8
      unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: tag), as: UInt16.self)
      return 2 &+ (unsafe repeated(offset, length &- 8, to: target + 2))
    }
    let word = 59 &<< 2 | 2 | offset &<< 8
    unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: word), as: UInt32.self)
    return 3 &+ (unsafe repeated(offset, length &- 60, to: target + 3))
  }

  /// Writes a repeat of any length from 4 on.
  @inline(never)
  static func repeated(_ offset: Int, _ length: Int, to target: UnsafeMutableRawPointer) -> Int {
    var size = 0
    var left = length
    while true {
      let target = unsafe target + size
      if left <= 8 {
        unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: (left &- 4) &<< 2 | 1), as: UInt16.self)
        return size &+ 2
      }
      if left < 12, offset < 2048 {
        let tag = (offset &>> 8) &<< 5 | (left &- 4) &<< 2 | 1 | (offset & 0xFF) &<< 8
        unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: tag), as: UInt16.self)
        return size &+ 2
      }
      if left < 8 &+ 256 {
        unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: 5 &<< 2 | 1 | (left &- 8) &<< 16), as: UInt32.self)
        return size &+ 3
      }
      if left < 260 &+ 65_536 {
        unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: 6 &<< 2 | 1 | (left &- 260) &<< 16), as: UInt32.self)
        return size &+ 4
      }
      // What is left over must be long enough for a repeat of its own.
      let part = left <= maximumRepeat ? left : min(left &- 4, maximumRepeat)
      unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: 7 &<< 2 | 1), as: UInt16.self)
      let number = part &- 65_540
      unsafe (target + 2).storeBytes(of: UInt16(truncatingIfNeeded: number), as: UInt16.self)
      unsafe (target + 4).storeBytes(of: UInt8(truncatingIfNeeded: number &>> 16), as: UInt8.self)
      size = size &+ 5
      left = left &- part
      if left == 0 { return size }
    }
  }

  /// The longest repeat.
  static let maximumRepeat = 65_540 + 0xFF_FFFF

  /// Writes copies that plain Snappy decoders understand.
  @inline(never)
  private static func snappyCopy(_ offset: Int, _ length: Int, to target: UnsafeMutableRawPointer) -> Int {
    var size = 0
    var left = length
    if offset >= 65_536 {
      while left > 0 {
        // What is left over must not be shorter than what every decoder takes.
        let part = left <= 64 ? left : left < 68 ? 60 : 64
        size = size &+ (unsafe far(offset, part, to: target + size))
        left = left &- part
      }
      return size
    }
    while left > 64 {
      let word = (left < 68 ? 59 : 63) &<< 2 | 2 | offset &<< 8
      unsafe (target + size).storeBytes(of: UInt32(truncatingIfNeeded: word), as: UInt32.self)
      left = left &- (left < 68 ? 60 : 64)
      size = size &+ 3
    }
    return unsafe size &+ copy(offset, left, isRepeat: 0, to: target + size, .snappy)
  }

  private static func far(_ offset: Int, _ length: Int, to target: UnsafeMutableRawPointer) -> Int {
    unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: (length &- 1) &<< 2 | 3), as: UInt8.self)
    unsafe (target + 1).storeBytes(of: UInt32(truncatingIfNeeded: offset), as: UInt32.self)
    return 5
  }

  @inline(__always)
  private static func copy16(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    unsafe target.storeBytes(of: source.loadUnaligned(as: SIMD2<UInt64>.self), as: SIMD2<UInt64>.self)
  }
}

/// Which decoders a block is for.
enum S2BlockMode: Hashable, Sendable {
  /// Those of S2.
  case s2
  /// Also those of Snappy: no repeats.
  case snappy
}
