// SPDX-License-Identifier: Apache-2.0

/// The records of pax headers: what tar's own header has no room for.
internal import SystemIO

/// What extended headers say of the members behind them.
struct PaxHeader {
  /// The value of each key that stands once for all.
  private(set) var values: [[UInt8]: [UInt8]] = [:]
  /// Pieces of data of a file with holes, in the oldest form, where keys repeat.
  private(set) var regions: [UInt64] = []
  private var attributeValues: [[UInt8]: [UInt8]] = [:]
  /// The bytes of everything that is held.
  private(set) var weight = 0

  /// Extended attributes, by name.
  var attributes: [ExtendedAttribute] {
    attributeValues.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map { ExtendedAttribute(name: $0.key, value: $0.value) }
  }

  private static let attributePrefix = Array("SCHILY.xattr.".utf8)
  private static let regionOffset = Array("GNU.sparse.offset".utf8)
  private static let regionLength = Array("GNU.sparse.numbytes".utf8)

  subscript(key: String) -> [UInt8]? { values[Array(key.utf8)] }

  /// Takes the records of one header: `LENGTH KEY=VALUE` and a line feed, where the length counts everything.
  ///
  /// - Returns: whether they are well formed.
  mutating func take(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      // Some programs fill up with zeros.
      if rest.first == 0 { return rest.allSatisfy { $0 == 0 } }
      guard let blank = rest.prefix(20).firstIndex(of: 0x20),
        let length = TarNumber.decimal(rest[rest.startIndex..<blank]), length <= UInt64(rest.count)
      else { return false }
      let end = rest.startIndex + Int(length)
      guard end > blank + 1, rest[end - 1] == 0x0A else { return false }
      let record = rest[(blank + 1)..<(end - 1)]
      guard let sign = record.firstIndex(of: UInt8(ascii: "=")), sign > record.startIndex else { return false }
      set(Array(record[..<sign]), Array(record[(sign + 1)...]))
      rest = rest[end...]
    }
    return true
  }

  private mutating func set(_ key: [UInt8], _ value: [UInt8]) {
    weight += key.count + value.count + 64
    if key == Self.regionOffset || key == Self.regionLength {
      // A pair out of step is found when the pieces are looked at.
      if let number = TarNumber.decimal(value), regions.count % 2 == (key == Self.regionLength ? 1 : 0) {
        regions.append(number)
      } else {
        regions.append(.max)
      }
    } else if key.starts(with: Self.attributePrefix) {
      attributeValues[Self.decoded(key.dropFirst(Self.attributePrefix.count))] = value
    } else {
      // No value takes back what an earlier header said.
      values[key] = value
    }
  }

  /// What a member has when both a global header and its own speak of it.
  func adding(_ own: PaxHeader) -> PaxHeader {
    var sum = self
    sum.values.merge(own.values) { $1 }
    sum.regions = own.regions.isEmpty ? regions : own.regions
    sum.attributeValues.merge(own.attributeValues) { $1 }
    sum.weight += own.weight
    return sum
  }

  /// The name of an attribute, in which `%3D` stands for an equals sign and `%25` for a percent sign.
  private static func decoded(_ name: ArraySlice<UInt8>) -> [UInt8] {
    var decoded: [UInt8] = []
    var rest = name
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.starts(with: Array("3D".utf8)) {
        decoded.append(UInt8(ascii: "="))
        rest = rest.dropFirst(2)
      } else if byte == UInt8(ascii: "%"), rest.starts(with: Array("25".utf8)) {
        decoded.append(byte)
        rest = rest.dropFirst(2)
      } else {
        decoded.append(byte)
      }
    }
    return decoded
  }

  /// A time as records have it: seconds with a fraction, rounded towards zero; `-0.5` is half a second before 1970.
  static func time(_ text: [UInt8]) -> Timestamp? {
    let isNegative = text.first == UInt8(ascii: "-")
    let parts = text[(isNegative ? 1 : 0)...].split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, let magnitude = TarNumber.decimal(whole), magnitude <= UInt64(Int64.max) else {
      return nil
    }
    var nanoseconds: UInt64 = 0
    if parts.count == 2, !parts[1].isEmpty {
      guard parts[1].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      let digits = Array(parts[1].prefix(9)) + Array(repeating: 0x30, count: max(0, 9 - parts[1].count))
      nanoseconds = TarNumber.decimal(digits) ?? 0
    }
    let seconds = Int64(magnitude)
    if !isNegative { return Timestamp(seconds: seconds, nanoseconds: UInt32(nanoseconds)) }
    if nanoseconds == 0 { return Timestamp(seconds: -seconds) }
    return Timestamp(seconds: -seconds - 1, nanoseconds: UInt32(1_000_000_000 - nanoseconds))
  }
}
