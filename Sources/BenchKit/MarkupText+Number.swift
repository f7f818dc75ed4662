// SPDX-License-Identifier: Apache-2.0

/// Numbers inside of SVG.
import CommandLineKit
import TextFormats

extension MarkupText {
  /// A coordinate or a length, in tenths.
  static func number(_ value: Double) -> String {
    let text = NumberText.fixed(value, decimals: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
