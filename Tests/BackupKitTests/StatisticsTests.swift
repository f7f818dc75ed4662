// SPDX-License-Identifier: Apache-2.0

// What is counted, and what is refused before anything is counted.
import ArchiveKit
import BackupKit
import SystemIO
import TestSupport
import Testing

@Suite("statistics")
struct StatisticsTests {
  @Test("complete backups count with their sizes, others by their number, unfinished archives by their bytes")
  func statistics() throws {
    let test = try TestRepository()
    let full = try test.backUp("full", text: "one")
    let child = try test.backUp("child", parent: .backup(full.id), text: "two")
    _ = try test.backUp("other", of: "elsewhere")
    _ = try test.repository.update(full.id, .init { $0.isProtected = true })
    let failing = ScriptedProducer("no", failures: [BackupError(.sourceFailed, "it failed")])
    expectError(.sourceFailed) { try test.repository.backUp(BackupRequest(instance: "db"), from: failing) }
    try test.folder.write("repo/partial/left", [UInt8](repeating: 1, count: 77))
    let (whole, instances) = try test.repository.statistics()
    #expect(instances.map(\.name) == ["db", "elsewhere"])
    let db = instances[0].statistics
    #expect(db.states == [.complete: 2, .failed: 1] && db.backups == 3 && whole.backups == 4)
    #expect(db.increments == 1 && db.protected == 1 && db.depth == 1)
    #expect(db.stored == full.sizes.freed + child.sizes.freed)
    #expect(db.logical == full.sizes.logical + child.sizes.logical)
    #expect(whole.unfinished == 77)
  }

  @Test("sizes of what is not complete are not counted")
  func incomplete() throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    // As one that could not be deleted: its record has sizes.
    let faults = SyscallFaults([.init(.unlink, call: 1, .fail(.inputOutput))])
    faults.run { _ = try? test.repository.delete(test.repository.deletionPlan(for: full.id)) }
    let (whole, _) = try test.repository.statistics()
    #expect(whole.states == [.deleteFailed: 1])
    #expect(whole.stored == 0 && whole.logical == 0 && whole.unique == 0)
  }

  @Test("an archive that cannot be written as asked for is refused before there is a record")
  func impossible() throws {
    let test = try TestRepository()
    let error = expectError(.invalidValue) {
      try test.backUp("full") { $0.archive.blockSize = 12 }
    }
    #expect(error?.reason.contains("64 KiB") == true)
    #expect(try test.names.isEmpty)
  }
}
