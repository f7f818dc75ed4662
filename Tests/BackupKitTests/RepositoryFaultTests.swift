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
  enum Operation: CaseIterable {
    case create, update, delete, prune, replace, merge, mergeFirst

    /// Whether there is an increment upon the victim, which is merged.
    var merges: Bool { self == .replace || self == .merge || self == .mergeFirst }
  }

  /// Does an operation, and says which backups may be there afterwards besides those that must be.
  private func run(_ operation: Operation, _ test: TestRepository, _ victim: BackupRecord) throws {
    switch operation {
    case .create:
      _ = try test.repository.backUp(BackupRequest(instance: "db") { $0.name = "fresh" }, from: ScriptedProducer("new"))
    case .update: _ = try test.repository.update(victim.id, .init { $0.isProtected = true })
    case .delete: try test.repository.delete(test.repository.deletionPlan(for: victim.id, children: .delete))
    case .replace: try test.repository.delete(test.repository.replacementPlan(for: test.repository.find("child").id))
    case .merge: _ = try test.repository.merge(test.repository.find("child").id, named: "fresh")
    case .mergeFirst:
      try test.repository.delete(test.repository.deletionPlan(for: victim.id, children: .merge))
    case .prune: try test.repository.delete(test.repository.prunePlan(.init { $0.last = 1 }).deletion)
    }
  }

  private static let isLong = ProcessInfo.processInfo.environment["CODECKIT_LONG"] != nil

  /// Those that can lose something; under CODECKIT_LONG also those that can only refuse.
  private static let kinds: [SyscallKind] =
    [.write, .fsync, .close, .rename, .renameExclusive, .unlink]
    + (!isLong
      ? [] : [.open, .ftruncate, .lock, .fstat, .fchmod, .getdents, .pread, .read, .lseek, .stat])

  @Test("each failing call leaves every complete backup restorable", arguments: Operation.allCases, kinds)
  func everyCall(_ operation: Operation, _ kind: SyscallKind) throws {
    var call = 1
    while call < 200 {
      let test = try TestRepository()
      let victim = try test.backUp("victim", text: "victim")
      if operation.merges { try test.backUp("child", parent: .backup(victim.id), text: "child") }
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
      if operation.merges {
        #expect(try test.content(next.find("child").id) == "child", "\(label)")
        #expect(records.filter { $0.name != "fresh" }.allSatisfy { $0.state == .complete || failed }, "\(label)")
      }
      if [.create, .update, .merge].contains(operation) {
        #expect(try test.content(victim.id) == "victim", "\(label)")
      }
      if !failed {
        switch operation {
        case .create, .merge: #expect(records.contains { $0.name == "fresh" && $0.state == .complete }, "\(label)")
        case .update: #expect(try next.find("victim").isProtected, "\(label)")
        case .delete, .prune, .replace, .mergeFirst: #expect(!records.contains { $0.name == "victim" }, "\(label)")
        }
      }
      // What failed can be done again.
      if failed {
        try test.reopen()
        if operation == .merge {
          _ = try test.repository.merge(test.repository.find("child").id, named: "again")
        } else if operation == .create {
          _ = try test.repository.backUp(BackupRequest(instance: "db"), from: ScriptedProducer("new"))
        } else if records.contains(where: { $0.id == victim.id }) {
          // It had been merged, and only the deletion failed.
          let isMerged = try operation == .replace && next.find("child").parent == nil
          if isMerged {
            try test.repository.delete(test.repository.deletionPlan(for: victim.id))
          } else {
            try run(operation, test, victim)
          }
        } else {
          // Whoever changes something of the instance next tidies up.
          try test.backUp("tidy")
        }
      }
      #expect(try test.storage.names(in: .partial).isEmpty, "\(label)")
      if faults.fired == 0 { return }
      // A merge takes its time.
      call += operation.merges && !Self.isLong ? 13 : 1
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

  @Test("a merged archive is checked and takes its place, then its index, then the record follows, then parents go")
  func replacementOrder() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let child = try test.backUp("child", parent: .backup(full.id))
    let plan = try test.repository.replacementPlan(for: child.id)
    let faults = SyscallFaults()
    try faults.run { try test.repository.delete(plan) }
    let steps = faults.trace.filter { $0.result >= 0 }.compactMap { event -> String? in
      let path = event.kind == .unlink ? event.path : event.newPath
      guard [.rename, .renameExclusive, .unlink].contains(event.kind), let path else { return nil }
      return
        "\(event.kind == .unlink ? "remove " : "")\(path.lossyString.dropFirst(test.folder.location("repo/").count))"
    }
    let (new, old) = (child.id, full.id)
    #expect(
      steps == [
        "\(StorageName.archive(new))", "\(StorageName.index(new))", "\(StorageName.state(new))",
        "\(StorageName.state(old))", "remove \(StorageName.archive(old))", "remove \(StorageName.index(old))",
        "remove \(StorageName.state(old))",
      ])
  }

  @Test("a deletion removes archive, index and state in this order, children first")
  func deletionOrder() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let child = try test.backUp("child", parent: .backup(full.id))
    let plan = try test.repository.deletionPlan(for: full.id, children: .delete)
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
