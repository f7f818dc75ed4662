// SPDX-License-Identifier: Apache-2.0

// Swift source with comments and string literals blanked out: what a rule on code may look at.

/// Swift source without its comments and the contents of its string literals, line by line.
struct SwiftText: Sendable {
  /// The code; each blanked byte is a space, so that lines stay.
  let code: [String]

  /// Takes a source apart.
  init(_ text: String) {
    var scanner = SwiftTextScanner(text)
    code = String(decoding: scanner.scan(), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}

/// Walks over the bytes of a source once.
private struct SwiftTextScanner {
  private let bytes: [UInt8]
  private var position = 0
  private var code: [UInt8] = []

  private static let newline = UInt8(ascii: "\n")
  private static let pound = UInt8(ascii: "#")
  private static let quote = UInt8(ascii: "\"")
  private static let slash = UInt8(ascii: "/")
  private static let star = UInt8(ascii: "*")
  private static let backslash = UInt8(ascii: "\\")

  init(_ text: String) {
    bytes = Array(text.utf8)
    code.reserveCapacity(bytes.count)
  }

  mutating func scan() -> [UInt8] {
    while position < bytes.count {
      let byte = bytes[position]
      if byte == Self.slash, matches(Self.slash, Self.slash) {
        while position < bytes.count, bytes[position] != Self.newline { blank(1) }
      } else if byte == Self.slash, matches(Self.slash, Self.star) {
        blockComment()
      } else if byte == Self.quote || byte == Self.pound, stringLiteral() {
        continue
      } else {
        code.append(byte)
        position += 1
      }
    }
    return code
  }

  private func matches(_ pattern: UInt8...) -> Bool {
    guard position + pattern.count <= bytes.count else { return false }
    for (index, byte) in pattern.enumerated() where bytes[position + index] != byte { return false }
    return true
  }

  /// How often a byte stands in a row from an offset on.
  private func run(of byte: UInt8, at offset: Int) -> Int {
    var end = offset
    while end < bytes.count, bytes[end] == byte { end += 1 }
    return end - offset
  }

  private mutating func blank(_ count: Int) {
    for _ in 0..<min(count, bytes.count - position) {
      code.append(bytes[position] == Self.newline ? Self.newline : UInt8(ascii: " "))
      position += 1
    }
  }

  private mutating func blockComment() {
    var depth = 0
    repeat {
      if matches(Self.slash, Self.star) {
        depth += 1
        blank(2)
      } else if matches(Self.star, Self.slash) {
        depth -= 1
        blank(2)
      } else {
        blank(1)
      }
    } while depth > 0 && position < bytes.count
  }

  /// Blanks a literal, with what is interpolated in it; `false` when none begins here.
  private mutating func stringLiteral() -> Bool {
    let pounds = run(of: Self.pound, at: position)
    let opening = run(of: Self.quote, at: position + pounds)
    guard opening > 0 else { return false }
    // Two quotes are an empty literal; three or more open one of several lines.
    let quotes = opening >= 3 ? 3 : 1
    blank(pounds + quotes)
    while position < bytes.count {
      if bytes[position] == Self.quote, run(of: Self.quote, at: position) >= quotes,
        run(of: Self.pound, at: position + quotes) >= pounds
      {
        blank(quotes + pounds)
        return true
      }
      let isEscape = bytes[position] == Self.backslash && run(of: Self.pound, at: position + 1) >= pounds
      if isEscape, position + 1 + pounds < bytes.count, bytes[position + 1 + pounds] == UInt8(ascii: "(") {
        blank(1 + pounds)
        interpolation()
      } else {
        blank(isEscape ? 2 + pounds : 1)
      }
    }
    return true
  }

  private mutating func interpolation() {
    var depth = 0
    repeat {
      if bytes[position] == UInt8(ascii: "(") { depth += 1 }
      if bytes[position] == UInt8(ascii: ")") { depth -= 1 }
      if !stringLiteral() { blank(1) }
    } while depth > 0 && position < bytes.count
  }
}
