// SPDX-License-Identifier: Apache-2.0

// Merging: what a backup keeps when it needs its parents no more, and what becomes of these.
import ArchiveKit
import SystemIO
import TestSupport
import Testing

@testable import BackupKit

@Suite("merging")
struct MergingTests {
  /// Texts that have most in common, of several chunks. The seed is a known one: with one text of thirty there would be
  /// no cut between the parts that differ.
  private func text(_ version: Int) -> String {
    var random = SeededRandom(seed: 1)
    let common = (0..<40_000).map { _ in String(UInt32.random(in: 0..<10_000, using: &random)) }.joined(separator: " ")
    return "version \(version) \(common) end of version \(version)"
  }

  /// A full backup and increments, each upon the one before.
  private func chain(_ test: TestRepository, _ count: Int) throws -> [BackupRecord] {
    var records: [BackupRecord] = []
    for number in 0..<count {
      records.append(
        try test.backUp(
          "member\(number)", parent: records.last.map { .backup($0.id) } ?? .none, text: text(number)))
    }
    return records
  }

  private func expectSound(_ test: TestRepository, _ records: [BackupRecord]) throws {
    for record in records {
      #expect(try test.repository.verify(record.id, .deep).isSound, "\(record.name)")
      let number = try #require(Int(record.name.drop { !$0.isNumber }))
      let isSame = try test.content(record.id) == text(number)
      #expect(isSame, "\(record.name)")
    }
  }

  @Test("a replaced backup keeps what people know it by, its children, and its content")
  func replacement() throws {
    let test = try TestRepository()
    let chain = try chain(test, 4)
    let before = try test.repository.update(
      chain[2].id,
      .init {
        $0.isProtected = true
        $0.retention = .limited(try! Retention(30, .day))
        $0.description = "why"
      })
    let plan = try test.repository.replacementPlan(for: before.id)
    #expect(plan.merges.map(\.id) == [before.id])
    #expect(plan.members.map(\.name) == ["member1", "member0"])
    var done: [String] = []
    try test.repository.delete(
      plan, merged: { done.append("merge \($0.name)") }, removed: { done.append("delete \($0.name)") })
    #expect(done == ["merge member2", "delete member1", "delete member0"])
    let after = try test.repository.record(before.id)
    #expect(after.name == before.name && after.isProtected && after.retention == before.retention)
    #expect(after.description == "why" && after.createdAt == before.createdAt && after.state == .complete)
    #expect(after.contentRoot == before.contentRoot && after.sizes.logical == before.sizes.logical)
    #expect(after.parent == nil && after.depth == 0)
    #expect(after.sizes.stored == (try test.storage.size(of: .archive(after.id))))
    #expect(after.sizes.index == (try test.storage.size(of: .index(after.id))))
    #expect(after.history.last?.reason == "merged with 2 ancestors")
    let child = try test.repository.record(chain[3].id)
    #expect(child.parent == after.id && child.depth == 1)
    try expectSound(test, [after, child])
    #expect(try test.storage.names(in: .partial).isEmpty)
    // Another process, and one that has lost the catalogue, see the same.
    let records = try test.repository.records()
    #expect(records.map(\.id) == [after.id, child.id])
    #expect(try test.reopened().records() == records)
    _ = try Repository.rebuild(test.storage)
    #expect(try test.reopened().records() == records)
  }

  @Test("the index of a replaced backup is enough for the next increment")
  func index() throws {
    let test = try TestRepository()
    let chain = try chain(test, 3)
    try test.repository.delete(test.repository.replacementPlan(for: chain[2].id))
    let archive = try #require(test.folder.contents("repo/\(StorageName.archive(chain[2].id))"))
    try test.storage.delete(.archive(chain[2].id))
    let next = try test.backUp("member3", parent: .backup(chain[2].id), text: text(3))
    #expect(next.sizes.unique < next.sizes.logical)
    expectError(.archive) { try test.content(next.id) }
    try test.folder.write("repo/\(StorageName.archive(chain[2].id))", archive)
    try expectSound(test, [chain[2], next])
    // The index says of itself what the archive does.
    let source = try test.storage.source(.index(chain[2].id))
    let report = try ArchiveVerifier(ArchiveReader(source), source, .full).run()
    #expect(report.problems.isEmpty)
  }

