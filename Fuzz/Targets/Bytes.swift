// SPDX-License-Identifier: Apache-2.0

/// Numbers in arrays of bytes, for those who make checksums right.

extension [UInt8] {
  /// A number of so many bytes, low byte first; `nil` when it does not fit.
  func number(_ count: Int, at offset: Int) -> Int? {
    guard offset >= 0, count <= self.count, offset <= self.count - count else { return nil }
    let value = self[offset..<offset + count].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(exactly: value)
  }

  /// Puts a number, low byte first, if there is room.
  mutating func put<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
    let size = Number.bitWidth / 8
    guard offset >= 0, size <= count, offset <= count - size else { return }
    for index in 0..<size { self[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
  }

  /// Puts bytes, if there is room.
  mutating func put(_ bytes: [UInt8], at offset: Int) {
    guard offset >= 0, bytes.count <= count, offset <= count - bytes.count else { return }
    replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }

  /// Whether these bytes stand at an offset.
  func has(_ bytes: [UInt8], at offset: Int) -> Bool {
    offset >= 0 && bytes.count <= count && offset <= count - bytes.count
      && self[offset..<offset + bytes.count].elementsEqual(bytes)
  }

  /// Where these bytes stand next.
  func next(_ bytes: [UInt8], from start: Int) -> Int? {
    guard bytes.count <= count, start <= count - bytes.count, let first = bytes.first else { return nil }
    return (Swift.max(0, start)...count - bytes.count).first { self[$0] == first && has(bytes, at: $0) }
  }

  /// A variable-length number and where it ends.
  func varint(at offset: Int) -> (value: UInt64, end: Int)? {
    var value: UInt64 = 0
    for index in 0..<10 {
      guard offset + index < count, offset >= 0 else { return nil }
      let byte = self[offset + index]
      value |= UInt64(byte & 127) << (7 * index)
      if byte < 128 { return (value, offset + index + 1) }
    }
    return nil
  }
}
