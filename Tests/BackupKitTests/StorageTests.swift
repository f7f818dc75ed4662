// SPDX-License-Identifier: Apache-2.0

// What every storage must do.
import ArchiveKit
import BackupKit
import SystemIO
import TestSupport
import Testing

@Suite("storages")
struct StorageTests {
  enum Kind: CaseIterable { case directory, memory }

  private func make(_ kind: Kind, _ folder: TemporaryFolder) throws -> any BackupStorage {
    let storage: any BackupStorage = kind == .memory ? MemoryStorage() : DirectoryStorage(folder.path("repo"))
    try storage.prepare()
    return storage
  }

  @Test("small objects are put, replaced, listed and deleted", arguments: Kind.allCases)
  func objects(_ kind: Kind) throws {
    let folder = try TemporaryFolder()
    let storage = try make(kind, folder)
    let name = StorageName.state(.random())
    #expect(try storage.contents(of: name, limit: 100) == nil)
    #expect(try storage.size(of: name) == nil)
    try storage.put(name, [1, 2, 3])
    try storage.put(name, [4, 5])
    #expect(try storage.contents(of: name, limit: 100) == [4, 5])
    expectError(.io) { try storage.contents(of: name, limit: 1) }
    #expect(try storage.size(of: name) == 2)
    #expect(try storage.names(in: .state) == [name])
    #expect(try storage.names(in: .archives).isEmpty)
    try storage.delete(name)
    try storage.delete(name)
    #expect(try storage.names(in: .state).isEmpty)
    expectError(.notFound) { try storage.source(name) }
    expectError(.repositoryExists) { try storage.prepare() }
  }

  @Test("an upload is seen when it is published, and not before", arguments: Kind.allCases)
  func uploads(_ kind: Kind) throws {
    let folder = try TemporaryFolder()
    let storage = try make(kind, folder)
    let id = BackupID.random()
    let upload = try storage.begin(.partial(id))
    try unsafe upload.write(([1, 2, 3] as [UInt8]).span.bytes)
    #expect(upload.written == 3)
    #expect(try upload.source().size == 3)
    #expect(try storage.size(of: .archive(id)) == nil)
    try upload.publish(as: .archive(id), replacing: false)
    #expect(try storage.size(of: .archive(id)) == 3)
    #expect(try storage.names(in: .partial).isEmpty)
    let second = try storage.begin(.partial(id))
    try unsafe second.write(([9] as [UInt8]).span.bytes)
    expectError(.io) { try second.publish(as: .archive(id), replacing: false) }
    let third = try storage.begin(.partial(id))
    try unsafe third.write(([9] as [UInt8]).span.bytes)
    try third.publish(as: .archive(id), replacing: true)
    #expect(try storage.size(of: .archive(id)) == 1)
    let given = try storage.begin(.partial(id))
    try unsafe given.write(([9] as [UInt8]).span.bytes)
    given.abandon()
    #expect(try storage.names(in: .partial).isEmpty)
  }

  @Test("an exclusive lock keeps everybody out, shared ones only exclusive ones", arguments: Kind.allCases)
  func locks(_ kind: Kind) throws {
    let folder = try TemporaryFolder()
    let storage = try make(kind, folder)
    let name = StorageName(.locks, "instance")
    let first = try #require(try storage.lock(name, .exclusive, holder: [1, 2]))
    #expect(try storage.contents(of: name, limit: 10) == [1, 2])
    #expect(try storage.lock(name, .exclusive, holder: [3]) == nil)
    #expect(try storage.lock(name, .shared, holder: []) == nil)
    #expect(try !storage.clear(name))
    #expect(try storage.contents(of: name, limit: 10) == [1, 2])
    first.release()
    #expect(try (storage.contents(of: name, limit: 10) ?? []).isEmpty)
    var shared: [any StorageLock] = []
    for _ in 0..<3 { shared.append(try #require(try storage.lock(name, .shared, holder: []))) }
    #expect(try storage.lock(name, .exclusive, holder: [3]) == nil)
    shared.removeLast(2)
    #expect(try storage.lock(name, .exclusive, holder: [3]) == nil)
    shared = []
    #expect(try storage.lock(name, .exclusive, holder: [3]) != nil)
    #expect(try storage.clear(name))
  }

  @Test("a repository needs no files")
  func repositoryInMemory() throws {
    let storage = MemoryStorage()
    let clock = TestClock()
    try Repository.create(in: storage, .init(createdAt: clock.now))
    let repository = try Repository(opening: storage, clock: { clock.now })
    let full = try repository.backUp(BackupRequest(instance: "db"), from: ScriptedProducer("x"))
    clock.advance(try Retention(1, .hour))
    let child = try repository.backUp(
      BackupRequest(instance: "db") { $0.parent = .automatic }, from: ScriptedProducer("y"))
    #expect(child.parent == full.id)
    #expect(try Repository(opening: storage, clock: { clock.now }).records() == [full, child])
    try repository.delete(repository.deletionPlan(for: full.id, children: .delete))
    #expect(try repository.records().isEmpty)
    #expect(try storage.names(in: .archives).isEmpty)
  }

  @Test(
    "locks have names of their own, whatever the instance is called",
    arguments: ["/srv/www", "%all", "..", ".", "a/../b", "é", String(repeating: "x", count: 1000), "a\nb"])
  func lockNames(_ instance: String) throws {
    let test = try TestRepository()
    try test.backUp(of: instance)
    let names = try test.storage.names(in: .locks).map(\.key)
    #expect(names.count == 2 && names.contains("%all"))
    #expect(names.allSatisfy { $0.utf8.count <= 255 && !$0.contains("/") && !$0.hasPrefix(".") })
    #expect(try test.repository.find("latest", instance: instance).instance == instance)
  }
}
