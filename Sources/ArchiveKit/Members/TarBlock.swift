// SPDX-License-Identifier: Apache-2.0

/// The 512 bytes before a member of a tar stream, as they are read.

/// A header block whose checksum is right.
struct TarBlock {
  static let size = TarHeader.blockSize

  private let bytes: [UInt8]

  /// - Parameter bytes: 512 bytes; `nil` is the answer when their checksum is wrong, as it is when they are all zero.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size, let stated = TarNumber.octal(bytes[148..<156]) else { return nil }
    // The checksum counts as blanks. Some old programs add up bytes as signed numbers.
    var unsigned: Int64 = 8 * 0x20
    var signed: Int64 = 8 * 0x20
    for (place, byte) in bytes.enumerated() where !(148..<156).contains(place) {
      unsigned += Int64(byte)
      signed += Int64(Int8(bitPattern: byte))
    }
    guard stated == unsigned || stated == signed else { return nil }
    self.bytes = bytes
  }

  /// Whether the block is one of the form of POSIX or GNU, and not of the old one without a name.
  var isNamed: Bool { bytes[257..<262].elementsEqual("ustar".utf8) }

  /// Whether it is of GNU's form, whose fields at the end are others.
  private var isGNU: Bool { bytes[257..<265].elementsEqual(Array("ustar  ".utf8) + [0]) }

  var kind: UInt8 { bytes[156] }

  /// The path, with its prefix.
  var path: [UInt8] {
    let name = Self.text(bytes[0..<100])
    guard isNamed, !isGNU else { return name }
    let prefix = Self.text(bytes[345..<500])
    return prefix.isEmpty ? name : prefix + [EntryPath.slash] + name
  }

  var target: [UInt8] { Self.text(bytes[157..<257]) }
  var user: [UInt8] { isNamed ? Self.text(bytes[265..<297]) : [] }
  var group: [UInt8] { isNamed ? Self.text(bytes[297..<329]) : [] }

  // What is no number is `nil`.
  var mode: Int64? { TarNumber(bytes[100..<108])?.value }
  var uid: Int64? { TarNumber(bytes[108..<116])?.value }
  var gid: Int64? { TarNumber(bytes[116..<124])?.value }
  var length: Int64? { TarNumber(bytes[124..<136])?.value }
  var seconds: Int64? { TarNumber(bytes[136..<148])?.value }
  var major: Int64? { isNamed ? TarNumber(bytes[329..<337])?.value : 0 }
  var minor: Int64? { isNamed ? TarNumber(bytes[337..<345])?.value : 0 }

  // MARK: - GNU's old form of files with holes

  /// The size of a file of which only the data follow.
  var expandedSize: Int64? { TarNumber(bytes[483..<495])?.value }

  /// The first pieces of data, and whether a block with more of them follows.
  var regions: (pairs: ArraySlice<UInt8>, continues: Bool) { (bytes[386..<482], bytes[482] != 0) }

  private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }
}

/// A number as tar writes it: octal digits, or, where these do not suffice, bytes.
struct TarNumber {
  let value: Int64

  /// - Parameter field: all bytes of the field; `nil` is the answer when they are no number that 63 bits can hold.
  init?(_ field: ArraySlice<UInt8>) {
    guard let first = field.first else { return nil }
    if first & 0x80 == 0 {
      guard let value = Self.octal(field) else { return nil }
      self.value = value
      return
    }
    // Big-endian in two's complement; the highest bit only says that it is so.
    let isNegative = first & 0x40 != 0
    var value: Int64 = isNegative ? -1 : 0
    for (place, byte) in field.enumerated() {
      let digit = place == 0 ? (isNegative ? byte : byte & 0x7F) : byte
      guard value >> 55 == (isNegative ? -1 : 0) else { return nil }
      value = value << 8 | Int64(digit)
    }
    guard (value < 0) == isNegative else { return nil }
    self.value = value
  }

  /// Octal digits between blanks and zero bytes; a field without digits is 0.
  static func octal(_ field: ArraySlice<UInt8>) -> Int64? {
    var rest = field.drop { $0 == 0x20 || $0 == 0 }
    var value: Int64 = 0
    while let digit = rest.first, (0x30...0x37).contains(digit) {
      guard value >> 60 == 0 else { return nil }
      value = value << 3 | Int64(digit - 0x30)
      rest.removeFirst()
    }
    return rest.allSatisfy { $0 == 0x20 || $0 == 0 } ? value : nil
  }

  /// Decimal digits and nothing else.
  static func decimal(_ text: some Collection<UInt8>) -> UInt64? {
    guard !text.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in text {
      guard (0x30...0x39).contains(byte) else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }
}
