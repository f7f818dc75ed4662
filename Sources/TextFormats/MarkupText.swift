// SPDX-License-Identifier: Apache-2.0

/// Text inside of XML and HTML.

/// Writes texts so that they are nothing but text in XML and HTML.
public enum MarkupText {
  /// A text with everything escaped that means something there, inside of quotes too.
  ///
  /// Control characters that XML does not allow are replaced by U+FFFD.
  ///
  /// - Parameter text: the text.
  /// - Returns: the escaped text.
  public static func escaped(_ text: String) -> String {
    var result = ""
    // By scalars: a combining accent makes one character with what is before it, which readers of markup take by itself.
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
      default: result.unicodeScalars.append(scalar.value < 0x20 ? "\u{FFFD}" : scalar)
      }
    }
    return result
  }
}
