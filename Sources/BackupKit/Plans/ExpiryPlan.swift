// SPDX-License-Identifier: Apache-2.0

/// Which backups go by themselves because their time is over.
internal import SystemIO

extension Repository {
  /// Backups whose time is over, and that nothing keeps.
  ///
  /// Expiry is a deletion with all that builds on the backup. One that a living backup needs, because that is protected, is
  /// being made, or has time left, waits for it; what builds on it and came to nothing keeps nobody.
  ///
  /// - Returns: a plan for each instance that has such backups; ``delete(_:_:_:merged:removed:)`` does what it says.
  /// - Throws: what the storage throws.
  public func expiryPlans() throws(BackupError) -> [DeletionPlan] {
    let now = clock()
    let records = try writtenRecords()
    func canGo(_ record: BackupRecord) -> Bool {
      if record.isProtected || record.state.isActive || record.state == .deleting { return false }
      return record.isExpired(at: now) || record.state != .complete && !record.isResumable
    }
    guard records.contains(where: { $0.isExpired(at: now) && canGo($0) }) else { return [] }
    let parents = Dictionary(records.map { ($0.id, $0.parent) }) { first, _ in first }
    // What cannot go, and all that it needs.
    var kept = Set<BackupID>()
    for record in records where !canGo(record) {
      var next: BackupID? = record.id
      while let id = next, kept.insert(id).inserted { next = parents[id] ?? nil }
    }
    let over = records.filter { $0.isExpired(at: now) && !kept.contains($0.id) }
    let family = Self.withDescendants(Set(over.map(\.id)), in: records)
    return Dictionary(grouping: family, by: \.instance).sorted { $0.key < $1.key }.map { DeletionPlan($0.value) }
  }
}
