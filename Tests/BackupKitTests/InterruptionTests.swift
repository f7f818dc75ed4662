// SPDX-License-Identifier: Apache-2.0

// After an interruption, and after a loss: what comes back, and as what.
import ArchiveKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import BackupKit

@Suite("after interruptions and losses")
struct InterruptionTests {
  /// Brings a repository into the state in which a process that ended in the middle has left it.
  private func rewind(_ test: TestRepository, _ record: BackupRecord, to state: BackupState) throws {
    _ = try test.repository.change(record.id) { (record) throws(BackupError) in
      record.state = state
      record.history.removeLast()
    }
  }

  @Test("a complete archive whose record says running is adopted, not thrown away")
  func adoption() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly", text: "hello")
    try rewind(test, record, to: .running)
    let found = try test.reopened().find("nightly")
    #expect(found.state == .complete)
    #expect(found.sizes.stored == record.sizes.stored && found.sizes.index == record.sizes.index)
    #expect(found.history.last?.reason != nil)
    #expect(try test.content(record.id) == "hello")
  }

  @Test("a running record whose process is gone has failed, and what it left is removed")
  func deadOwner() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly")
    try rewind(test, record, to: .running)
    try test.storage.delete(.archive(record.id))
    try test.folder.write("repo/\(StorageName.partial(record.id))", [1, 2, 3])
    let found = try test.reopened().find("nightly")
    #expect(found.state == .failed)
    #expect(found.failure?.code == "interrupted")
    #expect(!test.exists(.partial(record.id)))
    // The instance is free.
    #expect(try test.backUp("next").state == .complete)
  }

  @Test("what can be gone on with is gone on with under its name, also when nothing of it was written yet")
  func resumedFromNothing() throws {
    let test = try TestRepository()
    var record = try test.backUp("nightly") { $0.resumes = true }
    record.state = .queued
    record.history.removeLast(2)
    for name in [StorageName.archive(record.id), .index(record.id)] { try test.storage.delete(name) }
    try test.storage.put(.state(record.id), record.stateFile)
    _ = try Repository.rebuild(test.storage)
    try test.reopen()
    #expect(try test.repository.records().map(\.state) == [.failed])
    let again = try test.backUp("nightly", text: "again") { $0.resumes = true }
    #expect(again.id == record.id && again.state == .complete)
    #expect(try test.content(record.id) == "again")
  }

  @Test("while its process lives, a running record is let alone")
  func livingOwner() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly")
    try rewind(test, record, to: .running)
    let locks = try test.repository.lock("db", .exclusive, "create")
    #expect(try test.reopened().records().map(\.state) == [.running])
    locks.release()
    #expect(try test.reopened().records().map(\.state) == [.complete])
  }

  @Test("a deletion that was interrupted goes on, children first")
  func interruptedDeletion() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let child = try test.backUp("child", parent: .backup(full.id))
    let kept = try test.backUp("kept")
    for record in [child, full] {
      try test.repository.change(record.id) { (record) throws(BackupError) in
        try record.move(to: .deleting, at: test.clock.now)
      }
    }
    try test.storage.delete(.archive(child.id))
    #expect(try test.reopened().records().map(\.id) == [kept.id])
    #expect(try test.storage.names(in: .archives) == [.archive(kept.id)])
  }

  @Test("a row that the state file has overtaken is read again: a protection is never forgotten")
  func doubt() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly")
    // What a process does before it ends between the file and the row.
    try test.repository.withCatalogue { (catalogue) throws(BackupError) in try catalogue.doubt(record.id) }
    var changed = record
    changed.isProtected = true
    try test.storage.put(.state(record.id), changed.stateFile)
    let other = try test.reopened()
    #expect(try other.find("nightly").isProtected)
    expectError(.isProtected) { try other.deletionPlan(for: record.id) }
  }

  @Test("even a catalogue that does not know of a protection does not delete")
  func staleRow() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly")
    let plan = try test.repository.deletionPlan(for: record.id)
    var changed = record
    changed.isProtected = true
    try test.storage.put(.state(record.id), changed.stateFile)
    expectError(.isProtected) { try test.repository.delete(plan) }
    #expect(test.exists(.archive(record.id)))
  }

  // MARK: - Losses

  /// All files of the catalogue.
  private func loseCatalogue(_ test: TestRepository) {
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: test.folder.location("repo/catalogue.sqlite\(suffix)"))
    }
  }

  @Test("a record that claims more ancestors than there can be is counted anew")
  func forgedDepth() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let child = try test.backUp("child", parent: .backup(full.id))
    let last = try test.backUp("last", parent: .backup(child.id))
    for record in [full, child, last] {
      var forged = record
      forged.depth = .max
      try test.storage.put(.state(record.id), forged.stateFile)
    }
    _ = try Repository.rebuild(test.storage)
    try test.reopen()
    try test.repository.delete(test.repository.replacementPlan(for: child.id))
    #expect(try test.repository.record(child.id).depth == 0)
    #expect(try test.repository.record(last.id).depth == 1)
    #expect(try test.content(last.id) == "content")
  }

  @Test("a lost catalogue is made again, and nothing that was set is lost")
  func lostCatalogue() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let child = try test.backUp("child", parent: .backup(full.id))
    let changed = try test.repository.update(child.id, .init { $0.isProtected = true })
    loseCatalogue(test)
    let other = try test.reopened()
    #expect(try other.records() == [full, changed])
    expectError(.isProtected) { try other.deletionPlan(for: full.id, children: .delete) }
  }

  @Test("a damaged catalogue is said to be one, and rebuild makes it again")
  func damagedCatalogue() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly")
    loseCatalogue(test)
    try test.folder.write("repo/catalogue.sqlite", Array("this is no database, and long enough to look at".utf8))
    expectError(.catalogueDamaged) { try test.reopened() }
    let result = try Repository.rebuild(test.storage)
    #expect(result.backups == 1 && result.problems.isEmpty && result.restored.isEmpty)
    #expect(try test.reopened().records() == [record])
  }

  @Test("an archive without a record comes back protected, with what it says of itself")
  func lostState() throws {
    let test = try TestRepository()
    let full = try test.backUp("full") { $0.retention = .limited(try! Retention(1, .day)) }
    let child = try test.backUp("child", of: "db", parent: .backup(full.id)) {
      $0.description = "why"
      $0.databases = ["a", "b"]
    }
    for record in [full, child] { try test.storage.delete(.state(record.id)) }
    let result = try Repository.rebuild(test.storage)
    #expect(Set(result.restored.map(\.name)) == ["full", "child"])
    let other = try test.reopened()
    let found = try other.find("child")
    #expect(found.isProtected && found.state == .complete)
    #expect(found.parent == full.id && found.depth == 1 && found.instance == "db")
    #expect(found.description == "why" && found.databases == ["a", "b"])
    #expect(found.contentRoot == child.contentRoot && found.sizes.logical == child.sizes.logical)
    #expect(try other.find("full").retention == Retention(1, .day))
    #expect(try other.find("full").createdAt == full.createdAt)
    #expect(test.exists(.state(child.id)))
  }

  @Test("a record whose state file is lost is found out at the next opening, and protected")
  func lostStateWithRow() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly")
    try test.storage.delete(.state(record.id))
    let other = try test.reopened()
    #expect(try other.find("nightly").isProtected)
    #expect(other.takeWarnings().count == 1)
  }

  @Test("a damaged state file costs its own backup nothing but the record")
  func damagedState() throws {
    let test = try TestRepository()
    let record = try test.backUp("nightly")
    let other = try test.backUp("other")
    try test.storage.put(.state(record.id), Array("{\"format\":1,".utf8))
    let result = try Repository.rebuild(test.storage)
    #expect(result.problems.count == 1)
    #expect(result.restored.map(\.id) == [record.id])
    #expect(try test.reopened().records().map(\.id).contains(other.id))
    #expect(try test.reopened().find("nightly").isProtected)
  }

  @Test("verify names exactly the backup that is damaged, missing or swapped")
  func verify() throws {
    let test = try TestRepository()
    let good = try test.backUp("good", text: String(repeating: "good ", count: 1000))
    let flipped = try test.backUp("flipped", text: String(repeating: "flipped ", count: 1000))
    let missing = try test.backUp("missing")
    let swapped = try test.backUp("swapped")
    var bytes = try #require(test.folder.contents("repo/\(StorageName.archive(flipped.id))"))
    bytes[4096 + 200] ^= 1
    try test.folder.write("repo/\(StorageName.archive(flipped.id))", bytes)
    try test.storage.delete(.archive(missing.id))
    try test.folder.write(
      "repo/\(StorageName.archive(swapped.id))",
      try #require(test.folder.contents("repo/\(StorageName.archive(good.id))")))
    var sound: [String] = []
    for record in try test.repository.records() {
      let found = try test.repository.verify(record.id, .full)
      if found.isSound { sound.append(record.name) } else { #expect(found.failure != nil) }
    }
    #expect(sound == ["good"])
    #expect(try test.repository.find("good").verifiedAt == test.clock.now)
    #expect(try test.repository.find("flipped").verifiedAt == nil)
    #expect(try test.content(good.id).hasPrefix("good"))
  }

  @Test("a sample takes first what was verified longest ago, or never")
  func sample() throws {
    let test = try TestRepository()
    let records = try (0..<4).map { try test.backUp("backup\($0)") }
    let all = records.reduce(0) { $0 + $1.sizes.stored }
    #expect(try test.repository.verificationSample(percent: 25).bytes == all / 4)
    #expect(try test.repository.verificationSample(percent: 30).records.map(\.id) == records.map(\.id))
    _ = try test.repository.verify(records[0].id, .full)
    test.clock.advance(try Retention(1, .hour))
    _ = try test.repository.verify(records[1].id, .full)
    #expect(
      try test.repository.verificationSample(percent: 100).records.map(\.name)
        == ["backup2", "backup3", "backup0", "backup1"])
  }

  @Test("leftovers of nobody are removed, those of somebody are not")
  func leftovers() throws {
    let test = try TestRepository()
    let producer = ScriptedProducer("x")
    producer.during = {
      try test.folder.write("repo/partial/\(BackupID.random()).cka", [1, 2, 3])
      #expect(try test.repository.removeLeftovers() == 3)
    }
    #expect(try test.repository.backUp(BackupRequest(instance: "db"), from: producer).state == .complete)
  }

  @Test("a repository is made once, and only where there is nothing")
  func creation() throws {
    let test = try TestRepository()
    expectError(.repositoryExists) { try Repository.create(in: test.storage, .init(createdAt: test.clock.now)) }
    try test.folder.write("file", [1])
    expectError(.repositoryExists) {
      try Repository.create(in: DirectoryStorage(test.folder.path("file")), .init(createdAt: test.clock.now))
    }
    expectError(.noRepository) { try Repository(opening: DirectoryStorage(test.folder.path("nothing"))) }
    try test.folder.write("repo/repository.json", Array("{\"format\":2}".utf8))
    expectError(.unsupportedVersion) { try test.reopened() }
  }
}
