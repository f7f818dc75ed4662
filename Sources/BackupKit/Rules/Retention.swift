// SPDX-License-Identifier: Apache-2.0

/// How long a backup is kept.
public import SystemIO

/// A time for which a backup is kept: so many of a unit, by the calendar for months and years.
public struct Retention: Hashable, Sendable, CustomStringConvertible {
  /// What is counted.
  public enum Unit: String, Hashable, Sendable, CaseIterable {
    /// Hours.
    case hour
    /// Days of 24 hours.
    case day
    /// Seven days.
    case week
    /// Months of the calendar.
    case month
    /// Years of the calendar.
    case year
  }

  /// How many.
  public let value: Int
  /// Of what.
  public let unit: Unit

  /// The numbers that there may be.
  public static let values = 1...1000

  /// Makes one.
  ///
  /// - Parameters:
  ///   - value: how many.
  ///   - unit: of what.
  /// - Throws: ``BackupError`` with `invalidValue` when the number is not one of ``values``.
  public init(_ value: Int, _ unit: Unit) throws(BackupError) {
    guard Self.values.contains(value) else {
      throw BackupError(
        .invalidValue, "a retention is 1 to 1000 hours, days, weeks, months or years, not \(value)")
    }
    self.value = value
    self.unit = unit
  }

  private static let letters: [(text: String, unit: Unit)] = [
    ("h", .hour), ("d", .day), ("w", .week), ("mo", .month), ("y", .year),
  ]

  /// Reads what people type: `12h`, `30d`, `2w`, `3mo`, `1y`.
  ///
  /// - Parameter text: the text.
  /// - Throws: ``BackupError`` with `invalidValue`.
  public init(parsing text: String) throws(BackupError) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(digits.count)
    guard let value = Int(digits), let unit = Self.letters.first(where: { $0.text == rest })?.unit else {
      throw BackupError(
        .invalidValue, "'\(text)' is no retention: a number and h, d, w, mo or y is one, such as 30d or 1y")
    }
    try self.init(value, unit)
  }

  /// The form that can be typed.
  public var description: String {
    "\(value)\(Self.letters.first { $0.unit == unit }?.text ?? "")"
  }

  /// When it ends.
  ///
  /// - Parameter start: when it begins.
  /// - Returns: so many months or years later the same time of the same day, or of the month's last day; or so many
  ///   hours, days or weeks later.
  public func end(from start: Timestamp) -> Timestamp {
    let count = Int64(value)
    switch unit {
    case .hour: return start.adding(seconds: count * 3600)
    case .day: return start.adding(seconds: count * 86400)
    case .week: return start.adding(seconds: count * 604800)
    case .month: return start.adding(months: count)
    case .year: return start.adding(months: count * 12)
    }
  }

  /// When it must have begun to end at a moment.
  ///
  /// - Parameter end: the moment.
  public func start(endingAt end: Timestamp) -> Timestamp {
    let count = Int64(value)
    switch unit {
    case .hour: return end.adding(seconds: -count * 3600)
    case .day: return end.adding(seconds: -count * 86400)
    case .week: return end.adding(seconds: -count * 604800)
    case .month: return end.adding(months: -count)
    case .year: return end.adding(months: -count * 12)
    }
  }
}
