// SPDX-License-Identifier: Apache-2.0

// Swift source with comments and string literals blanked out: what a rule on code may look at.

/// Swift source without its comments and the contents of its string literals, line by line.
struct SwiftText {
  /// The code; blanked characters are spaces, so that lines and columns stay.
  let code: [String]

  /// Takes a source apart.
  init(_ text: String) {
    var scanner = SwiftTextScanner(text)
    code = scanner.scan().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}

/// Walks over a source once.
private struct SwiftTextScanner {
  private let characters: [Character]
  private var position = 0
  private var code = ""

  init(_ text: String) { characters = Array(text) }

  mutating func scan() -> String {
    while position < characters.count {
      if matches("//") {
        blank { $0.current != "\n" }
      } else if matches("/*") {
        blockComment()
      } else if !stringLiteral() {
        code.append(characters[position])
        position += 1
      }
    }
    return code
  }

  private var current: Character { characters[position] }

  private func matches(_ text: String) -> Bool {
    position + text.count <= characters.count && characters[position..<position + text.count].elementsEqual(text)
  }

  private mutating func blankOne() {
    code.append(current == "\n" ? "\n" : " ")
    position += 1
  }

  private mutating func blank(_ count: Int) { for _ in 0..<count { blankOne() } }

  private mutating func blank(while condition: (Self) -> Bool) {
    while position < characters.count, condition(self) { blankOne() }
  }

  private mutating func blockComment() {
    var depth = 0
    repeat {
      if matches("/*") {
        depth += 1
        blank(2)
      } else if matches("*/") {
        depth -= 1
        blank(2)
      } else {
        blankOne()
      }
    } while depth > 0 && position < characters.count
  }

  /// Blanks a literal, with what is interpolated in it; `false` when none begins here.
  private mutating func stringLiteral() -> Bool {
    var pounds = 0
    while position + pounds < characters.count, characters[position + pounds] == "#" { pounds += 1 }
    guard position + pounds < characters.count, characters[position + pounds] == "\"" else { return false }
    let hashes = String(repeating: "#", count: pounds)
    let quotes = matches(hashes + "\"\"\"") ? "\"\"\"" : "\""
    blank(pounds + quotes.count)
    while position < characters.count, !matches(quotes + hashes) {
      if matches("\\" + hashes + "(") {
        blank(1 + pounds)
        interpolation()
      } else if matches("\\" + hashes) {
        blank(min(2 + pounds, characters.count - position))
      } else {
        blankOne()
      }
    }
    blank(min(quotes.count + pounds, characters.count - position))
    return true
  }

  private mutating func interpolation() {
    var depth = 0
    repeat {
      if current == "(" { depth += 1 }
      if current == ")" { depth -= 1 }
      if !stringLiteral() { blankOne() }
    } while depth > 0 && position < characters.count
  }
}
