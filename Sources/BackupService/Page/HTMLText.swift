// SPDX-License-Identifier: Apache-2.0

/// Text inside of HTML.

/// Writes texts so that they are nothing but text in a page.
enum HTMLText {
  /// A text with everything escaped that means something in HTML, inside of quotes too.
  static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
  }
}
