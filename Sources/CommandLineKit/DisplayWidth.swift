// SPDX-License-Identifier: Apache-2.0

/// How many columns of a terminal a text takes.
public enum DisplayWidth {
  /// The columns of a text: combining marks take none, East Asian wide characters and emoji two.
  ///
  /// - Parameter text: Printable text without escapes.
  /// - Returns: The columns.
  /// - Complexity: O(n).
  public static func of(_ text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + of($1) }
  }

  /// The columns of one code point.
  ///
  /// - Parameter scalar: The code point.
  /// - Returns: 0, 1 or 2.
  public static func of(_ scalar: Unicode.Scalar) -> Int {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F ? 1 : 0 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }
  }

  /// The blocks that are wide as a whole; Unicode TR 11 has the full list, single exceptions are left out here.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
    0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
    0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF,
    0x20000...0x3FFFD,
  ]

  /// The text cut to a number of columns; a cut is marked by `…`.
  ///
  /// - Parameters:
  ///   - text: Printable text.
  ///   - columns: The most that may be taken.
  /// - Returns: A text of at most that width, empty if there is no room at all.
  public static func truncated(_ text: String, to columns: Int) -> String {
    if of(text) <= columns { return text }
    if columns < 1 { return "" }
    var result = ""
    var used = 0
    for character in text {
      let width = of(String(character))
      if used + width > columns - 1 { break }
      result.append(character)
      used += width
    }
    return result + "…"
  }

  /// The text with spaces up to a number of columns.
  ///
  /// - Parameters:
  ///   - text: Printable text.
  ///   - columns: The width to reach; a wider text stays as it is.
  ///   - isRightAligned: Whether the spaces come first.
  /// - Returns: The text.
  public static func padded(_ text: String, to columns: Int, isRightAligned: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, columns - of(text)))
    return isRightAligned ? spaces + text : text + spaces
  }
}
