// SPDX-License-Identifier: Apache-2.0

/// Reads the numbers and byte strings that formats are made of.
internal import CodecKit

/// Takes fields from the front of an array. Whatever the bytes say, it stays within them.
struct FieldReader {
  private let bytes: [UInt8]
  private(set) var position: Int
  private let end: Int

  init(_ bytes: [UInt8], from position: Int = 0) {
    self.bytes = bytes
    self.position = position
    end = bytes.count
  }

  var isAtEnd: Bool { position == end }

  var remaining: Int { end - position }

  /// A number of fixed size.
  mutating func fixed<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(ArchiveError) -> Number {
    let size = Number.bitWidth / 8
    guard remaining >= size else { throw Self.endsEarly }
    var number: Number = 0
    for index in 0..<size {
      number |= Number(truncatingIfNeeded: bytes[position + index]) << Number(truncatingIfNeeded: 8 * index)
    }
    position += size
    return number
  }

  mutating func varint() throws(ArchiveError) -> UInt64 {
    var number: UInt64 = 0
    var shift: UInt64 = 0
    while position < end {
      let byte = bytes[position]
      position += 1
      // The tenth byte has one bit left.
      if shift == 63, byte > 1 { break }
      number |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 {
        guard byte != 0 || shift == 0 else { throw ArchiveError.corrupt("a number is not in its shortest form") }
        return number
      }
      shift += 7
      if shift > 63 { break }
    }
    throw position == end ? Self.endsEarly : ArchiveError.corrupt("a number is too large")
  }

  mutating func signed() throws(ArchiveError) -> Int64 {
    let number = try varint()
    return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
  }

  /// A number that counts things of which each takes at least so many bytes here.
  mutating func count(eachAtLeast size: Int = 1) throws(ArchiveError) -> Int {
    let number = try varint()
    guard number <= UInt64(remaining / max(size, 1)) else { throw Self.endsEarly }
    return Int(number)
  }

  mutating func raw(_ count: Int) throws(ArchiveError) -> [UInt8] {
    guard count >= 0, remaining >= count else { throw Self.endsEarly }
    defer { position += count }
    return Array(bytes[position..<(position + count)])
  }

  /// The 32 bytes of a digest.
  mutating func digest() throws(ArchiveError) -> SHA256Digest {
    guard let digest = SHA256Digest(try raw(SHA256Digest.byteCount)) else { throw Self.endsEarly }
    return digest
  }

  /// A length and so many bytes.
  mutating func string() throws(ArchiveError) -> [UInt8] { try raw(try count()) }

  /// Throws unless everything has been read.
  func finish() throws(ArchiveError) {
    guard isAtEnd else { throw ArchiveError.corrupt("bytes are left over behind the last record") }
  }

  private static let endsEarly = ArchiveError.corrupt("a record ends early")
}
