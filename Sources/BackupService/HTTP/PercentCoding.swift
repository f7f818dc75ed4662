// SPDX-License-Identifier: Apache-2.0

/// Escapes of the form `%XX`, RFC 3986.

/// Writes and reads texts whose special characters are escaped by a percent sign and two digits.
enum PercentCoding {
  /// A text with everything escaped but letters, digits, `-`, `_`, `.` and `~`.
  static func encoded(_ text: some StringProtocol) -> String {
    var result: [UInt8] = []
    for byte in text.utf8 {
      if isUnreserved(byte) {
        result.append(byte)
      } else {
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// A text without its escapes; `nil` when one of them is none, or when what comes out is no UTF-8 or has a zero in it.
  static func decoded(_ text: some StringProtocol, plusIsBlank: Bool = false) -> String? {
    var result: [UInt8] = []
    var bytes = text.utf8.makeIterator()
    while let byte = bytes.next() {
      if byte == UInt8(ascii: "%") {
        guard let high = bytes.next().flatMap(value), let low = bytes.next().flatMap(value) else { return nil }
        result.append(high << 4 | low)
      } else {
        result.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return result.contains(0) ? nil : String(validating: result, as: UTF8.self)
  }

  /// The pairs of a query or of a form, in their order, with blanks where there are plus signs.
  ///
  /// - Parameter text: such as `name=one+two&empty`.
  /// - Returns: `nil` when a name or a value cannot be decoded.
  static func pairs(_ text: some StringProtocol) -> [(name: String, value: String)]? {
    var pairs: [(name: String, value: String)] = []
    for pair in text.split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = decoded(halves[0], plusIsBlank: true),
        let value = decoded(halves.count > 1 ? halves[1] : "", plusIsBlank: true)
      else { return nil }
      pairs.append((name, value))
    }
    return pairs
  }

  private static let digits = Array("0123456789ABCDEF".utf8)

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~")].contains(byte)
    }
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
