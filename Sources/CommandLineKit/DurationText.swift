// SPDX-License-Identifier: Apache-2.0

/// Spans of time as people type and read them.
public enum DurationText {
  static let expected = "a duration (such as 90s, 10m, 12h, 30d or 2w)"

  private static let units: [(name: String, nanoseconds: UInt64)] = [
    ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000), ("w", 604_800_000_000_000),
  ]

  /// Reads `90s`, `10m`, `12h`, `30d`, `2w`, `500ms`, `1.5h`, and several units from large to small: `1h30m`.
  ///
  /// - Parameter text: The text.
  /// - Returns: The span.
  /// - Throws: `QuantityError.malformed`, `.tooLarge` beyond 292 years.
  public static func parse(_ text: String) throws(QuantityError) -> Duration {
    var rest = text[...].utf8
    if rest.isEmpty { throw .malformed(expected: expected) }
    if text == "0" { return .zero }
    var total: Int64 = 0
    var smallest = UInt64.max
    while !rest.isEmpty {
      let number = try DecimalPrefix(rest, expected: expected)
      let name = number.rest.prefix { $0 >= 0x61 && $0 <= 0x7A }
      guard let unit = units.first(where: { $0.name.utf8.elementsEqual(name) }), unit.nanoseconds < smallest else {
        throw .malformed(expected: expected)
      }
      smallest = unit.nanoseconds
      guard let part = Int64(exactly: try number.multiplied(by: unit.nanoseconds)) else { throw .tooLarge }
      let (sum, overflow) = total.addingReportingOverflow(part)
      if overflow { throw .tooLarge }
      total = sum
      rest = number.rest.dropFirst(name.count)
    }
    return .nanoseconds(total)
  }

  /// The whole span in nanoseconds, held at the ends of the range.
  ///
  /// - Parameter duration: A span.
  /// - Returns: Nanoseconds.
  public static func nanoseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carry ? (seconds < 0 ? .min : .max) : sum
  }

  /// A short form for people: `0.61 s`, `12.3 s`, `1:02` (minutes), `1:02:03`, `2d 01:02:03`.
  ///
  /// - Parameter duration: A span; a negative one is shown as zero.
  /// - Returns: The text.
  public static func format(_ duration: Duration) -> String {
    let nanoseconds = max(0, nanoseconds(duration))
    if nanoseconds < 59_950_000_000 {
      let seconds = Double(nanoseconds) / 1e9
      return "\(NumberText.fixed(seconds, decimals: seconds < 9.995 ? 2 : 1)) s"
    }
    return clock(duration)
  }

  /// The span as a clock without fractions: `0:07`, `1:02`, `1:02:03`, `2d 01:02:03`.
  ///
  /// - Parameter duration: A span; a negative one is shown as zero.
  /// - Returns: The text.
  public static func clock(_ duration: Duration) -> String {
    let nanoseconds = max(0, nanoseconds(duration))
    let seconds = nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 >= 500_000_000 ? 1 : 0)
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60)
    let tail = "\(NumberText.padded(minutes, 2)):\(NumberText.padded(seconds % 60, 2))"
    if days > 0 { return "\(days)d \(NumberText.padded(hours, 2)):\(tail)" }
    if hours > 0 { return "\(hours):\(tail)" }
    return "\(minutes):\(NumberText.padded(seconds % 60, 2))"
  }

  /// The form that can be typed, in the largest unit that is exact: `90s`, `2w`; `0.25ms` where none is.
  ///
  /// - Parameter duration: A span; a negative one is shown as zero.
  /// - Returns: The text, which ``parse(_:)`` reads as the same.
  public static func argument(_ duration: Duration) -> String {
    let nanoseconds = UInt64(max(0, nanoseconds(duration)))
    if nanoseconds == 0 { return "0" }
    if let unit = units.last(where: { nanoseconds.isMultiple(of: $0.nanoseconds) }) {
      return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }
    let (whole, fraction) = nanoseconds.quotientAndRemainder(dividingBy: units[0].nanoseconds)
    let digits = NumberText.padded(Int64(fraction), 6).reversed().drop { $0 == "0" }.reversed()
    return "\(whole).\(String(digits))\(units[0].name)"
  }
}
