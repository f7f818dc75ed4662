// SPDX-License-Identifier: Apache-2.0

/// A span of time in calendar months plus a fixed duration; how long a month is depends on where it begins.
public struct CalendarSpan: Hashable, Sendable, CustomStringConvertible {
  /// Whole months; a year is twelve.
  public var months: Int
  /// The part that does not depend on the calendar.
  public var duration: Duration

  /// Creates a span.
  ///
  /// - Parameters:
  ///   - months: Whole months.
  ///   - duration: The part that does not depend on the calendar.
  public init(months: Int = 0, duration: Duration = .zero) {
    self.months = months
    self.duration = duration
  }

  private static let expected = "a span of time (such as 12h, 30d, 2w, 3mo or 1y)"
  /// 292 years, the range of the durations beside it.
  private static let maximumMonths: UInt64 = 3504

  /// Reads `1y`, `3mo`, both, and then everything that ``DurationText/parse(_:)`` reads: `1y6mo`, `1mo2w`, `30d`.
  ///
  /// - Parameter text: The text.
  /// - Throws: `QuantityError.malformed`, `.tooLarge` beyond 292 years.
  public init(parsing text: String) throws(QuantityError) {
    var rest = text[...]
    var months: UInt64 = 0
    for (name, factor) in [("y", UInt64(12)), ("mo", 1)] {
      guard let number = try? DecimalPrefix(rest.utf8, expected: Self.expected), number.scale == 1 else { continue }
      let unit = number.rest.prefix { $0 >= 0x61 && $0 <= 0x7A }
      guard unit.elementsEqual(name.utf8) else { continue }
      let (product, overflow) = number.digits.multipliedReportingOverflow(by: factor)
      if overflow || product > Self.maximumMonths { throw .tooLarge }
      months += product
      rest = Substring(number.rest.dropFirst(unit.count))
    }
    if months > Self.maximumMonths { throw .tooLarge }
    if rest.isEmpty, !text.isEmpty {
      self.init(months: Int(months))
      return
    }
    do {
      self.init(months: Int(months), duration: try DurationText.parse(String(rest)))
    } catch .tooLarge {
      throw .tooLarge
    } catch .malformed {
      throw .malformed(expected: Self.expected)
    }
  }

  /// The form that can be typed: `1y6mo`, `30d`.
  public var description: String {
    var text = ""
    if months >= 12 { text += "\(months / 12)y" }
    if months % 12 != 0 { text += "\(months % 12)mo" }
    if duration != .zero || text.isEmpty { text += DurationText.argument(duration) }
    return text
  }
}
