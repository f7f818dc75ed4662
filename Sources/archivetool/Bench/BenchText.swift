// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// The whole result for people: the table, what it means, and what to make of it.
enum BenchText {
  /// - Parameters:
  ///   - report: the results.
  ///   - width: the width of the terminal; `nil` for no bound.
  ///   - style: how headings look.
  static func of(_ report: BenchReport, width: Int?, style: Style) -> String {
    let room = width.map { max(30, $0) } ?? 100
    var lines = TextWrap.lines("\(report.corpus.summary), on \(machine(report))", width: room)
    lines.append("")
    lines += BenchTable(report: report).rendered(width: width, style: style).split(separator: "\n").map(String.init)
    lines.append("")
    for line in BenchTable.legend.split(separator: "\n") { lines += TextWrap.lines(String(line), width: room) }
    if !report.busyReasons.isEmpty {
      let reasons = report.busyReasons.joined(separator: "; ")
      lines += TextWrap.lines("busy machine, take the figures with care: \(reasons)", width: room)
    }
    if report.corpus.size < smallSample {
      lines += TextWrap.lines("little data: the speeds are mostly those of starting and ending a stream", width: room)
    }
    if report.isPartial { lines += TextWrap.lines("stopped early: this is what there was", width: room) }
    lines.append("")
    lines += recommendations(report, room, style)
    return lines.joined(separator: "\n")
  }

  /// Below this the cost of making an engine is a part of every speed.
  private static let smallSample: UInt64 = 1 << 20

  private static func machine(_ report: BenchReport) -> String {
    "\(report.machine.processor), \(report.machine.cores) \(report.machine.cores == 1 ? "core" : "cores")"
  }

  private static func recommendations(_ report: BenchReport, _ room: Int, _ style: Style) -> [String] {
    var lines: [String] = []
    for item in report.recommendations {
      let name = item.choice.map { report.name(report.results[$0]) } ?? "-"
      lines.append("\(item.purpose): \(style.apply(.bold, name))")
      lines += TextWrap.lines(item.effect, width: room, indent: 2)
      lines += TextWrap.lines("rule: " + item.rule, width: room, indent: 2).map { style.apply(.dim, $0) }
    }
    return lines
  }
}
