// SPDX-License-Identifier: Apache-2.0

// Increments that no honest writer makes are refused, with every checksum right.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// What must become of an increment.
struct HostileIncrement: Sendable, CustomTestStringConvertible {
  let name: String
  /// The code with which opening or extracting it fails; `nil` when it is extracted.
  let code: ArchiveError.Code?
  /// Makes the increment, given the archive below, and says what else can be found.
  let make: @Sendable (_ full: ArchiveSummary) throws -> (increment: [UInt8], others: [(name: String, bytes: [UInt8])])

  var testDescription: String { name }

  static func full() throws -> [UInt8] { try ForgedArchive.sample().bytes() }

  /// An increment of one file, changed before it is put together.
  static func increment(
    _ name: String, _ code: ArchiveError.Code?,
    runs: [ContentRun] = [.chunks(ordinal: 0, first: 0, count: 1, length: 100)],
    _ change: @escaping @Sendable (inout ForgedArchive, inout [Ancestor]) -> Void = { _, _ in }
  ) -> HostileIncrement {
    HostileIncrement(name: name, code: code) { full in
      (try forge(full, runs, change), [])
    }
  }

  static func forge(
    _ full: ArchiveSummary, _ runs: [ContentRun],
    _ change: (inout ForgedArchive, inout [Ancestor]) -> Void = { _, _ in }
  ) throws -> [UInt8] {
    var forged = ForgedArchive()
    forged.superblock.uuid = ArchiveUUID(high: 7, low: 7)
    forged.superblock.depth = 1
    forged.superblock.parent = full.superblock.uuid
    forged.superblock.parentRoot = full.footer.contentRoot
    var ancestors = [
      Ancestor(ordinal: 0, uuid: full.superblock.uuid, contentRoot: full.footer.contentRoot, name: Array("0.cka".utf8))
    ]
    let size = runs.reduce(0) { $0 &+ $1.length }
    forged.addTree([ForgedArchive.file("a", size, runs)])
    forged.leaves[0].ordinal = 1
    forged.dataBytes = size
    change(&forged, &ancestors)
    let body = Ancestry.encode(ancestors)
    forged.items.insert(
      ForgedArchive.Item(
        kind: FrameKind.ancestry.rawValue, rawLength: body.count, count: ancestors.count, first: 0, body: body), at: 0)
    return try forged.bytes()
  }

  static let cases: [HostileIncrement] = [
    increment("one that breaks no rule", nil),
    increment(
      "a chunk behind the end of an ancestor's table", .corrupt,
      runs: [
        .chunks(ordinal: 0, first: 2, count: 2, length: 400)
      ]),
    increment(
      "a chunk at the end of the numbers", .corrupt,
      runs: [
        .chunks(ordinal: 0, first: (1 << 56) - 1, count: 1, length: 100)
      ]),
    increment(
      "a run with another length than its chunks in the ancestor", .corrupt,
      runs: [
        .chunks(ordinal: 0, first: 0, count: 2, length: 250)
      ]),
    increment(
      "a chunk of an archive that is no ancestor", .corrupt,
      runs: [
        .chunks(ordinal: 2, first: 0, count: 1, length: 100)
      ]),
    increment("a leaf of an archive that is no ancestor", .corrupt) { forged, _ in forged.leaves[0].ordinal = 2 },
    increment("a leaf that the ancestor does not have", .corrupt) { forged, _ in
      forged.leaves[0].ordinal = 0
      forged.leaves[0].block = 9
    },
    increment("a leaf that is another in the ancestor", .checksumMismatch) { forged, _ in
      forged.leaves[0].ordinal = 0
      forged.leaves[0].block = 0
    },
    increment("an ancestry that names nobody", .corrupt) { _, ancestors in ancestors = [] },
    increment("an ancestry with one archive too many", .corrupt) { _, ancestors in ancestors.append(ancestors[0]) },
    increment("an ancestry that is not that of the parent", .corrupt) { _, ancestors in
      ancestors[0].contentRoot = SHA256.hash([1])
    },
    increment("an ancestry with the parent's UUID forged", .corrupt) { _, ancestors in
      ancestors[0].uuid = ArchiveUUID(high: 9, low: 9)
    },
    increment("a parent that nobody has", .missingParent) { forged, ancestors in
      forged.superblock.parentRoot = SHA256.hash([2])
      ancestors[0] = Ancestor(ordinal: 0, uuid: ArchiveUUID(high: 4, low: 4), contentRoot: SHA256.hash([2]))
      forged.superblock.parent = ancestors[0].uuid
    },
    increment("a parent's name with another content", .wrongParent) { forged, ancestors in
      forged.superblock.parentRoot = SHA256.hash([2])
      ancestors[0].contentRoot = SHA256.hash([2])
    },
    increment("an ancestor that comes twice", .corrupt) { forged, ancestors in
      forged.superblock.depth = 2
      ancestors.append(ancestors[0])
      ancestors[1].ordinal = 1
    },
    increment("more ancestors than any may have", .limitExceeded) { forged, _ in forged.superblock.depth = 1025 },
    increment("merged, and nothing inside", .corrupt) { forged, _ in forged.superblock.parent = nil },
    increment("not merged, and something inside", .corrupt) { forged, _ in
      forged.editFooter = { $0.residence = Footer.Run(offset: 4096, length: 100) }
    },
    HostileIncrement(name: "an archive that is its own ancestor", code: .missingParent) { full in
      // Two archives, each of which names the other's root: no honest digest allows it, so the second is not found.
      let first = try forge(full, [.chunks(ordinal: 1, first: 0, count: 1, length: 100)]) { forged, ancestors in
        forged.superblock.depth = 2
        forged.leaves[0].ordinal = 2
        forged.superblock.parentRoot = SHA256.hash([3])
        forged.superblock.parent = ArchiveUUID(high: 5, low: 5)
        ancestors.append(
          Ancestor(ordinal: 1, uuid: ArchiveUUID(high: 5, low: 5), contentRoot: SHA256.hash([3])))
      }
      return (first, [("itself.cka", first)])
    },
    HostileIncrement(name: "a fork: the parent was made upon another archive", code: .wrongParent) { full in
      let other = try forge(full, [.chunks(ordinal: 0, first: 0, count: 1, length: 100)])
      let parent = try ArchiveReader(MemoryArchiveSource(other)).summary
      let child = try forge(full, [.chunks(ordinal: 1, first: 0, count: 1, length: 100)]) { forged, ancestors in
        forged.superblock.depth = 2
        forged.leaves[0].ordinal = 2
        forged.superblock.parent = parent.superblock.uuid
        forged.superblock.parentRoot = parent.footer.contentRoot
        ancestors[0].contentRoot = SHA256.hash([6])
        ancestors.append(
          Ancestor(ordinal: 1, uuid: parent.superblock.uuid, contentRoot: parent.footer.contentRoot))
      }
      return (child, [("1.cka", other)])
    },
    HostileIncrement(name: "an ancestor whose root is not that of its ids", code: .checksumMismatch) { _ in
      // Its end says the root of the honest one; its ids are others.
      let honest = try ArchiveReader(MemoryArchiveSource(try full())).summary
      var forged = ForgedArchive.sample()
      forged.ids[0] = SHA256.hash([8])
      forged.editFooter = { $0.contentRoot = honest.footer.contentRoot }
      let increment = try forge(honest, [.chunks(ordinal: 0, first: 0, count: 1, length: 100)]) { _, ancestors in
        ancestors[0].name = Array("forged.cka".utf8)
      }
      return (increment, [("forged.cka", try forged.bytes())])
    },
  ]
}

