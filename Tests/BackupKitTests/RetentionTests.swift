// SPDX-License-Identifier: Apache-2.0

// How long backups are kept: by the calendar for months and years.
import BackupKit
import SystemIO
import Testing

@Suite("retention")
struct RetentionTests {
  private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

  @Test(
    "a retention ends by the calendar",
    arguments: [
      ("12h", "2026-01-31T10:00:00Z", "2026-01-31T22:00:00Z"), ("30d", "2026-01-31T10:00:00Z", "2026-03-02T10:00:00Z"),
      ("2w", "2026-02-20T10:00:00Z", "2026-03-06T10:00:00Z"), ("1mo", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
      ("1mo", "2024-01-31T10:00:00Z", "2024-02-29T10:00:00Z"), ("12mo", "2024-02-29T10:00:00Z", "2025-02-28T10:00:00Z"),
      ("4y", "2024-02-29T10:00:00Z", "2028-02-29T10:00:00Z"), ("1y", "2024-02-29T10:00:00Z", "2025-02-28T10:00:00Z"),
      ("1mo", "2026-12-31T23:59:59.5Z", "2027-01-31T23:59:59.5Z"),
      ("100y", "2000-02-29T00:00:00Z", "2100-02-28T00:00:00Z"),
    ])
  func ends(_ retention: String, _ start: String, _ end: String) throws {
    #expect(try Retention(parsing: retention).end(from: time(start)) == time(end))
    #expect(try Retention(parsing: retention).description == retention)
  }

  @Test(
    "a retention is 1 to 1000 of hour, day, week, month, year",
    arguments: ["0d", "1001d", "5", "d", "-1d", "1m", "1.5d", ""])
  func refused(_ text: String) {
    #expect(throws: BackupError.self) { try Retention(parsing: text) }
  }

  @Test("all days from 1600 to 2400 are counted as the calendar has them")
  func days() {
    var date = CivilDate(year: 1600, month: 1, day: 1)
    var number = date.daysSince1970
    while date.year < 2401 {
      #expect(CivilDate(daysSince1970: number) == date)
      if date.daysSince1970 != number { Issue.record("\(date)") }
      number += 1
      date.day += 1
      if date.day > CivilDate.days(inMonth: date.month, of: date.year) {
        date.day = 1
        date.month += 1
      }
      if date.month > 12 {
        date.month = 1
        date.year += 1
      }
    }
  }

  @Test("what leads beyond all times leads to the last one, or the first", arguments: Retention.Unit.allCases)
  func far(_ unit: Retention.Unit) throws {
    let long = try Retention(1000, unit)
    #expect(long.end(from: Timestamp(seconds: .max)).seconds == .max)
    #expect(long.end(from: Timestamp(seconds: .max - 3600)).seconds == .max)
    #expect(long.start(endingAt: Timestamp(seconds: .min)).seconds == .min)
    #expect(Timestamp(seconds: 0).adding(months: .max).seconds == .max)
    #expect(Timestamp(seconds: 0).adding(months: .min).seconds == .min)
  }

  @Test(
    "times are read as they are written",
    arguments: [
      "1970-01-01T00:00:00Z", "2026-04-12T02:00:00.123456789Z", "1969-12-31T23:59:59.999999999Z",
      "0001-01-01T00:00:00Z",
    ])
  func times(_ text: String) throws {
    let digits = text.contains(".") ? 9 : 0
    #expect(try time(text).rfc3339(fractionDigits: digits) == text)
  }

  @Test("a time with an offset is that time in UTC")
  func offset() throws {
    #expect(try time("2026-04-12T02:00:00+02:00") == time("2026-04-12T00:00:00Z"))
    for text in [
      "2026-02-29T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "x", "2026-01-01T00:00:00.Z",
    ] {
      #expect(Timestamp(rfc3339: text) == nil, "\(text)")
    }
  }
}
