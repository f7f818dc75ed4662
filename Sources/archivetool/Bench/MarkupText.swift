// SPDX-License-Identifier: Apache-2.0

import CommandLineKit

/// Text inside of XML and HTML.
enum MarkupText {
  /// The text with everything escaped that has a meaning there, also inside of quotes.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar.value < 0x20 && scalar != "\n" ? "\u{FFFD}" : scalar)
      }
    }
    return result
  }

  /// A coordinate or a length, in tenths.
  static func number(_ value: Double) -> String {
    let text = NumberText.fixed(value, decimals: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
