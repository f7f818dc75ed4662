// SPDX-License-Identifier: Apache-2.0

/// A point in time as file systems keep it, and its text form.

/// Seconds since 1970-01-01T00:00:00Z and nanoseconds, without leap seconds; negative seconds are before that.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Whole seconds, rounded down.
  public var seconds: Int64
  /// The rest, 0 to 999 999 999.
  public var nanoseconds: UInt32

  /// Makes a point in time; `nanoseconds` above 999 999 999 become that.
  public init(seconds: Int64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = min(nanoseconds, 999_999_999)
  }

  /// Nanoseconds since 1970, as far as 64 bits reach: from 1677 to 2262.
  public var nanosecondsSince1970: Int64 {
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, carry) = whole.addingReportingOverflow(Int64(nanoseconds))
    return carry ? .max : sum
  }

  /// Earlier is less.
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  /// The form of RFC 3339 in UTC with whole seconds: `2024-02-29T12:00:00Z`.
  public var description: String { rfc3339() }

  /// The form of RFC 3339 in UTC.
  ///
  /// Years outside 0 to 9999, which that standard does not have, are written with a sign and all their digits.
  ///
  /// - Parameter fractionDigits: Digits after the second, 0 to 9; further digits are cut, not rounded.
  /// - Returns: The text, such as `2024-02-29T12:00:00.25Z`.
  public func rfc3339(fractionDigits: Int = 0) -> String {
    var (days, second) = seconds.quotientAndRemainder(dividingBy: 86400)
    if second < 0 {
      second += 86400
      days -= 1
    }
    let date = Timestamp.civilDate(daysSince1970: days)
    let year: String
    if (0...9999).contains(date.year) {
      year = Timestamp.padded(date.year, 4)
    } else {
      year = (date.year < 0 ? "-" : "+") + Timestamp.padded(abs(date.year), 4)
    }
    var text = "\(year)-\(Timestamp.padded(date.month, 2))-\(Timestamp.padded(date.day, 2))T"
    text += "\(Timestamp.padded(second / 3600, 2)):\(Timestamp.padded(second / 60 % 60, 2))"
    text += ":\(Timestamp.padded(second % 60, 2))"
    let digits = min(max(fractionDigits, 0), 9)
    if digits > 0 { text += "." + Timestamp.padded(Int64(nanoseconds), 9).prefix(digits) }
    return text + "Z"
  }

  /// The date in the Gregorian calendar, counted in eras of 400 years that begin on 1 March, so that the leap day is
  /// the last of its year and months need no table.
  static func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let daysSinceYearZero = daysSince1970 + 719_468
    var (era, dayOfEra) = daysSinceYearZero.quotientAndRemainder(dividingBy: 146_097)
    if dayOfEra < 0 {
      dayOfEra += 146_097
      era -= 1
    }
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, day)
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
