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

  /// What a column shows, and how dear it is: on a narrow terminal the cheapest go first, and with them what can be seen
  /// in another way.
  private enum Field: Int, CaseIterable {
    case parent, logical, form, instance, stored, created, state, keep, name

    var column: Table.Column {
      switch self {
      case .name: .word("NAME")
      case .instance: .text("INSTANCE")
      case .state: .word("STATE")
      case .form: .word("KIND")
      case .parent: .word("PARENT")
      case .created: .word("CREATED (UTC)")
      case .logical: .number("LOGICAL")
      case .stored: .number("STORED")
      case .keep: .text("KEEP")
      }
    }

    /// In the order of the table.
    static let ordered: [Field] = [.name, .instance, .state, .form, .parent, .created, .logical, .stored, .keep]
    /// Enough of the last column for a day.
    static let leastKeep = 16
  }

  /// The table.
  ///
  /// - Parameters:
  ///   - width: the columns of the terminal; nil for no bound.
  ///   - style: how headings look.
  func rendered(width: Int?, style: Style) -> String {
    let names = Dictionary(records.map { ($0.id, $0.name) }) { first, _ in first }
    let rows = ordered.map { branch, record in
      Field.ordered.map { cell($0, branch, record, names) }
    }
    var fields = Field.ordered
    if Set(records.map(\.instance)).count < 2 { fields.removeAll { $0 == .instance } }
    func needed() -> Int {
      fields.reduce(-2) { sum, field in
        let index = Field.ordered.firstIndex(of: field) ?? 0
        let cells = rows.map { DisplayWidth.of($0[index]) } + [DisplayWidth.of(field.column.title)]
        let widest = cells.max() ?? 0
        return sum + 2 + (field == .keep ? min(widest, Field.leastKeep) : widest)
      }
    }
    for field in Field.allCases where field != .name {
      guard let width, needed() > width else { break }
      fields.removeAll { $0 == field }
    }
    var table = Table(fields.map(\.column))
    for row in rows { table.add(fields.compactMap { field in Field.ordered.firstIndex(of: field).map { row[$0] } }) }
    return table.rendered(width: width, style: style)
  }

  private func cell(
    _ field: Field, _ branch: String, _ record: BackupRecord, _ names: [BackupID: String]
  ) -> String {
    let report = BackupReport(record: record)
    let isComplete = record.state == .complete
    switch field {
    case .name: return branch + Escaping.visible(record.name)
    case .instance: return Escaping.visible(record.instance)
    case .state: return record.state.rawValue
    case .form: return report.form
    case .parent: return record.parent.map { names[$0].map { Escaping.visible($0) } ?? $0.short } ?? "-"
    case .created: return BackupReport.minute(record.createdAt)
    case .logical: return isComplete ? "\(ByteCount(record.sizes.logical))" : "-"
    case .stored: return isComplete ? "\(ByteCount(record.sizes.stored))" : "-"
    case .keep: return report.keep
    }
  }
}
