// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// The table on a terminal while it is being filled, with a line under it that says how far the run is.
///
/// It is drawn between two measurements, never during one, and by the thread that measures: no other thread takes time
/// from what is measured.
final class LiveTable {
  private let console: Console
  private let style: Style
  private let start = MonotonicClock.now
  private var last: UInt64 = 0

  init(_ console: Console, _ style: Style) {
    self.console = console
    self.style = style
  }

  /// Draws what there is.
  func draw(_ table: BenchTable, _ progress: BenchRunner.Progress) {
    let now = MonotonicClock.now
    // Not for runs that are over at once, and not more often than one can see.
    guard now - start > ProgressBar.delayNanoseconds, now - last > 100_000_000 else { return }
    last = now
    let columns = min(max(Terminal.width(2) ?? 80, 20), 300)
    var lines = table.rendered(width: columns - 1, style: style).split(separator: "\n").map(String.init)
    // What does not fit on the screen could not be drawn over again.
    let room = max(3, (Terminal.height(2) ?? 24) - 2)
    if lines.count > room - 1 {
      let hidden = lines.count - (room - 2)
      lines = [lines[0]] + lines.dropFirst(1 + hidden) + ["(\(hidden) more lines)"]
    }
    lines.append(Self.line(progress, columns: columns - 1))
    let up = lines.count - 1
    let eraser = "\r" + (up > 0 ? "\u{1B}[\(up)A" : "") + "\u{1B}[J"
    console.redraw(lines.joined(separator: "\n"), eraser: eraser)
  }

  /// The line that says how far the run is.
  static func line(_ progress: BenchRunner.Progress, columns: Int) -> String {
    let percent = DisplayWidth.padded("\(Int(progress.share * 100))%", to: 4, isRightAligned: true)
    let phase = progress.round == 0 ? "warm-up" : "run \(progress.round) of \(progress.rounds)"
    var parts = [percent, "\(progress.item.fullName): \(phase)"]
    if let remaining = progress.remaining {
      parts.append("about \(DurationText.clock(.nanoseconds(Int64(remaining * 1e9)))) left")
    }
    let text = parts.joined(separator: "  ")
    let barRoom = columns - DisplayWidth.of(text) - 2
    guard barRoom >= 12 else { return DisplayWidth.truncated(text, to: columns) }
    let inner = min(barRoom, 32) - 2
    let filled = Int(progress.share * Double(inner))
    let bar = "[" + String(repeating: "=", count: filled) + String(repeating: " ", count: inner - filled) + "]"
    return bar + " " + text
  }

  /// Removes it.
  func erase() { console.erase() }
}
