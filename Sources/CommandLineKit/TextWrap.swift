// SPDX-License-Identifier: Apache-2.0

/// Breaks paragraphs into lines.
public enum TextWrap {
  /// A piece of a documentation text.
  enum Block: Hashable {
    /// Words to be filled into lines.
    case paragraph(String)
    /// Lines to be shown as they are, without their common two spaces.
    case verbatim([String])
  }

  /// The blocks of a text: paragraphs are separated by empty lines, lines that begin with two spaces are verbatim.
  static func blocks(_ text: String) -> [Block] {
    var blocks: [Block] = []
    var words: [Substring] = []
    var lines: [String] = []
    func close() {
      if !words.isEmpty { blocks.append(.paragraph(words.joined(separator: " "))) }
      if !lines.isEmpty { blocks.append(.verbatim(lines)) }
      words = []
      lines = []
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.allSatisfy({ $0 == " " }) {
        close()
      } else if line.hasPrefix("  ") {
        if !words.isEmpty { close() }
        lines.append(String(line.dropFirst(2)))
      } else {
        if !lines.isEmpty { close() }
        words += line.split(separator: " ")
      }
    }
    close()
    return blocks
  }

  /// Fills a text into lines; paragraphs stay separated by an empty line.
  ///
  /// - Parameters:
  ///   - text: Paragraphs separated by empty lines; lines that begin with two spaces are not filled.
  ///   - width: The largest number of columns, the indentation included; a longer word gets a line of its own.
  ///   - indent: Spaces before each line.
  /// - Returns: The lines, without newlines.
  public static func lines(_ text: String, width: Int, indent: Int = 0) -> [String] {
    let margin = String(repeating: " ", count: max(0, indent))
    var result: [String] = []
    for block in blocks(text) {
      if !result.isEmpty { result.append("") }
      switch block {
      case .verbatim(let lines): result += lines.map { margin + "  " + $0 }
      case .paragraph(let words): result += fill(words, width: width, margin: margin)
      }
    }
    return result
  }

  private static func fill(_ text: String, width: Int, margin: String) -> [String] {
    var lines: [String] = []
    var line = margin
    var used = margin.count
    var isEmpty = true
    for word in text.split(separator: " ") {
      let columns = DisplayWidth.of(word)
      if !isEmpty, used + 1 + columns > width {
        lines.append(line)
        (line, used, isEmpty) = (margin, margin.count, true)
      }
      if !isEmpty {
        line += " "
        used += 1
      }
      line += word
      used += columns
      isEmpty = false
    }
    if !isEmpty { lines.append(line) }
    return lines
  }
}
