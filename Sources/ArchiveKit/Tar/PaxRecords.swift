// SPDX-License-Identifier: Apache-2.0

/// What does not fit into the header of a tar entry: records of the form `LENGTH KEY=VALUE`.
internal import SystemIO

/// The records of an extended header, in the order in which they were added.
struct PaxRecords {
  private(set) var bytes: [UInt8] = []

  var isEmpty: Bool { bytes.isEmpty }

  /// Adds a record. Its length counts its own digits.
  mutating func add(_ key: [UInt8], _ value: [UInt8]) {
    // A blank, an equals sign and a line feed.
    let rest = key.count + value.count + 3
    var length = rest + Self.digits(rest)
    if rest + Self.digits(length) > length { length += 1 }
    bytes += Array(String(length).utf8)
    bytes.append(UInt8(ascii: " "))
    bytes += key
    bytes.append(UInt8(ascii: "="))
    bytes += value
    bytes.append(UInt8(ascii: "\n"))
  }

  mutating func add(_ key: String, _ value: [UInt8]) { add(Array(key.utf8), value) }

  mutating func add(_ key: String, _ number: UInt64) { add(key, Array(String(number).utf8)) }

  /// Adds a time with as many decimals as it needs.
  mutating func add(_ key: String, _ time: Timestamp) { add(key, Self.decimal(time)) }

  /// Adds an extended attribute. Neither `=` nor, for that reason, `%` can stand in a key as it is.
  mutating func add(_ attribute: ExtendedAttribute) {
    var key = Array("SCHILY.xattr.".utf8)
    for byte in attribute.name {
      switch byte {
      case UInt8(ascii: "%"): key += Array("%25".utf8)
      case UInt8(ascii: "="): key += Array("%3D".utf8)
      default: key.append(byte)
      }
    }
    add(key, attribute.value)
  }

  private static func digits(_ number: Int) -> Int {
    var (count, rest) = (1, number / 10)
    while rest > 0 {
      count += 1
      rest /= 10
    }
    return count
  }

  /// Seconds since 1970, rounded down in the time and to zero here: half a second before is `-0.5`.
  static func decimal(_ time: Timestamp) -> [UInt8] {
    var (seconds, nanoseconds) = (time.seconds, time.nanoseconds)
    let isNegative = seconds < 0
    if isNegative, nanoseconds > 0 {
      seconds += 1
      nanoseconds = 1_000_000_000 - nanoseconds
    }
    var text = (isNegative ? "-" : "") + String(seconds.magnitude)
    if nanoseconds > 0 {
      let digits = String(nanoseconds)
      var fraction = String(repeating: "0", count: 9 - digits.count) + digits
      while fraction.last == "0" { fraction.removeLast() }
      text += "." + fraction
    }
    return Array(text.utf8)
  }
}
