// SPDX-License-Identifier: Apache-2.0

// Records that are kept in memory, beside those that somebody else reads at the same moment.
import SystemIO
import TestSupport
import Testing

@testable import BackupKit

@Suite("records in memory")
struct CatalogueMemoryTests {
  private func record(_ name: String, at seconds: Int64 = 0) -> BackupRecord {
    BackupRecord(id: .random(), name: name, instance: "i", origin: "cli", time: Timestamp(seconds: seconds))
  }

  /// The same repository for somebody who remembers records.
  private func remembering(_ test: TestRepository) throws -> Repository {
    let clock = test.clock
    return try Repository(opening: test.storage, clock: { clock.now }, remembersRecords: true)
  }

  @Test("what is remembered is what is there, whoever changes it", arguments: 1...3)
  func others(_ seed: Int) throws {
    let test = try TestRepository()
    var random = SeededRandom("records in memory \(seed)")
    let memory = try remembering(test)
    for step in 0..<40 {
      // This one, or another process.
      let actor = Bool.random(using: &random) ? memory : test.repository
      let records = try test.repository.records()
      test.clock.advance(try Retention(1, .hour))
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        let parent = records.randomElement(using: &random).map { ParentChoice.backup($0.id) } ?? .none
        let request = BackupRequest(instance: "i") {
          $0.name = "backup-\(step)"
          $0.parent = Bool.random(using: &random) ? parent : .none
        }
        _ = try actor.backUp(request, from: ScriptedProducer("text"))
      case 4..<7:
        guard let record = records.randomElement(using: &random) else { continue }
        _ = try actor.update(record.id, .init { $0.description = "step \(step)" })
      case 7, 8:
        guard let record = records.randomElement(using: &random) else { continue }
        try actor.delete(try actor.deletionPlan(for: record.id, children: .delete)) { _ in
        } removed: { _ in
        }
      default: _ = try Repository.rebuild(test.storage)
      }
      // Not each time, so that several changes come at once.
      if Int.random(in: 0..<3, using: &random) > 0 {
        #expect(try memory.writtenRecords() == test.reopened().writtenRecords(), "step \(step)")
      }
    }
    #expect(try memory.writtenRecords() == test.reopened().writtenRecords())
  }

  @Test("the stamp changes with each change of a record, and with nothing else")
  func stamps() throws {
    let test = try TestRepository()
    let memory = try remembering(test)
    var stamp = try memory.changeStamp()
    func hasChanged() throws -> Bool {
      let old = stamp
      stamp = try memory.changeStamp()
      return stamp != old
    }
    let made = try test.backUp("first")
    #expect(try hasChanged())
    #expect(try !hasChanged())
    try test.repository.withCatalogue { (catalogue) throws(BackupError) in try catalogue.doubt(made.id) }
    #expect(try !hasChanged(), "a doubt is no change")
    _ = try memory.update(made.id, .init { $0.isProtected = true })
    #expect(try hasChanged())
    _ = try Repository.rebuild(test.storage)
    #expect(try hasChanged())
  }

  @Test("rows that were removed longer ago than is known are gone all the same")
  func longAgo() throws {
    let folder = try TemporaryFolder()
    let writer = try Catalogue(folder.path("catalogue"))
    try writer.reset()
    let (gone, stays, last) = (record("gone", at: 1), record("stays", at: 2), record("last", at: 3))
    func write(_ body: () throws(BackupError) -> Void) throws { try writer.transaction(body) }
    try write { () throws(BackupError) in
      for record in [gone, stays, last] { try writer.put(record) }
    }
    let reader = try Catalogue(folder.path("catalogue"), remembers: true)
    #expect(try reader.records() == [gone, stays, last])
    try write { () throws(BackupError) in
      try writer.remove(gone.id)
      for _ in 0..<Catalogue.maximumRemovals { try writer.put(stays) }
      // Only so many removals are kept: the first is forgotten with this one.
      try writer.remove(last.id)
    }
    #expect(try reader.records() == [stays])
  }

  @Test("what came to nothing is not remembered")
  func rollback() throws {
    let folder = try TemporaryFolder()
    let catalogue = try Catalogue(folder.path("catalogue"), remembers: true)
    try catalogue.reset()
    let (kept, lost, next) = (record("kept", at: 1), record("lost", at: 2), record("next", at: 3))
    try catalogue.transaction { () throws(BackupError) in try catalogue.put(kept) }
    #expect(try catalogue.records() == [kept])
    expectError(.cancelled) {
      try catalogue.transaction { () throws(BackupError) in
        try catalogue.put(lost)
        #expect(try catalogue.records() == [kept, lost])
        throw BackupError(.cancelled, "no")
      }
    }
    // The same number as that of the change that was taken back.
    try catalogue.transaction { () throws(BackupError) in try catalogue.put(next) }
    #expect(try catalogue.records() == [kept, next])
    #expect(try catalogue.records(of: "i") == [kept, next] && catalogue.records(of: "j").isEmpty)
  }

  @Test("a catalogue of another version is made anew")
  func versions() throws {
    let test = try TestRepository()
    let record = try test.backUp("first")
    try SQLiteDatabase(test.storage.catalogue).run("PRAGMA user_version = 1")
    #expect(try test.reopened().records() == [record])
    try SQLiteDatabase(test.storage.catalogue).run("DELETE FROM numbering")
    expectError(.catalogueDamaged) { _ = try remembering(test).writtenRecords() }
    _ = try Repository.rebuild(test.storage)
    #expect(try remembering(test).writtenRecords() == [record])
  }

  @Test("changes are put in their places", arguments: 1...20)
  func places(_ seed: Int) {
    var random = SeededRandom("records in memory \(seed)")
    var all: [BackupRecord] = []
    var memory = RecordMemory()
    for round in 0..<40 {
      var (changed, removed): ([BackupRecord], [BackupID]) = ([], [])
      for _ in 0..<Int.random(in: 0..<4, using: &random) {
        // Times and depths that meet often.
        var record = record("r", at: Int64.random(in: 0..<5, using: &random))
        record.depth = Int.random(in: 0..<2, using: &random)
        changed.append(record)
        all.append(record)
      }
      for place in all.indices.shuffled(using: &random).prefix(Int.random(in: 0..<3, using: &random)) {
        all[place].name = "round \(round)"
        if Bool.random(using: &random) {
          all[place].createdAt = Timestamp(seconds: Int64.random(in: 0..<5, using: &random))
        }
        changed.removeAll { $0.id == all[place].id }
        changed.append(all[place])
        // One that was removed and is there again.
        if Bool.random(using: &random) { removed.append(all[place].id) }
      }
      if let place = all.indices.randomElement(using: &random), Bool.random(using: &random) {
        removed.append(all[place].id)
        changed.removeAll { $0.id == all[place].id }
        all.remove(at: place)
      }
      all.sort { left, right in
        (left.createdAt.seconds, left.depth, left.id.description)
          < (right.createdAt.seconds, right.depth, right.id.description)
      }
      memory.update(changed, removed: removed, at: .init(series: 1, last: Int64(round)))
      #expect(memory.records == all)
    }
  }
}
