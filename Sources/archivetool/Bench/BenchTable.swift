// SPDX-License-Identifier: Apache-2.0

import CommandLineKit

/// The results as a table for a terminal, with as many columns as fit.
struct BenchTable {
  let report: BenchReport
  /// The cases in the order of the plan, those without results included, while it is being filled.
  var pending: [BenchCase] = []

  private struct Column {
    /// The heading, and a shorter one for narrow terminals.
    let title: String
    let short: String
    /// Those with the highest number go first when there is no room.
    let rank: Int
    let cell: (BenchResult) -> String
  }

  private var columns: [Column] {
    var columns = [
      Column(title: "ratio", short: "ratio", rank: 0) { SpeedText.ratio($0.ratio) },
      Column(title: "compress", short: "comp", rank: 0) { SpeedText.megabytes($0.compressSpeed) },
      Column(title: "decompress", short: "dec", rank: 1) { SpeedText.megabytes($0.decompressSpeed) },
    ]
    let cpu = [
      Column(title: "compress/CPU", short: "comp/CPU", rank: 5) { SpeedText.megabytes($0.compressCPUSpeed) },
      Column(title: "decompress/CPU", short: "dec/CPU", rank: 6) { SpeedText.megabytes($0.decompressCPUSpeed) },
    ]
    columns += cpu
    if report.results.contains(where: { $0.peakMemory != nil }) {
      columns.append(
        Column(title: "memory", short: "memory", rank: 3) { $0.peakMemory.map { "\(ByteCount($0))" } ?? "-" })
    }
    columns.append(
      Column(title: "spread", short: "±", rank: 4) { result in
        result.spread.map { SpeedText.percent($0) + ($0 > BusyMachine.largestSpread ? "!" : "") } ?? "-"
      })
    return columns
  }

  /// The lines of the table.
  ///
  /// - Parameters:
  ///   - width: the width of the terminal; `nil` for no bound.
  ///   - style: whether headings are bold.
  func rendered(width: Int?, style: Style) -> String {
    var chosen = columns
    var isShort = false
    while true {
      let text = table(chosen, isShort).rendered(style: .plain)
      let widest = text.split(separator: "\n").map { DisplayWidth.of($0) }.max() ?? 0
      guard let width, widest > width else { return table(chosen, isShort).rendered(style: style) }
      if let last = chosen.map(\.rank).max(), last > 1 {
        chosen.removeAll { $0.rank == last }
      } else if !isShort {
        isShort = true
      } else {
        return table(chosen, isShort).rendered(width: width, style: style)
      }
    }
  }

  private func table(_ columns: [Column], _ isShort: Bool) -> Table {
    var table = Table([.word(""), .text("codec")] + columns.map { .number(isShort ? $0.short : $0.title) })
    let front = Set(report.front)
    for (index, result) in report.results.enumerated() {
      let mark = front.contains(index) ? "*" : ""
      table.add([mark, name(result.case)] + columns.map { $0.cell(result) })
    }
    for item in pending where !report.results.contains(where: { $0.case == item }) {
      table.add(["", name(item)] + columns.map { _ in "…" })
    }
    return table
  }

  private func name(_ item: BenchCase) -> String {
    let several = report.hasThreads || pending.contains { $0.threads != 1 }
    return several ? item.fullName : item.name
  }

  /// What the columns mean.
  static let legend = """
    Speeds are MB of your data a second (1 MB = 1,000,000 bytes), by the clock and per second of CPU time; medians.
    * nothing measured here is both faster to compress and smaller.  Memory is what the codec takes at its peak.
    """
}
