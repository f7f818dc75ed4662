// SPDX-License-Identifier: Apache-2.0

// Each kind of object of a repository is lost, cut, overwritten, changed in a byte, or exchanged for another valid one.
import ArchiveKit
import BackupKit
import Foundation
import SystemIO
import TestSupport
import Testing

@Suite("damaged repositories")
struct RepositoryDamageTests {
  enum Damage: CaseIterable, Sendable {
    case lost, cut, zeroed, flipped, swapped
  }

  private let test: TestRepository
  private let full, child, other: BackupRecord

  init() throws {
    test = try TestRepository()
    full = try test.backUp("full", text: Self.text("full"))
    child = try test.backUp("child", parent: .backup(full.id), text: Self.text("child")) {
      ($0.retention, $0.isProtected) = (.limited(try! Retention(1, .year)), true)
    }
    other = try test.backUp("other", of: "web", text: Self.text("other"))
    try test.reopen()
  }

  /// Bytes that do not pack, so that any changed byte is one of a chunk or of what describes it.
  private static func text(_ name: String) -> String {
    var random = SeededRandom(seed: UInt64(name.utf8.count))
    return name + (0..<20_000).map { _ in String(UnicodeScalar(UInt8.random(in: 33..<127, using: &random))) }.joined()
  }

  private func damage(_ name: StorageName, _ damage: Damage, _ replacement: StorageName? = nil) throws {
    var bytes = try #require(test.folder.contents("repo/\(name)"))
    switch damage {
    case .lost: return try FileManager.default.removeItem(atPath: test.path(name))
    case .cut: bytes.removeLast(bytes.count / 2)
    case .zeroed: bytes = [UInt8](repeating: 0, count: bytes.count)
    case .flipped: bytes[bytes.count / 2] ^= 1
    case .swapped: bytes = try #require(replacement.flatMap { test.folder.contents("repo/\($0)") })
    }
    try test.folder.write("repo/\(name)", bytes)
  }

  private func expectWhole(_ records: [BackupRecord], _ repository: Repository) throws {
    for record in records {
      #expect(try repository.verify(record.id, .full).isSound, "\(record.name)")
      let isSame = try test.content(record.id, in: repository) == Self.text(record.name)
      #expect(isSame, "\(record.name)")
    }
  }

  @Test("a damaged archive is named by verify, alone, and all others are restored", arguments: Damage.allCases)
  func archive(_ kind: Damage) throws {
    try damage(.archive(child.id), kind, .archive(other.id))
    let repository = try test.reopened()
    let unsound = try repository.records().filter { try !repository.verify($0.id, .full).isSound }
    #expect(unsound.map(\.id) == [child.id])
    expectError(.archive) { try test.content(child.id, in: repository) }
    try expectWhole([full, other], repository)
    // Nothing is built upon it, and its instance goes on.
    if [.cut, .zeroed, .swapped].contains(kind) {
      expectError(.parentUnusable) { try test.backUp(parent: .backup(child.id)) }
    }
    #expect(try test.backUp("next", parent: .backup(full.id), text: Self.text("next")).state == .complete)
  }

  @Test(
    "a damaged index costs nothing as long as the archive is there, and nothing wrong is built upon it",
    arguments: Damage.allCases)
  func index(_ kind: Damage) throws {
    try damage(.index(child.id), kind, .index(other.id))
    try expectWhole([full, child, other], try test.reopened())
    let next = try test.backUp("next", parent: .backup(child.id), text: Self.text("next"))
    try expectWhole([next], test.repository)
    // The archive is taken elsewhere: now the index is all there is. What of it is used is checked.
    let archive = try #require(test.folder.contents("repo/\(StorageName.archive(child.id))"))
    try test.storage.delete(.archive(child.id))
    do {
      let last = try test.backUp("last", parent: .backup(child.id), text: Self.text("last"))
      #expect(kind == .flipped)
      try test.folder.write("repo/\(StorageName.archive(child.id))", archive)
      try expectWhole([last, child], try test.reopened())
    } catch let error as BackupError {
      #expect(error.code == .parentUnusable || error.code == .archive, "\(error)")
      #expect(error.reason.contains("child") || error.reason.contains("\(child.id)"), "\(error.reason)")
    }
  }

