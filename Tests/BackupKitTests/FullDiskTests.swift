// SPDX-License-Identifier: Apache-2.0

// Deletions when there is no room for what they have to write first, and the room that is kept for them.
import BackupKit
import SystemIO
import TestSupport
import Testing

@Suite("deletions on a full disk")
struct FullDiskTests {
  private func reserve(_ test: TestRepository) -> [Int] {
    (1...4).compactMap { test.folder.contents("repo/reserve/\($0)")?.count }
  }

  @Test("a deletion that finds no room, wherever that is, takes what is kept and comes to its end")
  func deletion() throws {
    for call in 1... {
      let test = try TestRepository()
      let full = try test.backUp("full")
      try test.backUp("child", parent: .backup(full.id))
      #expect(reserve(test) == [262_144, 262_144, 262_144, 262_144])
      let plan = try test.repository.deletionPlan(for: full.id, children: .delete)
      let faults = SyscallFaults([.init(.write, call: call, .fail(call % 2 == 0 ? .noSpace : .quotaExceeded))])
      var removed: [String] = []
      try faults.run { try test.repository.delete(plan, removed: { removed.append($0.name) }) }
      #expect(removed == ["child", "full"], "write \(call)")
      #expect(try test.reopened().records().isEmpty, "write \(call)")
      // There is room again, and some of it is set aside.
      #expect(reserve(test).count == 4, "write \(call)")
      if faults.fired == 0 { break }
      #expect(call < 100)
    }
  }

  @Test("where the room that is kept is not enough either, a full disk is an error, and nothing is lost")
  func tooFull() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    let plan = try test.repository.deletionPlan(for: full.id)
    let faults = SyscallFaults([.init(.write, repeats: true, .fail(.noSpace))])
    let error = faults.run { expectError(.io) { try test.repository.delete(plan) } }
    #expect(error?.system?.errno == .noSpace)
    #expect(reserve(test).isEmpty)
    #expect(try test.content(full.id, in: try test.reopened()) == test.content(full.id))
    // The next one that finds room sets it aside again.
    try test.backUp("later")
    #expect(reserve(test).count == 4)
  }

  @Test("a protection is taken back on a full disk")
  func unprotect() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    _ = try test.repository.update(full.id, .init { $0.isProtected = true })
    let faults = SyscallFaults([.init(.write, call: 2, .fail(.noSpace))])
    let record = try faults.run { try test.repository.update(full.id, .init { $0.isProtected = false }) }
    #expect(faults.fired == 1 && !record.isProtected)
  }

  @Test("while there is no catalogue, records are read instead, what others change is seen, and nothing is changed")
  func copy() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    // What keeps SQLite from opening its file, as a full disk does.
    let file = test.folder.path("repo/catalogue.sqlite")
    try FileSystem.remove(file)
    try FileSystem.makeDirectory(file)
    let reader = try test.reopened()
    #expect(try reader.records().map(\.name) == ["full"])
    #expect(try test.content(full.id, in: reader) == test.content(full.id))
    expectError(.io) { try reader.update(full.id, .init { $0.description = "changed" }) }
    #expect(try reader.record(full.id).description == nil)
    try FileSystem.removeDirectory(file)
    // Another process, to which the catalogue is open again.
    let other = try test.reopened()
    _ = try other.update(full.id, .init { $0.description = "by another" })
    test.clock.advance(try Retention(1, .hour))
    #expect(try reader.writtenRecords().map(\.description) == ["by another"])
    _ = try reader.update(full.id, .init { $0.description = "by this one" })
    #expect(try test.reopened().record(full.id).description == "by this one")
  }

  @Test("what was broken off when room was set aside is made anew, and who finds no room goes without")
  func keeping() throws {
    let test = try TestRepository()
    try test.folder.write("repo/reserve/2", [1, 2, 3])
    test.storage.keepReserve()
    #expect(reserve(test) == [262_144, 262_144, 262_144, 262_144])
    #expect(try test.storage.releaseReserve())
    #expect(try !test.storage.releaseReserve())
    // The third one finds no more room, and nothing half made is left.
    SyscallFaults([.init(.write, call: 3, repeats: true, .fail(.noSpace))]).run { test.storage.keepReserve() }
    #expect(reserve(test) == [262_144, 262_144])
  }
}
