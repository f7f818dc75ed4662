// SPDX-License-Identifier: Apache-2.0

// Deleting, expiring and pruning: what goes, what stays, and for whom.
import BackupKit
import SystemIO
import Testing

@Suite("deleting and pruning")
struct DeletionTests {
  /// A full backup, two children, and a grandchild.
  private func family(_ test: TestRepository) throws -> [String: BackupRecord] {
    let full = try test.backUp("full")
    let left = try test.backUp("left", parent: .backup(full.id))
    let right = try test.backUp("right", parent: .backup(full.id))
    let below = try test.backUp("below", parent: .backup(left.id))
    return ["full": full, "left": left, "right": right, "below": below]
  }

  @Test("a backup with children is not deleted alone")
  func needed() throws {
    let test = try TestRepository()
    let all = try family(test)
    let error = expectError(.isNeeded) {
      try test.repository.deletionPlan(for: try #require(all["left"]).id)
    }
    #expect(error?.backups.first == all["below"]?.id)
    #expect(try test.names.count == 4)
  }

  @Test("cascade takes children at any depth, children first, and the plan is what is done")
  func cascade() throws {
    let test = try TestRepository()
    let all = try family(test)
    let plan = try test.repository.deletionPlan(for: try #require(all["full"]).id, children: .delete)
    #expect(plan.members.map(\.name) == ["below", "right", "left", "full"])
    #expect(plan.freed == all.values.reduce(0) { $0 + $1.sizes.freed })
    var removed: [String] = []
    try test.repository.delete(plan, removed: { removed.append($0.name) })
    #expect(removed == plan.members.map(\.name))
    #expect(try test.names.isEmpty)
    for folder in [StorageFolder.archives, .indexes, .state, .partial] {
      #expect(try test.storage.names(in: folder).isEmpty)
    }
  }

  @Test("a protected member anywhere stops the whole deletion before anything is removed")
  func protected() throws {
    let test = try TestRepository()
    let all = try family(test)
    let full = try #require(all["full"])
    let plan = try test.repository.deletionPlan(for: full.id, children: .delete)
    _ = try test.repository.update(try #require(all["below"]).id, .init { $0.isProtected = true })
    expectError(.isProtected) { try test.repository.deletionPlan(for: full.id, children: .delete) }
    // Also when it was protected after the plan was made, by another process.
    expectError(.isProtected) { try test.repository.delete(plan) }
    #expect(try test.repository.records().allSatisfy { $0.state == .complete })
    #expect(try test.names.count == 4)
  }

  @Test("a child that came after the plan stops the deletion")
  func lateChild() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let plan = try test.repository.deletionPlan(for: full.id)
    try test.backUp("child", parent: .backup(full.id))
    expectError(.isNeeded) { try test.repository.delete(plan) }
    #expect(try test.names == ["full", "child"])
  }

  @Test("expiry takes what has outlived its retention, never what is protected, and children first")
  func expiry() throws {
    let test = try TestRepository()
    let day = BackupRequest.RetentionChoice.limited(try Retention(1, .day))
    let week = BackupRequest.RetentionChoice.limited(try Retention(1, .week))
    let full = try test.backUp("full") { $0.retention = day }
    try test.backUp("child", parent: .backup(full.id)) { $0.retention = week }
    try test.backUp("kept") { ($0.retention, $0.isProtected) = (day, true) }
    try test.backUp("forever")
    try test.backUp("short") { $0.retention = day }
    test.clock.advance(try Retention(2, .day))
    let policy = PrunePolicy { $0.removesExpired = true }
    let plan = try test.repository.prunePlan(policy)
    #expect(plan.deletion.members.map(\.name) == ["short"])
    #expect(plan.decisions.first { $0.record.name == "full" }?.reason == "needed by 'child'")
    #expect(plan.decisions.first { $0.record.name == "kept" }?.reason == "protected")
    try test.repository.delete(plan.deletion)
    test.clock.advance(try Retention(1, .week))
    let later = try test.repository.prunePlan(policy)
    #expect(later.deletion.members.map(\.name) == ["child", "full"])
    try test.repository.delete(later.deletion)
    #expect(try test.names == ["kept", "forever"])
  }

  @Test("the repository's retention holds when nothing else is asked for")
  func defaultRetention() throws {
    let test = try TestRepository(try Retention(30, .day))
    #expect(try test.backUp("usual").retention == Retention(30, .day))
    #expect(try test.backUp("ever") { $0.retention = .forever }.retention == nil)
    #expect(
      try test.backUp("year") { $0.retention = .limited(try! Retention(1, .year)) }.retention == Retention(1, .year))
  }

  @Test("prune keeps the newest of each period, of each instance by itself")
  func periods() throws {
    let test = try TestRepository()
    var request = BackupRequest(instance: "db")
    for (index, time) in [
      "2025-12-31T23:00:00Z", "2026-01-31T10:00:00Z", "2026-03-30T10:00:00Z", "2026-04-05T10:00:00Z",
      "2026-04-06T10:00:00Z", "2026-04-11T08:00:00Z", "2026-04-11T20:00:00Z", "2026-04-12T01:00:00Z",
    ].enumerated() {
      test.clock.set(time)
      request.name = "backup\(index)"
      _ = try test.repository.backUp(request, from: ScriptedProducer("x"))
    }
    test.clock.set("2026-04-12T02:00:00Z")
    _ = try test.repository.backUp(BackupRequest(instance: "other"), from: ScriptedProducer("x"))
    func kept(_ configure: (inout PrunePolicy) -> Void) throws -> [String] {
      try test.repository.prunePlan(
        .init { policy in
          policy.instance = "db"
          configure(&policy)
        }
      ).decisions.filter(\.isKept).map { String($0.record.name.dropFirst(6)) }
    }
    #expect(try kept { $0.last = 2 } == ["6", "7"])
    #expect(try kept { $0.daily = 3 } == ["4", "6", "7"])
    // Weeks begin on Monday: 2026-04-06 is one, and 4 to 7 are in its week; 2 and 3 are in that of 30 March.
    #expect(try kept { $0.weekly = 3 } == ["1", "3", "7"])
    #expect(try kept { $0.monthly = 2 } == ["2", "7"])
    #expect(try kept { $0.yearly = 5 } == ["0", "7"])
    #expect(try kept { $0.hourly = 2 } == ["6", "7"])
    #expect(try kept { $0.within = try! Retention(1, .day) } == ["5", "6", "7"])
    #expect(try kept { ($0.last, $0.yearly) = (1, 2) } == ["0", "7"])
    #expect(try test.repository.prunePlan(.init { $0.last = 1 }).deletion.members.count == 7)
  }

  @Test("prune keeps what a kept child needs, what is promised, and the last of what failed")
  func keptForOthers() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    try test.backUp("promised") { $0.retention = .limited(try! Retention(1, .year)) }
    let producer = { ScriptedProducer("x", failures: [BackupError(.sourceFailed, "no")]) }
    expectError(.sourceFailed) {
      try test.repository.backUp(BackupRequest(instance: "db") { $0.name = "failed1" }, from: producer())
    }
    try test.backUp("child", parent: .backup(full.id))
    test.clock.advance(try Retention(1, .hour))
    expectError(.sourceFailed) {
      try test.repository.backUp(BackupRequest(instance: "db") { $0.name = "failed2" }, from: producer())
    }
    let plan = try test.repository.prunePlan(.init { $0.last = 1 })
    #expect(plan.deletion.members.map(\.name) == ["failed1"])
    let reasons = Dictionary(uniqueKeysWithValues: plan.decisions.map { ($0.record.name, $0.reason) })
    #expect(reasons["full"] == "needed by 'child'")
    #expect(reasons["promised"]?.hasPrefix("promised until") == true)
    #expect(reasons["failed2"] == "failed, and no later one is complete")
  }

  @Test("a change of the record leaves the archive as it is, and lasts")
  func update() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly")
    try test.backUp("other")
    let changed = try test.repository.update(
      record.id,
      .init {
        $0.isProtected = true
        $0.retention = .limited(try! Retention(2, .week))
        $0.description = "before the upgrade"
        $0.name = "renamed"
      })
    #expect(changed.isProtected && changed.name == "renamed" && changed.description == "before the upgrade")
    #expect(try test.reopened().find("renamed") == changed)
    expectError(.nameInUse) { try test.repository.update(record.id, .init { $0.name = "other" }) }
    expectError(.invalidValue) { try test.repository.update(record.id, .init { $0.description = "a&b" }) }
    expectError(.invalidValue) { try test.repository.update(record.id, .init { $0.name = "a" }) }
    expectError(.notFound) { try test.repository.update(.random(), .init { $0.isProtected = true }) }
    #expect(try test.content(record.id) == "content")
  }
}
