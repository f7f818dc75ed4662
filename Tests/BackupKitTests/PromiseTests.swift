// SPDX-License-Identifier: Apache-2.0

// What was promised to be kept is kept, and what was interrupted keeps no promise it did not make.
import BackupKit
import SystemIO
import TestSupport
import Testing

@Suite("promises")
struct PromiseTests {
  private let fiveDays: Retention

  init() throws { fiveDays = try Retention(parsing: "5d") }

  private func pruned(_ test: TestRepository, keeping last: Int) throws -> [String] {
    try test.repository.prunePlan(.init { $0.last = last }).deletion.members.map(\.name)
  }

  @Test("a backup that never expires is kept by pruning, until that is taken back")
  func forever() throws {
    let test = try TestRepository(try Retention(parsing: "1h"))
    let record = try test.backUp("kept-forever") { $0.retention = .forever }
    for name in ["first", "second", "third"] { try test.backUp(name) }
    #expect(try pruned(test, keeping: 1) == ["second", "first"])
    try test.reopen()
    _ = try Repository.rebuild(test.storage)
    #expect(try test.repository.record(record.id).isKeptForever)
    let plan = try test.repository.prunePlan(.init { $0.last = 1 })
    #expect(plan.decisions.first?.reason == "never to expire")
    _ = try test.repository.update(record.id, .init { $0.retention = .repository })
    #expect(try pruned(test, keeping: 1).contains("kept-forever"))
  }

  @Test("a promise that is made after the plan keeps the deletion from being done")
  func promisedMeanwhile() throws {
    for choice in [BackupRequest.RetentionChoice.forever, .limited(try Retention(parsing: "10y"))] {
      let test = try TestRepository()
      let record = try test.backUp("first")
      try test.backUp("second")
      let plan = try test.repository.prunePlan(.init { $0.last = 1 }).deletion
      _ = try test.repository.update(record.id, .init { $0.retention = choice })
      expectError(.illegalMove) { try test.repository.delete(plan) }
      #expect(try test.names == ["first", "second"])
    }
  }

  @Test("of a backup and the one that it was merged into, the one is kept that needs no other")
  func merged() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let latest = try test.backUp("latest", parent: .backup(full.id))
    _ = try test.repository.merge(latest.id, named: "april")
    #expect(try pruned(test, keeping: 1) == ["latest", "full"])
  }

  // MARK: - Interrupted backups

  /// A backup that failed and can be gone on with, and a complete one after it.
  private func interrupted(_ test: TestRepository) throws -> BackupRecord {
    let failing = ScriptedProducer("monday", failures: [BackupError(.sourceFailed, "pulled out")])
    let request = BackupRequest(instance: "db") {
      $0.name = "monday"
      $0.resumes = true
      $0.retention = .limited(fiveDays)
    }
    expectError(.sourceFailed) { try test.repository.backUp(request, from: failing) }
    try test.backUp("tuesday")
    return try test.repository.find("monday")
  }

  @Test("what is gone on with is of the time at which that is done")
  func time() throws {
    let test = try TestRepository()
    let first = try interrupted(test)
    let record = try test.backUp(text: "wednesday") { $0.resumes = true }
    #expect(record.id == first.id && record.createdAt > first.createdAt)
    #expect(record.history.contains { $0.reason?.contains(first.createdAt.rfc3339()) == true })
    #expect(try test.repository.find("latest").name == "monday")
    #expect(try test.repository.newestComplete(of: "db")?.id == record.id)
    #expect(try pruned(test, keeping: 1) == ["tuesday"])
    #expect(try test.content(record.id) == "wednesday")
  }

  @Test("what is gone on with is protected when that is asked for, and nothing else of it changes")
  func otherRequest() throws {
    let test = try TestRepository()
    let first = try interrupted(test)
    for change: (inout BackupRequest) -> Void in [
      { $0.retention = .forever }, { $0.description = "other" }, { $0.databases = ["shop"] },
    ] {
      let error = expectError(.invalidValue) {
        try test.backUp {
          $0.resumes = true
          change(&$0)
        }
      }
      #expect(error?.backups == [first.id])
    }
    let record = try test.backUp {
      $0.resumes = true
      $0.isProtected = true
      $0.retention = .limited(fiveDays)
    }
    #expect(record.id == first.id && record.isProtected && record.retention?.description == "5d")
  }
}