  @Test(
    "a damaged record is noticed, and its backup comes back protected; others keep what was set",
    arguments: Damage.allCases)
  func state(_ kind: Damage) throws {
    try damage(.state(child.id), kind, .state(other.id))
    let rebuilt = try Repository.rebuild(test.storage)
    #expect(rebuilt.restored.map(\.id) == [child.id])
    #expect(rebuilt.problems.count == (kind == .lost ? 0 : 1))
    let repository = try test.reopened()
    #expect(try repository.record(full.id) == full && repository.record(other.id) == other)
    let found = try repository.record(child.id)
    #expect(found.name == "child" && found.isProtected && found.parent == full.id && found.retention == child.retention)
    try expectWhole([full, child, other], repository)
  }

  @Test(
    "a record that is damaged while the catalogue knows it is never taken for that of another",
    arguments: Damage.allCases)
  func stateWithoutRebuild(_ kind: Damage) throws {
    try damage(.state(child.id), kind, .state(other.id))
    let repository = try test.reopened()
    #expect(try repository.record(other.id) == other && repository.record(child.id).name == "child")
    // A change needs the truth.
    if kind != .lost {
      expectError(.catalogueDamaged) { try repository.update(child.id, .init { $0.isProtected = false }) }
    }
    try expectWhole([full, child, other], repository)
  }

  @Test(
    "a damaged catalogue says so or is made again, and rebuild brings back every setting", arguments: Damage.allCases)
  func catalogue(_ kind: Damage) throws {
    let another = try TestRepository()
    try another.backUp("another")
    // Another process looks at it: in this one the files are open.
    let folder = try TemporaryFolder(inMemory: true)
    try FileManager.default.copyItem(atPath: test.folder.location("repo"), toPath: folder.location("repo"))
    let storage = DirectoryStorage(folder.path("repo"))
    let catalogue = folder.location("repo/catalogue.sqlite")
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: catalogue + suffix) }
    // All of it is in one file when nobody uses it any more.
    let expected = try Repository(opening: storage).records()
    #expect(expected == [full, child, other])
    if kind == .lost {
      try FileManager.default.removeItem(atPath: catalogue)
    } else {
      var bytes = try #require(folder.contents("repo/catalogue.sqlite"))
      switch kind {
      case .cut: bytes.removeLast(bytes.count / 2)
      case .zeroed: bytes = [UInt8](repeating: 0, count: bytes.count)
      case .flipped: bytes[bytes.count / 2] ^= 1
      default: bytes = try #require(another.folder.contents("repo/catalogue.sqlite"))
      }
      try folder.write("repo/catalogue.sqlite", bytes)
    }
    do {
      // What it shows is right, or it says that it is damaged.
      #expect(try Repository(opening: storage).records() == expected)
    } catch {
      #expect(error.code == .catalogueDamaged, "\(error)")
    }
    _ = try Repository.rebuild(storage)
    let repository = try Repository(opening: storage)
    #expect(try repository.records() == expected)
    for record in expected { #expect(try repository.verify(record.id, .full).isSound, "\(record.name)") }
  }

  @Test("what stands in a lock disturbs nobody", arguments: Damage.allCases)
  func lock(_ kind: Damage) throws {
    for name in try test.storage.names(in: .locks) {
      switch kind {
      case .lost: try FileManager.default.removeItem(atPath: test.path(name))
      case .cut: try test.folder.write("repo/\(name)", Array("{\"host\":\"x".utf8))
      case .zeroed: try test.folder.write("repo/\(name)", [UInt8](repeating: 0, count: 100))
      case .flipped: try test.folder.write("repo/\(name)", [0xFF, 0xFE])
      case .swapped:
        try test.folder.write(
          "repo/\(name)", Array("{\"host\":\"x\",\"pid\":1,\"since\":\"2026-01-01T00:00:00Z\"}".utf8))
      }
    }
    #expect(try test.backUp("next").state == .complete)
    _ = try Repository.rebuild(test.storage)
    try expectWhole([full, child, other], try test.reopened())
  }

  @Test(
    "a repository that does not say what it is is not opened, and a new file of its kind makes it whole",
    arguments: Damage.allCases)
  func repository(_ kind: Damage) throws {
    let another = try TestRepository(try Retention(9, .day))
    if kind == .swapped {
      // It is one of another repository: settings are those then, backups are these.
      try test.folder.write("repo/repository.json", try #require(another.folder.contents("repo/repository.json")))
    } else {
      try damage(.repository, kind)
      expectError(kind == .lost ? .noRepository : .catalogueDamaged) { try test.reopened() }
      expectError(kind == .lost ? .noRepository : .catalogueDamaged) { try Repository.rebuild(test.storage) }
      try test.folder.write("repo/repository.json", try #require(another.folder.contents("repo/repository.json")))
    }
    let repository = try test.reopened()
    #expect(try repository.records() == [full, child, other])
    try expectWhole([full, child, other], repository)
  }
}