  @Test("what others need, and what is protected, stays")
  func kept() throws {
    let test = try TestRepository()
    let chain = try chain(test, 4)
    let side = try test.backUp("side0", parent: .backup(chain[1].id), text: text(0))
    #expect(try test.repository.replacementPlan(for: chain[3].id).members.map(\.name) == ["member2"])
    try test.repository.delete(test.repository.deletionPlan(for: side.id))
    _ = try test.repository.update(chain[0].id, .init { $0.isProtected = true })
    let plan = try test.repository.replacementPlan(for: chain[3].id)
    #expect(plan.members.map(\.name) == ["member2", "member1"])
    try test.repository.delete(plan)
    #expect(try test.names == ["member0", "member3"])
    try expectSound(test, [chain[0], chain[3]])
    // There is nothing more to merge.
    expectError(.illegalMove) { try test.repository.replacementPlan(for: chain[3].id) }
    expectError(.illegalMove) { try test.repository.delete(plan) }
    expectError(.notFound) { try test.repository.replacementPlan(for: .random()) }
  }

  @Test("a plan that something has overtaken does nothing")
  func overtaken() throws {
    let test = try TestRepository()
    let chain = try chain(test, 3)
    let plan = try test.repository.replacementPlan(for: chain[2].id)
    _ = try test.repository.update(chain[0].id, .init { $0.isProtected = true })
    expectError(.isProtected) { try test.repository.delete(plan) }
    _ = try test.repository.update(chain[0].id, .init { $0.isProtected = false })
    try test.backUp("side1", parent: .backup(chain[0].id), text: text(1))
    expectError(.isNeeded) { try test.repository.delete(plan) }
    #expect(try test.repository.record(chain[2].id).parent == chain[1].id)
    let locks = try test.repository.lock("db", .shared, "read")
    expectError(.locked) { try test.reopened().delete(plan) }
    locks.release()
  }

  @Test("a merged copy is a backup of its own, of the same time, and leaves all others alone")
  func copy() throws {
    let test = try TestRepository()
    let chain = try chain(test, 3)
    expectError(.invalidValue) { try test.repository.merge(chain[1].id, named: "x") }
    expectError(.nameInUse) { try test.repository.merge(chain[1].id, named: "member0") }
    expectError(.illegalMove) { try test.repository.merge(chain[0].id, named: "copy0") }
    test.clock.advance(try Retention(1, .day))
    let copy = try test.repository.merge(chain[1].id, named: "copy1")
    #expect(copy.id != chain[1].id && copy.parent == nil && copy.state == .complete)
    #expect(copy.contentRoot == chain[1].contentRoot && copy.createdAt == chain[1].createdAt)
    #expect(try test.repository.find("latest").id == chain[2].id)
    #expect(try test.repository.newestComplete(of: "db")?.id == chain[2].id)
    try test.repository.delete(test.repository.deletionPlan(for: chain[0].id, children: .delete))
    try expectSound(test, [copy])
    // Its archive knows its name.
    try test.storage.delete(.state(copy.id))
    _ = try Repository.rebuild(test.storage)
    let found = try test.reopened().find("copy1")
    #expect(found.id == copy.id && found.depth == 0 && found.isProtected)
  }

  @Test("a merge that was given up leaves everything as it was")
  func cancelled() throws {
    let test = try TestRepository()
    let chain = try chain(test, 3)
    let observer = BackupObserver { $0.isCancelled = { true } }
    let plan = try test.repository.replacementPlan(for: chain[2].id)
    expectError(.cancelled) { try test.repository.delete(plan, .init(), observer) }
    expectError(.cancelled) { try test.repository.merge(chain[2].id, named: "copy2", .init(), observer) }
    #expect(try test.repository.find("copy2").state == .canceled)
    #expect(try test.storage.names(in: .partial).isEmpty)
    #expect(try test.storage.names(in: .archives).count == 3)
    try expectSound(test, chain)
  }

  // MARK: - Merging before a deletion

  @Test("what a merge is writing in the place of a backup is let alone by one who tidies up")
  func tidyingMeanwhile() throws {
    let test = try TestRepository()
    let chain = try chain(test, 2)
    let other = try test.reopened()
    var freed: [UInt64] = []
    let observer = BackupObserver { $0.progress = { _ in freed.append((try? other.removeLeftovers()) ?? .max) } }
    try test.repository.delete(test.repository.replacementPlan(for: chain[1].id), .init(), observer)
    #expect(!freed.isEmpty && freed.allSatisfy { $0 == 0 })
    try expectSound(test, [chain[1]])
  }

  @Test("delete with merging keeps each direct child restorable, and what builds on these")
  func mergeFirst() throws {
    let test = try TestRepository()
    let chain = try chain(test, 4)
    let side = try test.backUp("side5", parent: .backup(chain[1].id), text: text(5))
    _ = try test.repository.update(side.id, .init { $0.isProtected = true })
    let plan = try test.repository.deletionPlan(for: chain[1].id, children: .merge)
    #expect(plan.merges.map(\.name) == ["member2", "side5"])
    #expect(plan.members.map(\.name) == ["member1"])
    try test.repository.delete(plan)
    #expect(Set(try test.names) == ["member0", "member2", "member3", "side5"])
    try expectSound(test, [chain[0], chain[2], chain[3], side])
    #expect(try test.repository.record(chain[3].id).depth == 1)
    // Now that nothing needs it.
    try test.repository.delete(test.repository.deletionPlan(for: chain[0].id))
    try expectSound(test, [chain[2], chain[3], side])
  }

