// SPDX-License-Identifier: Apache-2.0

/// What merging a backup means, before anything is written.

extension DeletionPlan {
  /// What becomes of the backups that build directly on one that is deleted.
  public enum Children: Hashable, Sendable {
    /// They keep it from being deleted.
    case refuse
    /// They go too, and so does what builds on them.
    case delete
    /// Each is merged first: it becomes an archive that needs no parent, under the same identifier.
    case merge
  }
}

extension Repository {
  /// What it means that a backup is replaced by one that needs no parent.
  ///
  /// The backup keeps identifier, name, retention, protection, and the backups that build on it. What it was made upon goes
  /// as far as nothing else needs it: a protected ancestor stays, one that other backups build on does, and what these
  /// need.
  ///
  /// - Parameter id: the backup.
  /// - Returns: the plan; ``delete(_:_:_:merged:removed:)`` does exactly what it says.
  /// - Throws: ``BackupError`` with `notFound`; `illegalMove` when it is not complete, or builds on no other.
  public func replacementPlan(for id: BackupID) throws(BackupError) -> DeletionPlan {
    let records = try records()
    guard let record = records.first(where: { $0.id == id }) else {
      throw BackupError(.notFound, "there is no backup \(id)", backups: [id])
    }
    try Self.checkMergeable(record)
    let byID = Dictionary(records.map { ($0.id, $0) }) { first, _ in first }
    let children = Dictionary(grouping: records.filter { $0.parent != nil }) { $0.parent }
    var members: [BackupRecord] = []
    var last = record.id
    while let next = byID[last]?.parent.flatMap({ byID[$0] }), !next.isProtected, !next.state.isActive {
      let others = (children[next.id] ?? []).filter { $0.id != last }
      // What came to nothing needs nothing.
      guard others.allSatisfy({ $0.isUseless && !$0.isProtected }) else { break }
      members += others + [next]
      last = next.id
    }
    return DeletionPlan(members.sorted(by: Self.isRemovedBefore), merges: [record])
  }

  /// Throws unless a backup is one that could need its parent no more.
  static func checkMergeable(_ record: BackupRecord) throws(BackupError) {
    guard record.state == .complete else {
      throw BackupError(
        .illegalMove, "the backup '\(record.name)' is \(record.state.rawValue), not complete", backups: [record.id])
    }
    guard record.parent != nil else {
      throw BackupError(
        .illegalMove, "the backup '\(record.name)' builds on no other: there is nothing to merge",
        backups: [record.id])
    }
  }
}
