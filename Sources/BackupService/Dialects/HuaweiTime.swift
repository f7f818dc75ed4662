// SPDX-License-Identifier: Apache-2.0

/// Times as Huawei's clients write them in queries.
internal import SystemIO

/// Reads `2026-11-22T00:00:00+0000`, the same with `Z` or with a colon in the offset, and milliseconds since 1970.
enum HuaweiTime {
  /// Milliseconds since 1970; `nil` when it is no time.
  static func milliseconds(_ text: String) -> Int64? {
    if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return Int64(text) }
    // Reading wants a colon in the offset.
    var text = text
    if text.utf8.count > 5, text.utf8.suffix(4).allSatisfy({ (0x30...0x39).contains($0) }) {
      let sign = text.index(text.endIndex, offsetBy: -5)
      if text[sign] == "+" || text[sign] == "-" { text.insert(":", at: text.index(text.endIndex, offsetBy: -2)) }
      // A plus that was not escaped is a blank in a query.
      if text[sign] == " " {
        text.replaceSubrange(sign...sign, with: "+")
        text.insert(":", at: text.index(text.endIndex, offsetBy: -2))
      }
    }
    return Timestamp(rfc3339: text).map { $0.nanosecondsSince1970 / 1_000_000 }
  }
}
