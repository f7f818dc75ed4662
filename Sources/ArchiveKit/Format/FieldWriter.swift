// SPDX-License-Identifier: Apache-2.0

/// Writes the numbers and byte strings that formats are made of.
internal import CodecKit

/// Appends fields to an array.
struct FieldWriter {
  /// What has been written.
  private(set) var bytes: [UInt8] = []

  init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  var count: Int { bytes.count }

  /// A number of fixed size, little-endian.
  mutating func fixed<Number: FixedWidthInteger>(_ number: Number) {
    var rest = number
    for _ in 0..<(Number.bitWidth / 8) {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest = Number.bitWidth > 8 ? rest >> 8 : 0
    }
  }

  /// An unsigned number in as few bytes as it needs.
  mutating func varint(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  mutating func varint(_ number: Int) { varint(UInt64(number)) }

  /// A signed number in as few bytes as its distance from zero needs.
  mutating func signed(_ number: Int64) {
    varint(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
  }

  mutating func raw(_ more: [UInt8]) { bytes.append(contentsOf: more) }

  mutating func raw(_ more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }

  /// The 32 bytes of a digest.
  mutating func digest(_ digest: SHA256Digest) { digest.append(to: &bytes) }

  /// A length and so many bytes.
  mutating func string(_ more: [UInt8]) {
    varint(more.count)
    raw(more)
  }

  /// Zeros up to a size.
  mutating func pad(to size: Int) {
    if bytes.count < size { bytes.append(contentsOf: repeatElement(0, count: size - bytes.count)) }
  }

  /// Forgets what was written, keeping the memory.
  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}
