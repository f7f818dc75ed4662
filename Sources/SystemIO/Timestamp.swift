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
    let (date, second) = dayAndSecond
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

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
