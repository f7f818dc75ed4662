// SPDX-License-Identifier: Apache-2.0

// Rules of the archive format that one reader alone checks.

import CodecKit
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Rules of the archive format")
struct FormatRuleTests {
  private func code(_ body: () throws -> Void) -> ArchiveError.Code? {
    do { try body() } catch { return (error as? ArchiveError)?.code }
    return nil
  }

  @Test("another digest or checksum is not supported, wherever it is said", arguments: [120, 121, 122])
  func kinds(_ place: Int) throws {
    var forged = ForgedArchive.sample()
    forged.editSuperblock = { $0[place] ^= 0x40 }
    let bytes = try forged.bytes()
    #expect(code { _ = try ArchiveReader(MemoryArchiveSource(bytes)) } == .unsupportedFeature)
  }

  @Test("what this version does not support is not recovered either")
  func recovery() throws {
    var forged = ForgedArchive.sample()
    // A feature that must be understood; the copy at the end knows nothing of it.
    let sound = try forged.bytes()
    forged.editSuperblock = { $0[15] |= 0x80 }
    let bytes = Array(try forged.bytes()[..<Superblock.size]) + sound[Superblock.size...]
    #expect(code { _ = try ArchiveReader(recovering: MemoryArchiveSource(bytes)) } == .unsupportedFeature)
  }

  @Test("content that is no file's is damage")
  func contentOfDirectory() throws {
    var entry = ArchiveEntry(Array("d".utf8), .directory)
    entry.content = .maps([MapReference(ordinal: 0, block: 0, length: 1, digest: .zero)])
    let archive = try ArchiveReader(MemoryArchiveSource(try ForgedArchive.tree([entry]).bytes()))
    var cursor = archive.entries()
    #expect(code { while try cursor.next() != nil {} } == .corrupt)
  }

  @Test("a map holds as many runs as its frame says")
  func runsOfMap() throws {
    var forged = ForgedArchive()
    forged.addBlock([ForgedArchive.content(100, 1)])
    let raw = MapBlock.encode([.chunks(ordinal: 0, first: 0, count: 1, length: 100)])
    let block = forged.addIndex(.map, raw, count: 2)
    var entry = ForgedArchive.file("a", 100)
    entry.content = .maps([MapReference(ordinal: 0, block: block, length: 100, digest: SHA256.hash(raw))])
    forged.addTree([entry])
    forged.dataBytes = 100
    let archive = try ArchiveReader(MemoryArchiveSource(try forged.bytes()))
    let found = try #require(try archive.entry(at: Array("a".utf8)))
    #expect(code { _ = try archive.content(of: found) } == .corrupt)
  }

  @Test("a hole of nothing is none, and no digits are no number")
  func nothing() {
    var runs = ContentRuns()
    runs.add(hole: 0)
    #expect(runs.runs.isEmpty)
    #expect(TarNumber.decimal([UInt8]()) == nil)
    #expect(TarNumber.decimal(Array("0".utf8)) == 0)
  }
}
