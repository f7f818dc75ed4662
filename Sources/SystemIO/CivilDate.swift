// SPDX-License-Identifier: Apache-2.0

/// A day of the calendar, and how days are counted.

/// A day of the Gregorian calendar, extended to all years.
public struct CivilDate: Hashable, Sendable, Comparable {
  /// The year; there is a year 0.
  public var year: Int64
  /// The month, 1 to 12.
  public var month: Int64
  /// The day, 1 to 31.
  public var day: Int64

  /// Makes a date; nothing is checked.
  public init(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The date of a day. Counted in eras of 400 years that begin on 1 March, so that the leap day is the last of its
  /// year and months need no table.
  ///
  /// - Parameter daysSince1970: The number of the day; 0 is 1970-01-01.
  public init(daysSince1970: Int64) {
    let daysSinceYearZero = daysSince1970 &+ 719_468
    var (era, dayOfEra) = daysSinceYearZero.quotientAndRemainder(dividingBy: 146_097)
    if dayOfEra < 0 {
      dayOfEra += 146_097
      era -= 1
    }
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  /// The number of the day; 0 is 1970-01-01.
  public var daysSince1970: Int64 {
    let shifted = month <= 2 ? year - 1 : year
    var (era, yearOfEra) = shifted.quotientAndRemainder(dividingBy: 400)
    if yearOfEra < 0 {
      yearOfEra += 400
      era -= 1
    }
    let shiftedMonth = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// How many days a month has.
  ///
  /// - Parameters:
  ///   - month: The month, 1 to 12.
  ///   - year: The year.
  public static func days(inMonth month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// The number of the week that the day is in; weeks begin on Monday.
  public var weekSince1970: Int64 {
    // 1970-01-01 was a Thursday.
    let days = daysSince1970 &+ 3
    return days >= 0 ? days / 7 : (days - 6) / 7
  }

  /// The same day so many months later; where that month has no such day, its last one.
  ///
  /// - Parameter months: How many; may be negative.
  public func adding(months: Int64) -> CivilDate {
    let count = year * 12 + (month - 1) + months
    var (year, month) = count.quotientAndRemainder(dividingBy: 12)
    if month < 0 {
      month += 12
      year -= 1
    }
    return CivilDate(
      year: year, month: month + 1, day: min(day, Self.days(inMonth: month + 1, of: year)))
  }

  /// Earlier is less.
  public static func < (left: CivilDate, right: CivilDate) -> Bool {
    (left.year, left.month, left.day) < (right.year, right.month, right.day)
  }
}

extension Timestamp {
  /// The day in UTC, and the second of it.
  public var dayAndSecond: (date: CivilDate, second: Int64) {
    var (days, second) = seconds.quotientAndRemainder(dividingBy: 86400)
    if second < 0 {
      second += 86400
      days -= 1
    }
    return (CivilDate(daysSince1970: days), second)
  }

  /// The same time of day so many months later, in UTC; where that month has no such day, on its last one.
  ///
  /// - Parameter months: How many; may be negative. What leads beyond all times leads to the last one, or the first.
  public func adding(months: Int64) -> Timestamp {
    let (date, second) = dayAndSecond
    // There are fewer months than these between the first time and the last.
    let days = date.adding(months: min(max(months, -(1 << 43)), 1 << 43)).daysSince1970
    let (midnight, isFar) = days.multipliedReportingOverflow(by: 86400)
    guard !isFar else { return Timestamp(seconds: days < 0 ? .min : .max, nanoseconds: nanoseconds) }
    return Timestamp(seconds: midnight, nanoseconds: nanoseconds).adding(seconds: second)
  }

  /// So many seconds later.
  ///
  /// - Parameter more: How many; may be negative. What leads beyond all times leads to the last one, or the first.
  public func adding(seconds more: Int64) -> Timestamp {
    let (sum, isFar) = seconds.addingReportingOverflow(more)
    return Timestamp(seconds: isFar ? (more < 0 ? .min : .max) : sum, nanoseconds: nanoseconds)
  }

  /// The point in time that a text of RFC 3339 names; `nil` when it names none.
  ///
  /// - Parameter text: A date, `T`, a time, perhaps a fraction of up to nine digits, and `Z` or an offset such as
  ///   `+02:00`.
  public init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
      return bytes[range].reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
    func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
      index < bytes.count && bytes[index] == UInt8(ascii: character)
    }
    guard has("-", at: 4), has("-", at: 7), has("T", at: 10) || has("t", at: 10) || has(" ", at: 10),
      has(":", at: 13), has(":", at: 16), let year = number(0..<4), let month = number(5..<7),
      let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      (1...12).contains(month), day >= 1, day <= CivilDate.days(inMonth: month, of: year), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    var index = 19
    var nanoseconds: UInt32 = 0
    if has(".", at: index) {
      index += 1
      var factor: UInt32 = 100_000_000
      let start = index
      while index < bytes.count, let digit = number(index..<(index + 1)) {
        nanoseconds += UInt32(digit) * factor
        factor /= 10
        index += 1
      }
      guard index > start else { return nil }
    }
    var offset: Int64 = 0
    if has("Z", at: index) || has("z", at: index) {
      index += 1
    } else {
      guard has("+", at: index) || has("-", at: index), has(":", at: index + 3),
        let hours = number((index + 1)..<(index + 3)), let minutes = number((index + 4)..<(index + 6)), hours < 24,
        minutes < 60
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (has("-", at: index) ? -1 : 1)
      index += 6
    }
    guard index == bytes.count else { return nil }
    let days = CivilDate(year: year, month: month, day: day).daysSince1970
    self.init(seconds: days * 86400 + hour * 3600 + minute * 60 + second - offset, nanoseconds: nanoseconds)
  }
}
