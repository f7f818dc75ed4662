// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// Records as the lines of a table, increments below what they build on.
struct BackupTree {
  private let records: [BackupRecord]
  private let isTree: Bool

  /// - Parameters:
  ///   - records: oldest first.
  ///   - isTree: whether increments stand below what they build on.
  init(_ records: [BackupRecord], isTree: Bool) {
    self.records = records
    self.isTree = isTree
  }

  /// The records in the order of the table, with what stands before their names.
  var ordered: [(branch: String, record: BackupRecord)] {
    guard isTree else { return records.map { ("", $0) } }
    let known = Set(records.map(\.id))
    let children = Dictionary(grouping: records.filter { $0.parent.map { known.contains($0) } ?? false }) { $0.parent }
    var rows: [(String, BackupRecord)] = []
    // Chains can be long: a list of work instead of a recursion. A straight chain does not wander to the right.
    var work: [(record: BackupRecord, branch: String, below: String)] =
      records
      .filter { $0.parent.map { !known.contains($0) } ?? true }.reversed().map { ($0, "", "") }
    while let (record, branch, below) = work.popLast() {
      rows.append((branch, record))
      let next = children[record.id] ?? []
      for (index, child) in next.enumerated().reversed() {
        let isLast = index == next.count - 1
        if next.count == 1, !branch.isEmpty {
          work.append((child, below + "└ ", below))
        } else {
          work.append((child, below + (isLast ? "└ " : "├ "), below + (isLast ? "  " : "│ ")))
        }
      }
    }
    return rows
  }

  /// The table.
  ///
  /// - Parameters:
  ///   - width: the columns of the terminal; nil for no bound.
  ///   - style: how headings look.
  func rendered(width: Int?, style: Style) -> String {
    let names = Dictionary(records.map { ($0.id, $0.name) }) { first, _ in first }
    let showsInstance = Set(records.map(\.instance)).count > 1
    // On a narrow terminal goes first what can be seen in another way.
    let room = width ?? .max
    let showsParent = room >= 120
    let showsForm = room >= 72
    let showsLogical = room >= 84
    var columns: [Table.Column] = [.text("NAME")]
    if showsInstance { columns.append(.text("INSTANCE")) }
    columns.append(.word("STATE"))
    if showsForm { columns.append(.word("KIND")) }
    if showsParent { columns.append(.text("PARENT")) }
    columns.append(.word("CREATED (UTC)"))
    if showsLogical { columns.append(.number("LOGICAL")) }
    columns += [.number("STORED"), .text("KEEP")]
    var table = Table(columns)
    for (branch, record) in ordered {
      let report = BackupReport(record: record)
      let isComplete = record.state == .complete
      var cells = [branch + Escaping.visible(record.name)]
      if showsInstance { cells.append(Escaping.visible(record.instance)) }
      cells.append(record.state.rawValue)
      if showsForm { cells.append(report.form) }
      if showsParent { cells.append(record.parent.map { names[$0].map { Escaping.visible($0) } ?? $0.short } ?? "-") }
      cells.append(BackupReport.minute(record.createdAt))
      if showsLogical { cells.append(isComplete ? "\(ByteCount(record.sizes.logical))" : "-") }
      cells += [isComplete ? "\(ByteCount(record.sizes.stored))" : "-", report.keep]
      table.add(cells)
    }
    return table.rendered(width: width, style: style)
  }
}