  @Test("a child that came to nothing goes too, one that can be gone on with and a protected backup stay")
  func notMergeable() throws {
    let test = try TestRepository()
    let chain = try chain(test, 3)
    let failure = BackupError(.sourceFailed, "no")
    var request = BackupRequest(instance: "db") {
      $0.name = "broken"
      $0.parent = .backup(chain[1].id)
    }
    expectError(.sourceFailed) { try test.repository.backUp(request, from: ScriptedProducer("x", failures: [failure])) }
    let plan = try test.repository.deletionPlan(for: chain[1].id, children: .merge)
    #expect(plan.merges.map(\.name) == ["member2"] && plan.members.map(\.name) == ["broken", "member1"])
    #expect(
      try test.repository.replacementPlan(for: chain[2].id).members.map(\.name) == ["broken", "member1", "member0"])
    (request.name, request.resumes) = ("resumable", true)
    expectError(.sourceFailed) { try test.repository.backUp(request, from: ScriptedProducer("x", failures: [failure])) }
    expectError(.isNeeded) { try test.repository.deletionPlan(for: chain[1].id, children: .merge) }
    #expect(try test.repository.replacementPlan(for: chain[2].id).members.isEmpty)
    _ = try test.repository.update(chain[1].id, .init { $0.isProtected = true })
    try test.repository.delete(test.repository.deletionPlan(for: test.repository.find("resumable").id))
    expectError(.isProtected) { try test.repository.deletionPlan(for: chain[1].id, children: .merge) }
    _ = try test.repository.update(chain[1].id, .init { $0.isProtected = false })
    try test.repository.delete(plan)
    try expectSound(test, [chain[0], chain[2]])
  }

  @Test("prune with merging lets go what only kept backups need")
  func prune() throws {
    let test = try TestRepository()
    let chain = try chain(test, 6)
    #expect(try test.repository.prunePlan(.init { $0.last = 2 }).deletion.members.isEmpty)
    _ = try test.repository.update(chain[1].id, .init { $0.isProtected = true })
    let plan = try test.repository.prunePlan(
      .init {
        $0.last = 2
        $0.mergesFirst = true
      })
    #expect(plan.deletion.merges.map(\.name) == ["member1", "member4"])
    #expect(plan.deletion.members.map(\.name) == ["member3", "member2", "member0"])
    #expect(plan.decisions.filter(\.isKept).map(\.record.name) == ["member1", "member4", "member5"])
    try test.repository.delete(plan.deletion)
    try expectSound(test, [chain[1], chain[4], chain[5]])
    #expect(try test.repository.records().map(\.depth) == [0, 0, 1])
  }

  @Test("archives that were merged count for the limit of a chain")
  func limit() throws {
    let test = try TestRepository()
    let chain = try chain(test, 3)
    try test.repository.delete(test.repository.replacementPlan(for: chain[2].id))
    let narrow = try test.reopened(.init { $0.maximumDepth = 2 })
    let request = BackupRequest(instance: "db") { $0.parent = .backup(chain[2].id) }
    expectError(.parentUnusable) { try narrow.backUp(request, from: ScriptedProducer("x")) }
    let automatic = BackupRequest(instance: "db") { $0.parent = .automatic }
    #expect(try narrow.backUp(automatic, from: ScriptedProducer("x")).parent == nil)
    #expect(BackupRules().maximumDepth == 1024)
  }

  @Test("a merge that ended before the record followed is done again, and nothing of it is left")
  func halfDone() throws {
    let test = try TestRepository()
    let chain = try chain(test, 3)
    try test.repository.delete(test.repository.replacementPlan(for: chain[2].id))
    // What a process leaves that ends between the archive and the record; its parents are there in truth.
    try test.repository.change(chain[2].id) { (record) throws(BackupError) in record.parent = chain[1].id }
    try test.folder.write("repo/\(StorageName.partial(chain[2].id))", [1, 2, 3])
    for record in chain[..<2] { try test.storage.put(.state(record.id), record.stateFile) }
    try test.reopen()
    expectError(.archive) { try test.content(chain[1].id) }
    #expect(try test.content(chain[2].id) == text(2))
    try test.repository.delete(test.repository.replacementPlan(for: chain[2].id))
    #expect(try test.names == ["member2"])
    #expect(try test.storage.names(in: .partial).isEmpty)
    try expectSound(test, [chain[2]])
  }
}
