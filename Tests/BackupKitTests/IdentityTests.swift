// SPDX-License-Identifier: Apache-2.0

// What names a backup, and versions of files in several.

import ArchiveKit
import BackupKit
import TestSupport
import Testing

@Suite("identifiers, instances and versions")
struct IdentityTests {
  @Test("an identifier has its dashes where they belong")
  func identifiers() throws {
    let text = "01890a5d-ac96-774b-bcce-b302099a8057"
    #expect(BackupID(text)?.description == text)
    for place in [8, 13, 18, 23] {
      var bytes = Array(text.utf8)
      bytes[place] = UInt8(ascii: "_")
      #expect(BackupID(String(decoding: bytes, as: UTF8.self)) == nil)
    }
    #expect(BackupID(String(text.dropLast())) == nil)
  }

  @Test("an instance has a name")
  func instances() throws {
    let test = try TestRepository()
    expectError(.invalidValue) { try test.backUp("nightly", of: "") }
    #expect(try test.names.isEmpty)
  }

  @Test("versions of files come by their paths, and those of one path by their age")
  func versions() throws {
    let test = try TestRepository()
    for (name, text) in [("one1", "a"), ("two2", "bb"), ("three3", "ccc")] { try test.backUp(name, text: text) }
    let all = try #require(Glob("**"))
    let found = try test.repository.versions(matching: [all])
    let sizes = found.filter { $0.entry.kind == .file }.map(\.entry.size)
    #expect(sizes == [1, 2, 3])
    #expect(found.map(\.entry.path) == found.map(\.entry.path).sorted { EntryPath.precedes($0, $1) })
    #expect(found.filter { $0.entry.kind == .file }.map { $0.backups.map(\.name) } == [["one1"], ["two2"], ["three3"]])
  }
}
