// SPDX-License-Identifier: Apache-2.0

// An archive that a backup is restored from is not there: whoever asks is told, and nothing is called sound.
import ArchiveKit
import BackupKit
import SystemIO
import TestSupport
import Testing

@Suite("missing archives")
struct MissingArchiveTests {
  /// A full backup without its archive, and two increments.
  private func chain(_ test: TestRepository) throws -> [BackupRecord] {
    let full = try test.backUp("full", text: "one")
    let first = try test.backUp("first", parent: .backup(full.id), text: "two")
    let second = try test.backUp("second", parent: .backup(first.id), text: "three")
    try test.storage.delete(.archive(full.id))
    return [full, first, second]
  }

  @Test("a backup whose ancestor is missing is not sound at any level", arguments: [VerificationLevel.quick, .deep])
  func verification(_ level: VerificationLevel) throws {
    let test = try TestRepository()
    for record in try chain(test) {
      let found = try test.repository.verify(record.id, level)
      #expect(!found.isSound && found.record.verifiedAt == nil)
      #expect(found.failure?.reason.contains(record.name == "full" ? "missing" : "'full'") == true)
    }
  }

  @Test("an increment upon an ancestor that is missing is made, and says so")
  func warning() throws {
    let test = try TestRepository()
    _ = try chain(test)
    var notes: [String] = []
    let request = BackupRequest(instance: "db") { $0.parent = .automatic }
    let record = try test.repository.backUp(
      request, from: ScriptedProducer("four"), .init { $0.note = { notes.append($0) } })
    #expect(record.depth == 3)
    #expect(notes.contains { $0.contains("only when the archive of 'full' is back") })
  }

  @Test("a merge names the archive that is missing, and changes nothing")
  func merge() throws {
    let test = try TestRepository()
    let second = try chain(test)[2]
    let error = expectError(.archive) { try test.repository.merge(second.id, named: "merged") }
    #expect(error?.archive?.code == .missingParent && error?.reason.contains("'full'") == true)
    #expect(try test.names == ["full", "first", "second"])
  }
}
