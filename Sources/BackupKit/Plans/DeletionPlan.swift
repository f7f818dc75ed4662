// SPDX-License-Identifier: Apache-2.0

/// What a deletion takes with it, before anything is removed.
internal import SystemIO

/// Backups that are to be deleted, in the order in which they will be: children before what they build on.
public struct DeletionPlan: Hashable, Sendable {
  /// Backups that are merged before anything is deleted, in this order: each is replaced by an archive that needs no
  /// parent.
  public let merges: [BackupRecord]
  /// The backups that are deleted.
  public let members: [BackupRecord]
  /// What the deleted backups free in the repository, in bytes; what merged ones grow by is not known before.
  public var freed: UInt64 { members.reduce(0) { $0 &+ $1.sizes.freed } }

  init(_ members: [BackupRecord], merges: [BackupRecord] = []) {
    self.members = members
    self.merges = merges
  }
}

extension Repository {
  /// What deleting a backup means.
  ///
  /// - Parameters:
  ///   - id: the backup.
  ///   - children: what becomes of backups that build on it.
  /// - Returns: the plan; ``delete(_:_:_:merged:removed:)`` does exactly what it says.
  /// - Throws: ``BackupError`` with `notFound`; `isProtected` when it, or one that would go with it, is protected;
  ///   `isNeeded` when others build on it and neither go too nor can be merged; `illegalMove` when one of them is being
  ///   made.
  public func deletionPlan(
    for id: BackupID, children: DeletionPlan.Children = .refuse
  ) throws(BackupError) -> DeletionPlan {
    let records = try records()
    guard let record = records.first(where: { $0.id == id }) else {
      throw BackupError(.notFound, "there is no backup \(id)", backups: [id])
    }
    if children == .merge {
      let (merges, useless) = try Self.dependents(of: record, in: records)
      let members = (useless + [record]).sorted(by: Self.isRemovedBefore)
      try check(members, for: record)
      return DeletionPlan(members, merges: merges)
    }
    let members = Self.withDescendants([id], in: records)
    guard children == .delete || members.count == 1 else {
      let needing = members.dropLast()
      throw BackupError(
        .isNeeded, "'\(record.name)' is needed by \(Self.list(needing.map(\.name)))", backups: needing.map(\.id))
    }
    try check(members, for: record)
    return DeletionPlan(members)
  }

  /// The backups that build directly on one: those that can be merged, and those that came to nothing and go with it.
  ///
  /// - Throws: ``BackupError`` with `isNeeded` when one of them can still be gone on with.
  private static func dependents(
    of record: BackupRecord, in records: [BackupRecord]
  ) throws(BackupError) -> (merges: [BackupRecord], useless: [BackupRecord]) {
    let children = records.filter { $0.parent == record.id }
    if let other = children.first(where: { $0.state != .complete && !$0.isUseless && !$0.state.isActive }) {
      throw BackupError(
        .isNeeded, "'\(other.name)', which builds on '\(record.name)', is \(other.state.rawValue): it cannot be merged",
        backups: [other.id])
    }
    return (children.filter { $0.state == .complete }, children.filter { $0.state != .complete })
  }

  /// Some backups and all that build on them, children first.
  static func withDescendants(_ ids: Set<BackupID>, in records: [BackupRecord]) -> [BackupRecord] {
    let children = Dictionary(grouping: records.filter { $0.parent != nil }) { $0.parent }
    var found = ids
    var work = Array(ids)
    while let next = work.popLast() {
      for child in children[next] ?? [] where found.insert(child.id).inserted { work.append(child.id) }
    }
    return records.filter { found.contains($0.id) }.sorted(by: isRemovedBefore)
  }

  /// Deeper ones first, then newer ones: a child is always deeper than its parent.
  static func isRemovedBefore(_ left: BackupRecord, _ right: BackupRecord) -> Bool {
    (left.depth, left.createdAt, left.id) > (right.depth, right.createdAt, right.id)
  }

  private func check(_ members: [BackupRecord], for record: BackupRecord) throws(BackupError) {
    if let kept = members.first(where: \.isProtected) {
      let which =
        kept.id == record.id
        ? "'\(record.name)' is protected" : "'\(kept.name)', which would have to go with '\(record.name)', is protected"
      throw BackupError(.isProtected, which, backups: [kept.id])
    }
    for busy in members where busy.state.isActive {
      // What a service has left, and nobody makes now, may go.
      if busy.hasAttemptsOfService, try isFree(busy.instance) { continue }
      throw BackupError(.illegalMove, "'\(busy.name)' is being made", backups: [busy.id])
    }
  }

