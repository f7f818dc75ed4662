// SPDX-License-Identifier: Apache-2.0

/// Makes bytes from outside safe to show: a file name must never be able to write terminal escapes.
public enum Escaping {
  /// The bytes as text in which everything that is not printable valid UTF-8 is written as `\xNN`, byte by byte.
  ///
  /// Not printable are the C0 and C1 controls, DEL, line and paragraph separators, all format characters (among them the
  /// bidirectional controls and zero-width ones), private use and unassigned code points. A backslash stays as it is:
  /// the text is for reading, not for parsing back.
  ///
  /// - Parameter bytes: A file name or any other text from outside.
  /// - Returns: One line of printable text.
  /// - Complexity: O(n).
  public static func visible(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    // Nearly all names are plain ASCII, and long listings go through here.
    if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return String(decoding: bytes, as: UTF8.self) }
    var result = ""
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let (scalar, length) = decode(bytes, at: index)
      if let scalar, isPrintable(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        for byte in bytes[index..<(index + length)] { result += hex(byte) }
      }
      index += length
    }
    return result
  }

  /// The text with everything that is not printable written as `\xNN` for each of its UTF-8 bytes.
  ///
  /// - Parameter text: Any text.
  /// - Returns: One line of printable text.
  public static func visible(_ text: String) -> String { visible(text.utf8) }

  /// Whether a terminal may be shown the code point as it is.
  ///
  /// - Parameter scalar: A code point.
  /// - Returns: `false` for everything that ``visible(_:)-(Sequence<UInt8>)`` escapes.
  public static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: return false
    default: return true
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = Array("0123456789abcdef".unicodeScalars)
    var text = "\\x"
    text.unicodeScalars.append(digits[Int(byte >> 4)])
    text.unicodeScalars.append(digits[Int(byte & 15)])
    return text
  }

  /// The code point that begins at `index`, or `nil` and the one byte that does not fit.
  private static func decode(_ bytes: [UInt8], at index: Int) -> (Unicode.Scalar?, Int) {
    let first = bytes[index]
    if first < 0x80 { return (Unicode.Scalar(first), 1) }
    let length: Int
    let smallest: UInt32
    var value: UInt32
    switch first {
    case 0xC2...0xDF: (length, smallest, value) = (2, 0x80, UInt32(first & 0x1F))
    case 0xE0...0xEF: (length, smallest, value) = (3, 0x800, UInt32(first & 0x0F))
    case 0xF0...0xF4: (length, smallest, value) = (4, 0x1_0000, UInt32(first & 0x07))
    default: return (nil, 1)
    }
    guard index + length <= bytes.count else { return (nil, 1) }
    for byte in bytes[(index + 1)..<(index + length)] {
      guard byte & 0xC0 == 0x80 else { return (nil, 1) }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    guard value >= smallest, let scalar = Unicode.Scalar(value) else { return (nil, 1) }
    return (scalar, length)
  }
}
