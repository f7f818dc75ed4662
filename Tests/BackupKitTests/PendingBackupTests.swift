// SPDX-License-Identifier: Apache-2.0

// Backups that wait: attempts, giving up, taking up, and those whose time is over.
import ArchiveKit
import SystemIO
import Testing

@testable import BackupKit

@Suite("backups that wait")
struct PendingBackupTests {
  private func repository(_ clock: TestClock = TestClock()) throws -> Repository {
    let storage = MemoryStorage()
    try Repository.create(in: storage, .init(createdAt: clock.now))
    return try Repository(opening: storage, clock: { clock.now }, pause: { _ in }, remembersRecords: true)
  }

  private static let failure = BackupError(.sourceFailed, "it did not work")

  @Test("an attempt that fails says when the next one is, and the record waits")
  func attempts() throws {
    let repository = try repository()
    let pending = try repository.prepare(
      BackupRequest(instance: "i") {
        $0.retries = 1
        $0.retryInterval = 7
      })
    #expect(try repository.record(pending.record.id).state == .queued)
    let producer = ScriptedProducer("text", failures: [Self.failure])
    #expect(try pending.attempt(from: producer) == .waiting(7))
    #expect(try repository.record(pending.record.id).state == .waiting)
    expectError(.locked) { _ = try repository.prepare(BackupRequest(instance: "i")) }
    guard case .complete(let record) = try pending.attempt(from: producer) else {
      Issue.record("the second attempt is the last")
      return
    }
    #expect(
      record.state == .complete && record.history.map(\.state) == [.queued, .running, .waiting, .running, .complete])
    expectError(.cancelled) { _ = try pending.attempt(from: producer) }
    // The instance is free.
    #expect(try repository.prepare(BackupRequest(instance: "i")).cancel("no more"))
  }

  @Test("as many attempts as a number can say are no trap")
  func endlessAttempts() throws {
    let repository = try repository()
    let pending = try repository.prepare(BackupRequest(instance: "i") { $0.retries = .max })
    let producer = ScriptedProducer("text", failures: [Self.failure])
    #expect(try pending.attempt(from: producer) == .waiting(BackupRequest(instance: "i").retryInterval))
  }

  @Test("what is given up is canceled, once, and what goes away unmade too")
  func cancelling() throws {
    let repository = try repository()
    let pending = try repository.prepare(BackupRequest(instance: "i"))
    #expect(pending.cancel("because") && !pending.cancel("again"))
    let record = try repository.record(pending.record.id)
    #expect(record.state == .canceled && record.failure?.reason == "because")
    var other: PendingBackup? = try repository.prepare(BackupRequest(instance: "i"))
    let id = try #require(other?.record.id)
    other = nil
    #expect(try repository.record(id).state == .canceled)
  }

  @Test("what is left is taken up again, as often as there are attempts")
  func takingUp() throws {
    let repository = try repository()
    let request = BackupRequest(instance: "i") { $0.retries = 1 }
    let first = try repository.prepare(request)
    _ = try first.attempt(from: ScriptedProducer("text", failures: [Self.failure]))
    first.leave()
    let id = first.record.id
    #expect(try repository.record(id).state == .waiting)
    let again = try #require(try repository.takeUp(id, request))
    expectError(.locked) { _ = try repository.takeUp(id, request) }
    expectError(.sourceFailed) { _ = try again.attempt(from: ScriptedProducer("text", failures: [Self.failure])) }
    #expect(try repository.record(id).state == .failed, "that was the last attempt")
    #expect(try repository.takeUp(id, request) == nil)

    // One that was being made when its process ended has used up an attempt.
    let once = BackupRequest(instance: "i")
    for (retries, state) in [(0, BackupState.failed), (1, .waiting)] {
      let pending = try repository.prepare(BackupRequest(instance: "i") { $0.retries = retries })
      try repository.change(pending.record.id) { (record) throws(BackupError) in
        try record.move(to: .running, at: record.createdAt)
      }
      pending.leave()
      var request = once
      request.retries = retries
      let taken = try repository.takeUp(pending.record.id, request)
      #expect((taken != nil) == (retries > 0))
      #expect(try repository.record(pending.record.id).state == state)
    }
  }

  @Test("what a service has left stays until it is made, given up or deleted")
  func leftForService() throws {
    let repository = try repository()
    /// What is there when a service has ended in the middle, which looking at it does not change.
    func leave(_ instance: String, _ origin: String, isRunning: Bool = false, retries: Int = 0) throws -> BackupID {
      let pending = try repository.prepare(
        BackupRequest(instance: instance) {
          $0.origin = origin
          $0.retries = retries
        })
      if isRunning {
        try repository.change(pending.record.id) { (record) throws(BackupError) in
          try record.move(to: .running, at: record.createdAt)
        }
      }
      pending.leave()
      return pending.record.id
    }
    func state(_ id: BackupID) throws -> BackupState? { try repository.records().first { $0.id == id }?.state }
    let queued = try leave("queued", "pmm")
    let again = try leave("again", "pmm", isRunning: true, retries: 1)
    let (over, own) = (try leave("over", "pmm", isRunning: true), try leave("own", "cli"))
    #expect(try state(queued) == .queued && state(again) == .waiting, "a service makes them")
    #expect(try state(over) == .failed && state(own) == .skipped, "nobody does")
    // A backup of the instance by hand does not take its place.
    _ = try repository.backUp(BackupRequest(instance: "queued"), from: ScriptedProducer("text"))
    #expect(try state(queued) == .queued)
    let taken = try #require(try repository.takeUp(queued, BackupRequest(instance: "queued")))
    try repository.giveUp(queued)
    #expect(try state(queued) == .queued, "somebody has it in hand")
    expectError(.illegalMove) { _ = try repository.deletionPlan(for: queued) }
    taken.leave()
    try repository.delete(try repository.deletionPlan(for: queued))
    expectError(.notFound) { _ = try repository.record(queued) }
    try repository.giveUp(again)
    #expect(try state(again) == .failed)
    let last = try leave("last", "pmm")
    _ = try repository.unlock()
    #expect(try state(last) == .skipped)
  }

  @Test("a held backup is not deleted")
  func holding() throws {
    let repository = try repository()
    let record = try repository.backUp(BackupRequest(instance: "i"), from: ScriptedProducer("text"))
    let hold = try repository.hold(record.id)
    let plan = try repository.deletionPlan(for: record.id)
    expectError(.locked) { try repository.delete(plan) }
    _ = try repository.hold(record.id)
    hold.release()
    try repository.delete(plan)
    expectError(.notFound) { _ = try repository.hold(record.id) }
    let pending = try repository.prepare(BackupRequest(instance: "i"))
    pending.leave()
    expectError(.illegalMove) { _ = try repository.hold(pending.record.id) }
  }

  @Test("what has expired goes with what builds on it, but not before that")
  func expiry() throws {
    let clock = TestClock("2026-01-01T00:00:00Z")
    let repository = try repository(clock)
    func backUp(_ name: String, _ days: Int?, parent: BackupRecord? = nil, isProtected: Bool = false) throws
      -> BackupRecord
    {
      try repository.backUp(
        BackupRequest(instance: "i") {
          $0.name = name
          $0.isProtected = isProtected
          $0.parent = parent.map { .backup($0.id) } ?? .none
          if let days, let retention = try? Retention(days, .day) { $0.retention = .limited(retention) }
        }, from: ScriptedProducer("text \(name)"))
    }
    let first = try backUp("first", 1)
    let child = try backUp("child", 10, parent: first)
    _ = try backUp("alone", 1)
    _ = try backUp("protected", 1, isProtected: true)
    _ = try backUp("forever", nil)
    #expect(try repository.expiryPlans().isEmpty)
    clock.set("2026-01-03T00:00:00Z")
    #expect(try repository.expiryPlans().flatMap(\.members).map(\.name) == ["alone"])
    clock.set("2026-01-20T00:00:00Z")
    let plans = try repository.expiryPlans()
    #expect(plans.count == 1)
    let names = plans.flatMap(\.members).map(\.name)
    #expect(names.sorted() == ["alone", "child", "first"])
    let places = try (#require(names.firstIndex(of: child.name)), #require(names.firstIndex(of: first.name)))
    #expect(places.0 < places.1, "children first")
    for plan in plans { try repository.delete(plan) }
    #expect(try repository.writtenRecords().map(\.name).sorted() == ["forever", "protected"])
  }

  @Test("changes are counted, and looking is no change")
  func changes() throws {
    let repository = try repository()
    let (count, stamp) = (repository.changeCount, try repository.changeStamp())
    _ = try repository.writtenRecords()
    _ = try repository.records()
    #expect(repository.changeCount == count)
    #expect(try repository.changeStamp() == stamp)
    let record = try repository.backUp(BackupRequest(instance: "i"), from: ScriptedProducer("text"))
    #expect(repository.changeCount > count)
    #expect(try repository.changeStamp() != stamp)
    #expect(try repository.writtenRecords() == [record])
  }

  @Test("a history of very many attempts keeps its beginning and its end")
  func history() throws {
    var record = BackupRecord(id: .random(), name: "n", instance: "i", origin: "t", time: Timestamp(seconds: 0))
    for second in 1...3000 {
      try record.move(to: second % 2 == 1 ? .running : .waiting, at: Timestamp(seconds: Int64(second)))
    }
    #expect(record.history.count == BackupRecord.maximumHistory)
    #expect(record.startedAt?.seconds == 1 && record.history.last?.time.seconds == 3000)
  }

  @Test("what a service adds to a record is read back")
  func fields() throws {
    var record = BackupRecord(id: .random(), name: "n", instance: "i", origin: "t", time: Timestamp(seconds: 0))
    record.engineVersion = "15"
    record.model = .logical
    record.location = "l"
    record.folder = "f"
    record.isEmergency = true
    #expect(try BackupRecord(stateFile: record.stateFile) == record)
  }
}