  /// A few names in a sentence.
  static func list(_ names: [String]) -> String {
    let shown = names.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
  }

  /// Deletes backups, after merging those that the plan says are to be merged first.
  ///
  /// A backup is merged by checking the merged archive and putting it in the place of the old one. When all are, those to
  /// be deleted are marked, then they are removed, children first; of each archive, index, record. Should the process end
  /// in between, the next one goes on with the deletion if it had begun.
  ///
  /// - Parameters:
  ///   - plan: which. What has changed since it was made keeps it from being done: nothing is deleted then.
  ///   - options: how to merge.
  ///   - observer: who is told how far a merge is, and who may end it.
  ///   - merged: is told of each that was merged, as it is now.
  ///   - removed: is told of each that was removed.
  /// - Throws: ``BackupError`` with `locked`, `isProtected`, `isNeeded`, `illegalMove`, `cancelled`, or what archives and
  ///   the storage throw.
  public func delete(
    _ plan: DeletionPlan, _ options: BackupMergeOptions = .init(), _ observer: BackupObserver = .init(),
    merged: (BackupRecord) -> Void = { _ in }, removed: (BackupRecord) -> Void = { _ in }
  ) throws(BackupError) {
    // What is merged needs more room than is kept.
    guard plan.merges.isEmpty else { return try carryOut(plan, options, observer, merged, removed) }
    try makingRoom { () throws(BackupError) in try carryOut(plan, options, observer, merged, removed) }
  }

  private func carryOut(
    _ plan: DeletionPlan, _ options: BackupMergeOptions, _ observer: BackupObserver,
    _ merged: (BackupRecord) -> Void, _ removed: (BackupRecord) -> Void
  ) throws(BackupError) {
    var locks: [HeldLocks] = []
    defer { for lock in locks { lock.release() } }
    let operation = plan.members.isEmpty ? "merge" : "delete"
    let instances = Set((plan.members + plan.merges).map(\.instance)).sorted()
    for instance in instances { locks.append(try lock(instance, .exclusive, operation)) }
    // What an interrupted merge has left.
    for instance in instances { try removeAbandoned(of: instance) }
    if plan.members.contains(where: \.state.isActive) {
      let going = Set(plan.members.map(\.id))
      for instance in instances { try settleHeld(instance) { going.contains($0) } }
    }
    let members = try currentMembers(of: plan)
    for planned in plan.merges { merged(try replaceHeld(planned.id, options, observer)) }
    for member in members {
      try change(member.id) { (record) throws(BackupError) in
        guard record.state != .deleting else { return }
        try record.move(to: .deleting, at: clock())
      }
    }
    for member in members {
      do throws(BackupError) { try erase(member) } catch {
        try change(member.id) { (record) throws(BackupError) in
          record.failure = .init(code: error.code.description, reason: error.reason)
          try record.move(to: .deleteFailed, at: clock(), error.reason)
        }
        throw error
      }
      removed(member)
    }
  }

  /// The members of a plan as they are now, with nothing against their going.
  private func currentMembers(of plan: DeletionPlan) throws(BackupError) -> [BackupRecord] {
    var members: [BackupRecord] = []
    for planned in plan.members {
      // The state files say what holds, whatever the catalogue says.
      let member: BackupRecord
      do throws(BackupError) { member = try state(of: planned.id) } catch {
        guard error.code == .notFound else { throw error }
        continue
      }
      // What was to go because nothing kept it may have been promised since.
      guard member.retention == planned.retention, member.isKeptForever == planned.isKeptForever else {
        throw BackupError(
          .illegalMove, "how long '\(member.name)' is kept has been changed meanwhile", backups: [member.id])
      }
      members.append(member)
    }
    for planned in plan.merges { try Self.checkMergeable(try state(of: planned.id)) }
    let gone = Set(members.map(\.id))
    for member in members {
      if member.isProtected {
        throw BackupError(.isProtected, "'\(member.name)' is protected", backups: [member.id])
      }
      if member.state.isActive {
        throw BackupError(.illegalMove, "'\(member.name)' is being made", backups: [member.id])
      }
    }
    let merging = Set(plan.merges.map(\.id))
    let all = try withCatalogue { (catalogue) throws(BackupError) in try catalogue.records() }
    if let child = all.first(where: { record in
      record.parent.map { gone.contains($0) } ?? false && !gone.contains(record.id) && !merging.contains(record.id)
    }) {
      throw BackupError(.isNeeded, "'\(child.name)' needs one that was to be deleted", backups: [child.id])
    }
    return members
  }
}
