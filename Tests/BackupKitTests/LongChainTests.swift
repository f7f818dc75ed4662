// SPDX-License-Identifier: Apache-2.0

// A chain of forty backups: each can be restored, and what is damaged or merged costs no other anything.
import ArchiveKit
import BackupKit
import SystemIO
import TestSupport
import Testing

@Suite("long chains")
struct LongChainTests {
  private static let count = 40
  private static let files = 8

  private let test: TestRepository
  private let chain: [BackupRecord]

  /// What a file holds that was written for a version: every version writes one of the files anew.
  private static func content(_ version: Int, _ file: Int) -> [UInt8] {
    var random = SeededRandom("chain \(version) \(file)")
    return (0..<6000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
  }

  /// The version that a file is from at another version.
  private static func origin(of file: Int, at version: Int) -> Int {
    guard version >= file else { return 0 }
    let last = version - (version - file) % files
    return last
  }

  init() throws {
    test = try TestRepository()
    var chain: [BackupRecord] = []
    try FileSystem.makeDirectory(test.folder.path("source"), mode: .privateDirectory)
    for file in 0..<Self.files { try test.folder.write("source/\(file)", Self.content(0, file)) }
    for version in 0..<Self.count {
      try test.folder.write("source/\(version % Self.files)", Self.content(version, version % Self.files))
      test.clock.advance(try Retention(1, .hour))
      let request = BackupRequest(instance: "tree") {
        $0.name = "version\(version)"
        $0.parent = .automatic
      }
      chain.append(
        try test.repository.backUp(request, from: TreeProducer([Path("source")], from: test.folder.path)))
    }
    self.chain = chain
  }

  /// Restores a backup, and expects of it all files but some.
  private func expect(_ version: Int, without missing: Set<Int> = []) throws {
    let target = try TemporaryFolder(inMemory: true)
    let options = ExtractionOptions { $0.keepsGoing = true }
    let report = try test.repository.open(chain[version].id).extract(into: target.path, options)
    #expect(report.problems.isEmpty == missing.isEmpty, "version \(version)")
    for file in 0..<Self.files {
      let expected = missing.contains(file) ? nil : Self.content(Self.origin(of: file, at: version), file)
      let isSame = target.contents("source/\(file)") == expected
      #expect(isSame, "version \(version), file \(file)")
    }
  }

  @Test("each member of a chain of forty is restored, and told when chains are long")
  func restore() throws {
    #expect(chain.map(\.depth) == Array(0..<Self.count))
    #expect(chain[39].depth > test.repository.rules.unadvisableDepth)
    // A file and what says so are stored, and no more.
    #expect(chain[1...].allSatisfy { $0.sizes.unique == 6000 && $0.sizes.stored < 30_000 })
    for version in chain.indices { try expect(version) }
  }

  @Test("a damaged member costs what it alone holds, in the members that still have it")
  func damage() throws {
    let damaged = 20
    let name = "repo/\(StorageName.archive(chain[damaged].id))"
    var bytes = try #require(test.folder.contents(name))
    // In the one data block, which comes first behind superblock and ancestry.
    let content = Self.content(damaged, damaged % Self.files)
    let needle = content[1000..<1016]
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: needle) })
    bytes[place] ^= 1
    try test.folder.write(name, bytes)
    for version in chain.indices {
      let isHit = (damaged..<(damaged + Self.files)).contains(version)
      try expect(version, without: isHit ? [damaged % Self.files] : [])
      guard (damaged - 1...damaged + 1).contains(version) else { continue }
      let found = try test.repository.verify(chain[version].id, .full)
      #expect(found.isSound == (version != damaged), "version \(version)")
    }
    // The damage is not carried on: a merge that needs it is refused, and one that does not is made.
    expectError(.archive) { try test.repository.merge(chain[24].id, named: "merged24") }
    let merged = try test.repository.merge(chain[30].id, named: "merged30")
    #expect(try test.repository.verify(merged.id, .deep).isSound)
  }

  @Test("merging ten members in the middle leaves every other one restorable")
  func merge() throws {
    _ = try test.repository.update(chain[14].id, .init { $0.isProtected = true })
    let plan = try test.repository.replacementPlan(for: chain[25].id)
    #expect(plan.members.map(\.id) == chain[15..<25].reversed().map(\.id))
    try test.repository.delete(plan)
    let rest = Array(0...14) + Array(25..<Self.count)
    #expect(try test.names == rest.map { "version\($0)" })
    for version in rest {
      try expect(version)
      let depth = version < 25 ? version : version - 25
      #expect(try test.repository.record(chain[version].id).depth == depth)
    }
    // The lower half goes, and the upper half does not notice.
    _ = try test.repository.update(chain[14].id, .init { $0.isProtected = false })
    try test.repository.delete(test.repository.deletionPlan(for: chain[0].id, children: .delete))
    for version in 25..<Self.count { try expect(version) }
    // Another one upon it all.
    let request = BackupRequest(instance: "tree") { $0.parent = .automatic }
    let last = try test.repository.backUp(request, from: TreeProducer([Path("source")], from: test.folder.path))
    #expect(last.depth == 15 && last.sizes.unique == 0)
  }
}
