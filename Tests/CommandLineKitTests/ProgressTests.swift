// SPDX-License-Identifier: Apache-2.0

/// The progress line at all widths and times, with a clock that the test turns.

import CommandLineKit
import Foundation
import Testing

@Suite struct ProgressTests {
  private let second: UInt64 = 1_000_000_000

  private func bar(total: UInt64?, seconds: UInt64, rate: UInt64, label: String = "file.bin") -> ProgressBar {
    var bar = ProgressBar(label: label, total: total, start: 5 * second)
    for tick in 1...max(1, seconds * 10) {
      bar.update(bytesIn: tick * rate / 10, bytesOut: tick * rate / 40, at: 5 * second + tick * second / 10)
    }
    return bar
  }

  @Test("no line is wider than the terminal, from 20 to 300 columns")
  func widths() {
    let labels = [
      "", "x", String(repeating: "long name ", count: 50), String(repeating: "日本", count: 60), "a\u{1B}[2J",
    ]
    for label in labels {
      for total in [nil, 0, 1 << 30, 1 << 62] as [UInt64?] {
        let bar = bar(total: total, seconds: 4, rate: 200 << 20, label: label)
        for columns in 20...300 {
          let line = bar.line(columns: columns)
          #expect(DisplayWidth.of(line) < columns)
          #expect(line.unicodeScalars.allSatisfy { Escaping.isPrintable($0) })
        }
        #expect(DisplayWidth.of(bar.line(columns: -5)) < 20)
        #expect(DisplayWidth.of(bar.line(columns: .max)) < 300)
      }
    }
  }

  @Test("a wide line has label, bar, percent, bytes, ratio, rate and time left")
  func content() {
    let line = bar(total: 1000 << 20, seconds: 4, rate: 100 << 20).line(columns: 120)
    #expect(line.hasPrefix("file.bin  [======"))
    for part in [" 40%", "400 MiB -> 100 MiB", "100 MiB/s", "ETA 0:06", "25.0 %"] { #expect(line.contains(part)) }
    let usual = bar(total: 1000 << 20, seconds: 4, rate: 100 << 20, label: "a/long/name.tar").line(columns: 80)
    #expect(usual.contains("[") && usual.hasPrefix("a/long/"))
    let narrow = bar(total: 1000 << 20, seconds: 4, rate: 100 << 20).line(columns: 30)
    #expect(narrow.hasPrefix(" 40%") || narrow.contains(" 40%"))
  }

  @Test("an unknown total shows a spinner and the time, never a percent of progress")
  func unknownTotal() {
    var bar = ProgressBar(label: "", total: nil, start: 0)
    bar.update(bytesIn: 10 << 20, at: 3 * second)
    let line = bar.line(columns: 100)
    #expect(line.hasPrefix("/  10.0 MiB") && line.hasSuffix("0:03") && !line.contains("%") && !line.contains("ETA"))
    bar.update(bytesIn: 11 << 20, at: 4 * second)
    #expect(bar.line(columns: 100).hasPrefix("-"))
  }

  @Test("100 % only when everything was read, and never more")
  func ends() {
    var bar = ProgressBar(label: "", total: 1000, start: 0)
    bar.update(bytesIn: 999, at: second)
    #expect(bar.line(columns: 80).contains(" 99%"))
    bar.update(bytesIn: 2000, at: 2 * second)
    #expect(bar.line(columns: 80).contains("100%"))
  }

  @Test("nothing in the first half second, no ETA in the first two")
  func delays() {
    var bar = ProgressBar(label: "", total: 1 << 30, start: second)
    bar.update(bytesIn: 1 << 20, at: second + 499_999_999)
    #expect(!bar.isVisible)
    bar.update(bytesIn: 1 << 20, at: second + 500_000_000)
    #expect(bar.isVisible)
    bar.update(bytesIn: 2 << 20, at: 2 * second)
    #expect(!bar.line(columns: 200).contains("ETA"))
    bar.update(bytesIn: 4 << 20, at: 3 * second)
    #expect(bar.line(columns: 200).contains("ETA"))
  }

  @Test("a clock or a count that goes backwards does no harm")
  func backwards() {
    var bar = ProgressBar(label: "", total: 100, start: 10 * second)
    bar.update(bytesIn: 50, at: 5 * second)
    bar.update(bytesIn: 10, at: 11 * second)
    bar.update(bytesIn: .max, bytesOut: .max, at: .max)
    bar.update(bytesIn: 0, at: 0)
    for columns in [20, 80] { #expect(DisplayWidth.of(bar.line(columns: columns)) < columns) }
    #expect(!bar.plainLine.isEmpty && !bar.jsonLine.isEmpty)
  }

  @Test("the rate follows a change within a few seconds")
  func rate() {
    var rate = ProgressRate(start: 0)
    #expect(rate.bytesPerSecond == nil && rate.remaining(of: 100, at: 5 * second) == nil)
    var bytes: UInt64 = 0
    for tick in 1...100 as ClosedRange<UInt64> {
      bytes += tick <= 50 ? 1000 : 100
      rate.update(bytes: bytes, at: tick * second / 10)
      if tick == 50 { #expect(abs((rate.bytesPerSecond ?? 0) - 10_000) < 1) }
    }
    // Five seconds after the fall, about a fifth of the difference is left.
    let left = (rate.bytesPerSecond ?? 0) - 1000
    #expect(left > 900 && left < 2700)
    #expect(rate.remaining(of: .max, at: 10 * second) == nil)
  }

  @Test("plain and JSON lines, and the sequences for the terminal")
  func lines() throws {
    let bar = bar(total: 1000 << 20, seconds: 4, rate: 100 << 20)
    #expect(bar.plainLine == "file.bin: 40%, 400 MiB -> 100 MiB, 100 MiB/s, ETA 0:06, to 25.0 %, 0:04\n")
    let object = try JSONSerialization.jsonObject(with: Data(bar.jsonLine.utf8)) as? [String: Any]
    #expect(object?["bytes_in"] as? Int == 400 << 20 && object?["type"] as? String == "progress")
    #expect(object?["elapsed"] as? Double == 4 && object?["bytes_total"] as? Int == 1000 << 20)
    #expect(ProgressBar.eraseSequence == "\r\u{1B}[K")
    #expect(bar.drawing(columns: 80) == "\r" + bar.line(columns: 80) + "\u{1B}[K")
    #expect(ProgressBar.interval(perSecond: 50) == 100_000_000 && ProgressBar.interval(perSecond: -1) == second)
  }
}