@Suite("Hostile chains")
struct HostileChainTests {
  @Test("each is refused for what it does, and nothing is written before", arguments: HostileIncrement.cases)
  func refused(_ hostile: HostileIncrement) throws {
    let full = try HostileIncrement.full()
    let summary = try ArchiveReader(MemoryArchiveSource(full)).summary
    let (increment, others) = try hostile.make(summary)
    let finder = MemoryAncestors(
      archives: others + (others.contains { $0.name == "forged.cka" } ? [] : [("0.cka", full)]))
    let folder = try TemporaryFolder()
    var code: ArchiveError.Code?
    do {
      let archive = try ArchiveReader(MemoryArchiveSource(increment), ancestors: finder)
      let report = try Extractor(archive, into: folder.path, .init()).run()
      #expect(report.files == 1)
    } catch {
      code = error.code
    }
    #expect(code == hostile.code)
    if hostile.code != nil, !hostile.name.contains("another length") { #expect(folder.names.isEmpty) }
    // From a pipe it is no better, and a check does not pass it.
    let second = try TemporaryFolder()
    let stream = try? StreamExtractor(PieceStream(increment), into: second.path, .init(), ancestors: finder).run()
    #expect((stream == nil) == (hostile.code != nil))
    let source = MemoryArchiveSource(increment)
    if let archive = try? ArchiveReader(source, ancestors: finder),
      let report = try? ArchiveVerifier(archive, source, .deep, chain: true).run()
    {
      #expect(report.isSound == (hostile.code == nil))
    }
    if let archive = try? ArchiveReader(recovering: source, ancestors: finder) {
      let third = try TemporaryFolder()
      _ = try? Extractor(archive, into: third.path, .init { $0.keepsGoing = true }).run()
    }
  }

  @Test("parts of ancestors that cannot be so are refused")
  func residence() throws {
    let run = Residence.Run(first: 3, count: 4)
    let member = Residence.Member(chunks: 10, directory: .zero, held: [run], index: [])
    let good = Residence([member], chunks: 5, indexBlocks: 2)
    let bytes = good.encoded()
    #expect(try Residence(bytes, depth: 1) == good)
    #expect(good.place(0, 3, 4) == 5 && good.place(0, 4, 2) == 6 && good.place(0, 3, 5) == nil)
    #expect(good.place(0, 2, 1) == nil && good.place(1, 3, 1) == nil)
    for count in 0..<bytes.count {
      #expect(throws: ArchiveError.self) { try Residence(Array(bytes[..<count]), depth: 1) }
    }
    #expect(throws: ArchiveError.self) { try Residence(bytes + [0], depth: 1) }
    #expect(throws: ArchiveError.self) { try Residence(bytes, depth: 2) }
    for bad in [Residence.Run(first: 3, count: 8), Residence.Run(first: 3, count: 0)] {
      let member = Residence.Member(chunks: 10, directory: .zero, held: [bad], index: [])
      #expect(throws: ArchiveError.self) {
        try Residence(Residence([member], chunks: 5, indexBlocks: 2).encoded(), depth: 1)
      }
    }
  }
}
