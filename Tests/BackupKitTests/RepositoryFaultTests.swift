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
  private static let isLong = ProcessInfo.processInfo.environment["CODECKIT_LONG"] != nil

  /// Those that can lose something; under CODECKIT_LONG also those that can only refuse.
  private static let kinds: [SyscallKind] =
    [.write, .fsync, .close, .rename, .renameExclusive, .unlink]
    + (!isLong
      ? [] : [.open, .ftruncate, .lock, .fstat, .fchmod, .getdents, .pread, .read, .lseek, .stat])

  @Test("each failing call leaves every complete backup restorable", arguments: RepositoryOperation.allCases, kinds)
  func everyCall(_ operation: RepositoryOperation, _ kind: SyscallKind) throws {
    let both = Self.isLong && kind != .close && kind != .unlink
    for errno in both ? [Errno.noSpace, .inputOutput] : [kind == .write ? .noSpace : .inputOutput] {
      let count = try everyCall(operation, kind, errno)
      print("faults: \(operation) \(kind) \(errno.name): \(count)")
    }
  }

  /// Lets call 1, 2, 3 and so on of a kind fail, until the operation comes to its end without a failure.
  ///
  /// - Returns: how many calls failed.
  private func everyCall(_ operation: RepositoryOperation, _ kind: SyscallKind, _ errno: Errno) throws -> Int {
    var call = 1
    var fired = 0
    while call < 300 {
      let test = try TestRepository()
      try operation.prepare(test)
      let faults = SyscallFaults([.init(kind, call: call, .fail(errno))])
      var failed = false
      faults.run {
        do { try operation.run(test) } catch { failed = true }
      }
      fired += faults.fired
      let label = "\(operation) \(kind) \(call) \(errno.name)\(failed ? ", failed" : "")"
      // Another process comes, with no faults.
      let next = try test.reopened()
      let records = try operation.expectIntact(test, next, label)
      if !failed { #expect(operation.isDone(records), "\(label)") }
      // What failed can be done again.
      if failed { try again(operation, test, records) }
      #expect(try test.storage.names(in: .partial).isEmpty, "\(label)")
      if faults.fired == 0 { return fired }
      // A merge takes its time.
      call += operation.merges && !Self.isLong ? 13 : 1
    }
    Issue.record("\(operation) \(kind): the faults never ended")
    return fired
  }

  private func again(_ operation: RepositoryOperation, _ test: TestRepository, _ records: [BackupRecord]) throws {
    try test.reopen()
    switch operation {
    case .merge: _ = try test.repository.merge(test.repository.find("child").id, named: "again")
    case .create, .increment:
      _ = try test.repository.backUp(BackupRequest(instance: "db"), from: ScriptedProducer("new"))
    default:
      guard let victim = records.first(where: { $0.name == "victim" }) else {
        // Whoever changes something of the instance next tidies up.
        try test.backUp("tidy")
        return
      }
      // It may have been merged, and only the deletion failed.
      let isMerged = try operation == .replace && test.repository.find("child").parent == nil
      if isMerged {
        try test.repository.delete(test.repository.deletionPlan(for: victim.id))
      } else {
        try operation.run(test)
      }
    }
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
