// SPDX-License-Identifier: Apache-2.0

// Making backups: names, parents, one at a time, retries, failures.
import ArchiveKit
import BackupKit
import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@Suite("making backups")
struct RepositoryTests {
  @Test("a backup is listed, found by name, identifier, its beginning and latest, and holds what it was given")
  func backUp() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly", text: "hello")
    #expect(record.state == .complete)
    #expect(record.sizes.logical == 5)
    #expect(record.history.map(\.state) == [.queued, .running, .complete])
    for text in ["nightly", record.id.description, record.id.short, "latest"] {
      #expect(try test.repository.find(text).id == record.id)
    }
    #expect(try test.content(record.id) == "hello")
    #expect(try test.reopened().records() == [record])
    #expect(test.exists(.archive(record.id)) && test.exists(.index(record.id)) && test.exists(.state(record.id)))
    let archive = try ArchiveReader(test.storage.source(.archive(record.id)))
    #expect(BackupID(archive.summary.superblock.uuid) == record.id)
    #expect(archive.summary.superblock.text(Superblock.Field.name) == "nightly")
  }

  @Test("names are unique and case-sensitive, and a deleted name is free again")
  func uniqueNames() throws {
    let test = try TestRepository()
    let first = try test.backUp("nightly")
    expectError(.nameInUse) { try test.backUp("nightly", of: "other") }
    try test.backUp("Nightly")
    try test.repository.delete(test.repository.deletionPlan(for: first.id))
    try test.backUp("nightly")
    #expect(try test.names == ["Nightly", "nightly"])
  }

  @Test("a name is made from the time, with a number when it is taken")
  func madeNames() throws {
    let test = try TestRepository()
    for _ in 0..<3 {
      _ = try test.repository.backUp(BackupRequest(instance: "db"), from: ScriptedProducer("x"))
    }
    #expect(
      try test.names.sorted() == ["backup-20260412T020000Z", "backup-20260412T020000Z-2", "backup-20260412T020000Z-3"])
  }

  @Test("a name or a description that breaks a rule leaves nothing behind")
  func refused() throws {
    let test = try TestRepository()
    expectError(.invalidValue) { try test.backUp("x") }
    expectError(.invalidValue) { try test.backUp("good", { $0.description = "a=b" }) }
    #expect(try test.names.isEmpty)
  }

  // MARK: - Parents

  @Test("a parent must exist, be complete, and be of the same instance")
  func parents() throws {
    let test = try TestRepository()
    expectError(.parentUnusable) { try test.backUp("child", parent: .backup(.random())) }
    let failed = try #require(try failing(test, "failed"))
    expectError(.parentUnusable) { try test.backUp("child", parent: .backup(failed.id)) }
    let other = try test.backUp("other", of: "elsewhere")
    expectError(.parentUnusable) { try test.backUp("child", parent: .backup(other.id)) }
    let full = try test.backUp("full")
    let child = try test.backUp("child", parent: .backup(full.id))
    #expect(child.parent == full.id)
    #expect(child.depth == 1)
  }

  @Test("a parent whose archive is missing or another one will not do")
  func damagedParents() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let other = try test.backUp("other")
    let bytes = try #require(test.folder.contents("repo/\(StorageName.archive(other.id))"))
    try test.folder.write("repo/\(StorageName.archive(full.id))", bytes)
    expectError(.parentUnusable) { try test.backUp("child", parent: .backup(full.id)) }
    // Its index is what an increment needs: archives may lie on a tape.
    try test.storage.delete(.archive(full.id))
    #expect(try test.backUp("child", parent: .backup(full.id)).parent == full.id)
    try test.storage.delete(.index(full.id))
    expectError(.parentUnusable) { try test.backUp("child2", parent: .backup(full.id)) }
  }

  @Test("auto takes the newest complete backup of the instance, or makes a full one")
  func automaticParents() throws {
    let test = try TestRepository()
    let first = try test.backUp(parent: .automatic)
    #expect(first.parent == nil)
    try test.backUp(of: "elsewhere")
    _ = try failing(test, "failed")
    let second = try test.backUp(parent: .automatic)
    #expect(second.parent == first.id)
    let third = try test.backUp(parent: .automatic)
    #expect(third.parent == second.id)
    #expect(third.depth == 2)
    #expect(try test.repository.chain(of: third).map(\.id) == [third.id, second.id, first.id])
  }

  @Test("a chain has no more ancestors than the rules allow")
  func depth() throws {
    let test = try TestRepository()
    let repository = try test.reopened(BackupRules { $0.maximumDepth = 2 })
    var parent = ParentChoice.none
    for _ in 0..<3 {
      let record = try repository.backUp(
        BackupRequest(instance: "db") { $0.parent = parent }, from: ScriptedProducer("x"))
      parent = .backup(record.id)
    }
    expectError(.parentUnusable) {
      try repository.backUp(BackupRequest(instance: "db") { $0.parent = parent }, from: ScriptedProducer("x"))
    }
    let next = try repository.backUp(
      BackupRequest(instance: "db") { $0.parent = .automatic }, from: ScriptedProducer("x"))
    #expect(next.parent == nil)
  }

  // MARK: - One at a time

  @Test("one backup of an instance is made at a time; the second one is told who makes the first")
  func oneAtATime() throws {
    let test = try TestRepository()
    let other = try test.reopened()
    let producer = ScriptedProducer("x")
    producer.during = {
      let error = expectError(.locked) {
        try other.backUp(BackupRequest(instance: "db"), from: ScriptedProducer("y"))
      }
      #expect(error?.holder?.process == Machine.processIdentifier)
      #expect(error?.holder?.operation == "create")
      #expect(error?.holder?.since == test.clock.now)
      // Another instance is not in the way.
      _ = try other.backUp(BackupRequest(instance: "elsewhere"), from: ScriptedProducer("y"))
      let running = try other.records().filter { $0.instance == "db" }
      #expect(running.map(\.state) == [.running])
      // A held lock is not broken.
      #expect(try other.unlock().held.count == 1)
      expectError(.locked) { try Repository.rebuild(test.storage) }
    }
    #expect(try test.repository.backUp(BackupRequest(instance: "db"), from: producer).state == .complete)
    #expect(try other.unlock() == (0, []))
  }

  @Test("while a backup is read it is not deleted, and others read it too")
  func sharedLocks() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly")
    let other = try test.reopened()
    let opened = try test.repository.open(record.id)
    _ = try other.open(record.id)
    let plan = try other.deletionPlan(for: record.id)
    expectError(.locked) { try other.delete(plan) }
    expectError(.locked) { try test.backUp("another") }
    #expect(opened.record == record)
    withExtendedLifetime(opened) {}
  }

  // MARK: - Failures

  /// A backup that fails.
  private func failing(_ test: TestRepository, _ name: String) throws -> BackupRecord? {
    let producer = ScriptedProducer("x", failures: [BackupError(.sourceFailed, "no luck")])
    expectError(.sourceFailed) {
      try test.repository.backUp(BackupRequest(instance: "db") { $0.name = name }, from: producer)
    }
    return try test.repository.records().first { $0.name == name }
  }

  @Test("a producer that fails makes a failed backup, which says why and leaves no archive")
  func failure() throws {
    let test = try TestRepository()
    let record = try #require(try failing(test, "nightly"))
    #expect(record.state == .failed)
    #expect(record.failure?.code == "sourceFailed")
    #expect(record.failure?.reason == "no luck")
    #expect(!test.exists(.archive(record.id)) && !test.exists(.partial(record.id)) && !test.exists(.index(record.id)))
    expectError(.illegalMove) { try test.repository.open(record.id) }
  }

  @Test("after a failure there are at most N more attempts, after the interval, and the identifier stays")
  func retries() throws {
    let test = try TestRepository()
    let failure = BackupError(.sourceFailed, "no luck")
    var request = BackupRequest(instance: "db")
    request.retries = 2
    request.retryInterval = 7
    let producer = ScriptedProducer("x", failures: [failure, failure])
    let record = try test.repository.backUp(request, from: producer)
    #expect(producer.attempts == 3)
    #expect(test.pauses.withLock { $0 } == [7, 7])
    #expect(
      record.history.map(\.state) == [.queued, .running, .waiting, .running, .waiting, .running, .complete])
    #expect(record.history[2].reason == "no luck")
    let hopeless = ScriptedProducer("x", failures: [failure, failure, failure, failure])
    expectError(.sourceFailed) { try test.repository.backUp(request, from: hopeless) }
    #expect(hopeless.attempts == 3)
    let single = ScriptedProducer("x", failures: [failure])
    single.isRepeatable = false
    expectError(.sourceFailed) { try test.repository.backUp(request, from: single) }
    #expect(single.attempts == 1)
    #expect(try test.repository.records().filter { $0.state == .failed }.count == 2)
  }

  @Test("a wish to give up makes a canceled backup, and no further attempt")
  func cancelled() throws {
    let test = try TestRepository()
    let producer = ScriptedProducer("x", failures: [BackupError(.cancelled, "enough")])
    expectError(.cancelled) {
      try test.repository.backUp(BackupRequest(instance: "db") { $0.retries = 5 }, from: producer)
    }
    #expect(try test.repository.records().map(\.state) == [.canceled])
    #expect(producer.attempts == 1)
  }

  @Test("a search and a rebuild tell how far they are, can be given up, and leave everything as it was then")
  func givingUp() throws {
    let test = try TestRepository()
    for name in ["first", "second"] { try test.backUp(name) }
    let before = try test.repository.records()
    let glob = try #require(Glob("file"))
    var read: [UInt64] = []
    let found = try test.repository.versions(
      matching: [glob], BackupObserver { $0.progress = { read.append($0.bytesRead) } })
    #expect(found.map(\.backups.count) == [2])
    #expect(read == [before[0].sizes.stored, before[0].sizes.stored + before[1].sizes.stored])
    expectError(.cancelled) {
      try test.repository.versions(matching: [glob], BackupObserver { $0.isCancelled = { true } })
    }
    expectError(.cancelled) { try Repository.rebuild(test.storage, isCancelled: { true }) }
    #expect(try test.reopened().records() == before)
  }

  @Test("what could not be taken leaves the backup complete, with a count")
  func warnings() throws {
    let test = try TestRepository()
    let producer = ScriptedProducer("x")
    producer.warnings = 3
    let record = try test.repository.backUp(BackupRequest(instance: "db"), from: producer)
    #expect(record.state == .complete)
    #expect(record.sizes.warnings == 3)
  }

  @Test("the output of a command is a backup when it ends well; its standard error is kept")
  func command() throws {
    let test = try TestRepository()
    let command = "printf content; printf 'to %s\\n' \"$BACKUP_INSTANCE/$BACKUP_DATABASES/$BACKUP_PARENT\" >&2"
    let record = try test.repository.backUp(
      BackupRequest(instance: "db") { $0.databases = ["a", "b"] },
      from: CommandProducer(command, as: Array("file".utf8)))
    #expect(try test.content(record.id) == "content")
    #expect(record.log == "to db/a,b/\n")
    for (command, words) in [("exit 3", "status 3"), ("echo why >&2; false", "why"), ("kill -9 $$", "signal 9")] {
      let error = expectError(.sourceFailed) {
        try test.repository.backUp(
          BackupRequest(instance: "db"), from: CommandProducer(command, as: Array("file".utf8)))
      }
      #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }
  }

  @Test("what a command writes to descriptor 3 is its position, which the next increment's command is told")
  func position() throws {
    let test = try TestRepository()
    func run(_ command: String) throws -> BackupRecord {
      try test.repository.backUp(
        BackupRequest(instance: "db") { $0.parent = .automatic },
        from: CommandProducer(command, as: Array("file".utf8)))
    }
    #expect(try run("echo first; echo 'log.7 at 4711' >&3").position == "log.7 at 4711")
    let second = try run("echo \"$BACKUP_PARENT_POSITION\"")
    #expect(try test.content(second.id) == "log.7 at 4711\n")
    #expect(second.position == nil)
    // A process that stays behind with the descriptor keeps nobody waiting, and no more is kept than is said.
    let third = try run("sleep 1000 >/dev/null 2>&1 & echo $!; head -c 100000 /dev/zero | tr '\\0' x >&3")
    #expect(third.position == String(repeating: "x", count: CommandProducer.maximumPosition))
    let left = try #require(pid_t(test.content(third.id).dropLast()))
    #expect(kill(left, SIGKILL) == 0)
  }

  @Test("a command that writes far more to its standard error than is kept does not hang")
  func longLog() throws {
    let test = try TestRepository()
    let record = try test.repository.backUp(
      BackupRequest(instance: "db"),
      from: CommandProducer("head -c 3000000 /dev/zero | tr '\\0' x >&2; echo done", as: Array("file".utf8)))
    #expect(record.log.utf8.count == CommandProducer.maximumLog)
  }

  @Test("a stream that is not the announced one is no backup")
  func expectations() throws {
    let test = try TestRepository()
    let digest = SHA256.hash(Array("hello".utf8))
    func backUp(_ text: String, _ expectation: StreamExpectation) throws -> BackupRecord {
      try test.folder.write("input", Array(text.utf8))
      let producer = StreamProducer(
        try FileHandle.open(test.folder.path("input")), as: Array("file".utf8), expectation)
      return try test.repository.backUp(BackupRequest(instance: "db"), from: producer)
    }
    #expect(try backUp("hello", .init(size: 5, digest: digest)).state == .complete)
    expectError(.sourceFailed) { try backUp("hello", .init(size: 6)) }
    expectError(.sourceFailed) { try backUp("hellO", .init(size: 5, digest: digest)) }
    expectError(.sourceFailed) { try backUp("", .init(digest: digest)) }
  }

  @Test("a repository inside of what is backed up is not in its own backup")
  func ownFolder() throws {
    let test = try TestRepository()
    try test.folder.write("data", Array("data".utf8))
    let record = try test.repository.backUp(
      BackupRequest(instance: "all"), from: TreeProducer([test.folder.path], .init()))
    var paths: [String] = []
    try test.repository.open(record.id).forEachEntry { paths.append(String(decoding: $0.path, as: UTF8.self)) }
    #expect(paths.contains { $0.hasSuffix("/data") } && paths.contains { $0.hasSuffix("/repo") })
    #expect(!paths.contains { $0.contains("/repo/") })
  }
}
