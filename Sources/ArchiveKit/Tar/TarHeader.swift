// SPDX-License-Identifier: Apache-2.0

/// The header of an entry in a tar archive, in the form of POSIX.

/// The 512 bytes before an entry's content.
///
/// What does not fit into a field is clamped or cut: a pax record before the header then says it in full.
struct TarHeader {
  /// What an entry is.
  enum Kind: UInt8 {
    case file = 0x30
    case hardLink = 0x31
    case symbolicLink = 0x32
    case characterDevice = 0x33
    case blockDevice = 0x34
    case directory = 0x35
    case fifo = 0x36
    case extendedHeader = 0x78
  }

  /// Headers and contents are filled up to a multiple of this.
  static let blockSize = 512
  /// The most that 7 and 11 octal digits can say.
  static let maximumShortNumber: UInt64 = 0o7777777
  static let maximumLongNumber: UInt64 = 0o77777777777
  private static let nameLength = 100
  private static let prefixLength = 155
  /// A zero ends them.
  private static let accountLength = 31

  var kind: Kind
  var path: [UInt8]
  var mode: UInt16 = 0o644
  var uid: UInt64 = 0
  var gid: UInt64 = 0
  var size: UInt64 = 0
  var seconds: Int64 = 0
  var target: [UInt8] = []
  var user: [UInt8] = []
  var group: [UInt8] = []
  var device: (major: UInt32, minor: UInt32) = (0, 0)

  init(_ kind: Kind, _ path: [UInt8]) {
    self.kind = kind
    self.path = path
  }

  /// The header with its checksum.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.blockSize)
    let (prefix, name) = Self.divided(path) ?? ([], path.prefix(Self.nameLength))
    Self.text(name, Self.nameLength, &bytes)
    Self.number(UInt64(mode), digits: 7, &bytes)
    Self.number(min(uid, Self.maximumShortNumber), digits: 7, &bytes)
    Self.number(min(gid, Self.maximumShortNumber), digits: 7, &bytes)
    Self.number(min(size, Self.maximumLongNumber), digits: 11, &bytes)
    Self.number(min(UInt64(max(seconds, 0)), Self.maximumLongNumber), digits: 11, &bytes)
    let checksumPlace = bytes.count
    Self.text(Array(repeating: UInt8(ascii: " "), count: 8)[...], 8, &bytes)
    bytes.append(kind.rawValue)
    Self.text(target.prefix(Self.nameLength), Self.nameLength, &bytes)
    bytes += Array("ustar\0".utf8) + Array("00".utf8)
    Self.text(Self.fits(account: user) ? user[...] : [], Self.accountLength + 1, &bytes)
    Self.text(Self.fits(account: group) ? group[...] : [], Self.accountLength + 1, &bytes)
    Self.number(min(UInt64(device.major), Self.maximumShortNumber), digits: 7, &bytes)
    Self.number(min(UInt64(device.minor), Self.maximumShortNumber), digits: 7, &bytes)
    Self.text(prefix, Self.prefixLength, &bytes)
    Self.text([], Self.blockSize - bytes.count, &bytes)
    var checksum: [UInt8] = []
    Self.number(bytes.reduce(0) { $0 + UInt64($1) }, digits: 6, &checksum)
    bytes.replaceSubrange(checksumPlace..<(checksumPlace + checksum.count), with: checksum)
    return bytes
  }

  // MARK: - What fits

  /// Whether the fields for the path can hold it.
  static func fits(path: [UInt8]) -> Bool { divided(path) != nil }

  /// Whether the field for a link's target can hold it.
  static func fits(target: [UInt8]) -> Bool { target.count <= nameLength }

  /// Whether the field for the name of a user or a group can hold it.
  static func fits(account: [UInt8]) -> Bool { account.count <= accountLength && isASCII(account) }

  private static func isASCII(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 < 0x80 } }

  /// Whether a name that fits should stand in a record all the same. Records are UTF-8, so names that have other letters
  /// than those of ASCII are safe there from the character set of whoever reads them; names that are not UTF-8 stand in
  /// the header, where nobody converts them.
  static func isText(_ name: [UInt8]) -> Bool { !isASCII(name) && String(validating: name, as: UTF8.self) != nil }

  /// The path as prefix and name, which a slash joins.
  private static func divided(_ path: [UInt8]) -> (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>)? {
    if path.count <= nameLength { return ([], path[...]) }
    if path.count > prefixLength + 1 + nameLength { return nil }
    // The first slash that leaves a name short enough; a slash at the end has no name behind it.
    var place = path.count - nameLength - 1
    while place < path.count - 1 {
      if place > prefixLength { return nil }
      if place > 0, path[place] == EntryPath.slash { return (path[..<place], path[(place + 1)...]) }
      place += 1
    }
    return nil
  }

  private static func text(_ text: ArraySlice<UInt8>, _ length: Int, _ bytes: inout [UInt8]) {
    bytes += text.prefix(length)
    bytes += repeatElement(0, count: length - min(text.count, length))
  }

  /// Octal digits and a zero.
  private static func number(_ number: UInt64, digits: Int, _ bytes: inout [UInt8]) {
    for place in (0..<digits).reversed() { bytes.append(UInt8(ascii: "0") + UInt8(number >> UInt64(3 * place) & 7)) }
    bytes.append(0)
  }
}
