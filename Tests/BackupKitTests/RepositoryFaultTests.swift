// SPDX-License-Identifier: Apache-2.0

// Every k-th call of every kind fails: what was complete stays restorable, and the next command goes on.
import ArchiveKit
import BackupKit
import Foundation
import SystemIO
import TestSupport
import Testing

@Suite("failing system calls")
struct RepositoryFaultTests {
  enum Operation: CaseIterable { case create, update, delete, prune }

  /// Does an operation, and says which backups may be there afterwards besides those that must be.
  private func run(_ operation: Operation, _ test: TestRepository, _ victim: BackupRecord) throws {
    switch operation {
    case .create:
      _ = try test.repository.backUp(BackupRequest(instance: "db") { $0.name = "fresh" }, from: ScriptedProducer("new"))
    case .update: _ = try test.repository.update(victim.id, .init { $0.isProtected = true })
    case .delete: try test.repository.delete(test.repository.deletionPlan(for: victim.id, cascade: true))
    case .prune: try test.repository.delete(test.repository.prunePlan(.init { $0.last = 1 }).deletion)
    }
  }

  /// Those that can lose something; under CODECKIT_LONG also those that can only refuse.
  private static let kinds: [SyscallKind] =
    [.write, .fsync, .close, .rename, .renameExclusive, .unlink]
    + (ProcessInfo.processInfo.environment["CODECKIT_LONG"] == nil
      ? [] : [.open, .ftruncate, .lock, .fstat, .fchmod, .getdents, .pread, .read, .lseek, .stat])

  @Test("each failing call leaves every complete backup restorable", arguments: Operation.allCases, kinds)
  func everyCall(_ operation: Operation, _ kind: SyscallKind) throws {
    var call = 1
    while call < 200 {
      let test = try TestRepository()
      let victim = try test.backUp("victim", text: "victim")
      let kept = try test.backUp("kept", text: "kept")
      try test.reopen()
      let faults = SyscallFaults([.init(kind, call: call, .fail(kind == .write ? .noSpace : .inputOutput))])
      var failed = false
      faults.run {
        do { try run(operation, test, victim) } catch { failed = true }
      }
      let label = "\(operation) \(kind) \(call)\(failed ? ", failed" : "")"
      // Another process comes, with no faults.
      let next = try test.reopened()
      let records = try next.records()
      #expect(!records.contains { $0.state.isActive || $0.state == .deleting }, "\(label)")
      #expect(try test.content(kept.id) == "kept", "\(label)")
      for record in records where record.state == .complete {
        #expect(try next.verify(record.id, .full).isSound, "\(label): \(record.name)")
      }
      if operation == .create || operation == .update { #expect(try test.content(victim.id) == "victim", "\(label)") }
      if !failed {
        switch operation {
        case .create: #expect(records.contains { $0.name == "fresh" && $0.state == .complete }, "\(label)")
        case .update: #expect(try next.find("victim").isProtected, "\(label)")
        case .delete, .prune: #expect(!records.contains { $0.name == "victim" }, "\(label)")
        }
      }
      // What failed can be done again.
      if failed {
        try test.reopen()
        if operation == .create {
          _ = try test.repository.backUp(BackupRequest(instance: "db"), from: ScriptedProducer("new"))
        } else if records.contains(where: { $0.id == victim.id }) {
          try run(operation, test, victim)
        }
      }
      #expect(try test.storage.names(in: .partial).isEmpty, "\(label)")
      if faults.fired == 0 { return }
      call += 1
    }
    Issue.record("\(operation) \(kind): the faults never ended")
  }

  @Test("archive, index and state are on the device in this order, each before the next begins")
  func order() throws {
    let test = try TestRepository()
    let faults = SyscallFaults()
    let record = try faults.run {
      try test.repository.backUp(BackupRequest(instance: "db"), from: ScriptedProducer("x"))
    }
    var synced: Set<Path> = []
    var renamed: [String] = []
    for event in faults.trace where event.result >= 0 {
      if event.kind == .fsync, let path = event.path { synced.insert(path) }
      guard event.kind == .rename || event.kind == .renameExclusive, let from = event.path, let to = event.newPath
      else {
        continue
      }
      #expect(synced.contains(from), "\(to.lossyString) took its name before it was synced")
      renamed.append(String(to.lossyString.dropFirst(test.folder.location("repo/").count)))
    }
    let state = "\(StorageName.state(record.id))"
    #expect(
      renamed == [state, state, "\(StorageName.archive(record.id))", "\(StorageName.index(record.id))", state])
  }

  @Test("a deletion removes archive, index and state in this order, children first")
  func deletionOrder() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let child = try test.backUp("child", parent: .backup(full.id))
    let plan = try test.repository.deletionPlan(for: full.id, cascade: true)
    let faults = SyscallFaults()
    try faults.run { try test.repository.delete(plan) }
    let removed = faults.trace.filter { $0.kind == .unlink && $0.result == 0 }.compactMap { event in
      event.path.map { String($0.lossyString.dropFirst(test.folder.location("repo/").count)) }
    }
    let expected = [child, full].flatMap { record in
      [StorageName.archive(record.id), .index(record.id), .state(record.id)].map { "\($0)" }
    }
    #expect(removed == expected)
  }
}
