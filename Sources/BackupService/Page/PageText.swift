// SPDX-License-Identifier: Apache-2.0

/// Sizes and times in a page.
internal import SystemIO

/// Writes sizes and times for people.
enum PageText {
  /// A number of bytes for people: `9.8 GB`.
  static func size(_ bytes: UInt64) -> String {
    var (value, unit) = (Double(bytes), 0)
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
    while value >= 999.95, unit + 1 < units.count {
      value /= 1000
      unit += 1
    }
    if unit == 0 { return "\(bytes) B" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10)\(value < 100 ? ".\(tenths % 10)" : "") \(units[unit])"
  }

  /// A time for people: `2026-04-12 02:00`, in UTC.
  static func time(_ time: Timestamp) -> String {
    let text = time.rfc3339()
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
  }
}
