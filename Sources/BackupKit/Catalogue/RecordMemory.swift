// SPDX-License-Identifier: Apache-2.0

/// Records that were read once, and what has changed since.
internal import SystemIO

/// All records of a catalogue as they were at a change, oldest first.
struct RecordMemory {
  /// The last change that the records know of; `nil` when nothing was read yet.
  private(set) var numbering: Catalogue.Numbering?
  /// The records in the order of the catalogue: by time, depth and identifier.
  private(set) var records: [BackupRecord] = []

  /// One that knows nothing.
  init() {}

  /// - Parameters:
  ///   - records: all, in their order.
  ///   - numbering: the last change that they know of.
  init(_ records: [BackupRecord], at numbering: Catalogue.Numbering) {
    self.records = records
    self.numbering = numbering
  }

  /// Takes over what has changed.
  ///
  /// - Parameters:
  ///   - changed: the records that are new or others now.
  ///   - removed: those that were removed; one that is there again is among the changed ones too.
  ///   - numbering: the last change of these.
  mutating func update(_ changed: [BackupRecord], removed: [BackupID], at numbering: Catalogue.Numbering) {
    self.numbering = numbering
    var fresh = Dictionary(changed.map { ($0.id, $0) }) { _, last in last }
    var gone = Set(removed).subtracting(fresh.keys)
    // From the end on, where what changes mostly is.
    for place in records.indices.reversed() {
      if fresh.isEmpty, gone.isEmpty { return }
      let id = records[place].id
      if gone.remove(id) != nil {
        records.remove(at: place)
      } else if let record = fresh[id] {
        let old = records[place]
        if !Self.isBefore(old, record), !Self.isBefore(record, old) {
          records[place] = record
          fresh[id] = nil
        } else {
          // Elsewhere now: like a new one.
          records.remove(at: place)
        }
      }
    }
    for record in fresh.values { records.insert(record, at: place(of: record)) }
  }

  /// Where a record belongs that is not there.
  private func place(of record: BackupRecord) -> Int {
    var (low, high) = (0, records.count)
    while low < high {
      let middle = (low + high) / 2
      if Self.isBefore(records[middle], record) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The order of the catalogue, as its query has it.
  private static func isBefore(_ left: BackupRecord, _ right: BackupRecord) -> Bool {
    let (first, second) = (left.createdAt.nanosecondsSince1970, right.createdAt.nanosecondsSince1970)
    if first != second { return first < second }
    if left.depth != right.depth { return left.depth < right.depth }
    return left.id.description < right.id.description
  }
}
