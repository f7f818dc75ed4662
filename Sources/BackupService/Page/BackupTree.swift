// SPDX-License-Identifier: Apache-2.0

/// Backups in the order in which a tree shows them.
internal import BackupKit

/// A backup, and how deep it stands.
struct TreeRow {
  let record: BackupRecord
  let depth: Int
}

/// The tree of the backups of an instance: full ones from the newest on, each with what builds on it below it.
struct BackupTree {
  let rows: [TreeRow]

  init(_ records: some Sequence<BackupRecord>) {
    let records = Array(records)
    let known = Set(records.map(\.id))
    // A parent that is not there makes no row vanish.
    let children = Dictionary(grouping: records) { record in record.parent.flatMap { known.contains($0) ? $0 : nil } }
    var rows: [TreeRow] = []
    var work = (children[nil] ?? []).map { TreeRow(record: $0, depth: 0) }
    while let next = work.popLast() {
      rows.append(next)
      work += (children[next.record.id] ?? []).reversed().map { TreeRow(record: $0, depth: next.depth + 1) }
    }
    self.rows = rows
  }
}
