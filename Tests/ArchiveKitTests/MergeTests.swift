// SPDX-License-Identifier: Apache-2.0

// A merged archive holds what its chain held, under the same root, and serves its children alone.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Merging")
struct MergeTests {
  private func merge(_ archive: ArchiveReader) throws -> [UInt8] {
    let output = MemoryArchiveOutput()
    let (summary, _) = try ArchiveMerger(archive, to: output, .init { $0.isReproducible = true }).run()
    #expect(summary.size == UInt64(output.bytes.count))
    #expect(summary.footer.contentRoot == archive.summary.footer.contentRoot)
    #expect(summary.superblock.parent == nil && summary.superblock.depth == archive.summary.superblock.depth)
    #expect(summary.superblock.uuid != archive.summary.superblock.uuid)
    return output.bytes
  }

  private func expectSound(_ bytes: [UInt8], _ archives: [(name: String, bytes: [UInt8])] = []) throws {
    let source = MemoryArchiveSource(bytes)
    let archive = try ArchiveReader(source, ancestors: MemoryAncestors(archives: archives))
    for level in [VerificationLevel.quick, .deep] {
      let report = try ArchiveVerifier(archive, source, level, chain: true).run()
      #expect(report.problems == [] && report.uncheckedFiles == 0)
    }
  }

  @Test("a merged archive needs no other, and serves its children")
  func children() throws {
    let chain = try ArchiveChain.sample(versions: 5)
    for number in 1..<4 {
      let merged = try merge(try chain.reader(number))
      try expectSound(merged)
      let folder = try TemporaryFolder()
      let archive = try ArchiveReader(MemoryArchiveSource(merged))
      #expect(try Extractor(archive, into: folder.path, .init()).run().problems.isEmpty)
      try chain.expect(folder, number)
      // Children find it in place of the archive it was made of, whatever its name, and without the ones below.
      var rest: [(name: String, bytes: [UInt8])] = [("merged", merged)]
      rest += chain.archives[(number + 1)...]
      try expectSound(chain.last, rest)
      let second = try TemporaryFolder()
      let child = try ArchiveReader(MemoryArchiveSource(chain.last), ancestors: MemoryAncestors(archives: rest))
      #expect(try Extractor(child, into: second.path, .init()).run().problems.isEmpty)
      try chain.expect(second)
      // It is merged once more, over the one that was merged already.
      let again = try merge(child)
      try expectSound(again)
      let third = try TemporaryFolder()
      let last = try ArchiveReader(MemoryArchiveSource(again))
      #expect(try Extractor(last, into: third.path, .init()).run().problems.isEmpty)
      try chain.expect(third)
    }
  }

  @Test("files with several names survive when a copy without ancestors is made")
  func copiedLinks() throws {
    let folder = try TemporaryFolder()
    try folder.write("a", [1])
    var series = ArchiveSeries()
    try series.add(folder)
    for (name, other) in [("x", "y"), ("p", "q")] {
      try folder.write(name, Array(name.utf8))
      try FileSystem.makeHardLink(folder.path(other), to: folder.path(name))
    }
    try series.add(folder)
    let merged = try merge(try series.reader(1))
    // Of the increment alone nothing but what is new in it can be had.
    for (bytes, names) in [(merged, ["a", "p", "q", "x", "y"]), (series.last, ["p", "q", "x", "y"])] {
      let output = MemoryArchiveOutput()
      _ = try ArchiveRebuilder(try ArchiveReader(recovering: MemoryArchiveSource(bytes))).run(to: output)
      try expectSound(output.bytes)
      let target = try TemporaryFolder()
      let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
      #expect(try Extractor(archive, into: target.path, .init()).run().problems.isEmpty)
      #expect(target.names == names && target.contents("y") == Array("x".utf8))
      let inodes = try ["p", "q", "x", "y"].map { try FileSystem.status(of: target.path($0)).inode }
      #expect(inodes[0] == inodes[1] && inodes[2] == inodes[3] && inodes[0] != inodes[2])
    }
  }

  @Test("a merged archive is a parent like the one it was made of")
  func parent() throws {
    var chain = try ArchiveChain.sample(versions: 3)
    let merged = try merge(try chain.reader(2))
    let tree = try ArchiveChain.sample(versions: 4).trees[3]
    var other = chain
    try chain.add(tree)
    other.archives = [("merged", merged)]
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output,
      .init {
        chain.configure(&$0)
        $0.isReproducible = true
        $0.parent = try? ArchiveReader(MemoryArchiveSource(merged))
      })
    for (entry, content) in tree { try writer.add(entry, content, entry.cut) }
    let summary = try writer.finish()
    #expect(summary.footer.contentRoot == (try chain.reader().summary.footer.contentRoot))
    try expectSound(output.bytes, [("merged", merged)])
  }

  @Test("a merged archive is packed again, and recovered without its end")
  func otherWays() throws {
    let chain = try ArchiveChain.sample(versions: 4)
    let merged = try merge(try chain.reader())
    let source = MemoryArchiveSource(merged)
    let output = MemoryArchiveOutput()
    _ = try ArchiveRecompressor(try ArchiveReader(source), source, to: output, .init { $0.codec = LZ4() }).run()
    try expectSound(output.bytes)
    let cut = try ArchiveReader(recovering: MemoryArchiveSource(Array(merged.dropLast(300))))
    let folder = try TemporaryFolder()
    #expect(try Extractor(cut, into: folder.path, .init { $0.keepsGoing = true }).run().problems.first?.error == nil)
    try chain.expect(folder)
    let half = try ArchiveReader(recovering: MemoryArchiveSource(Array(merged[..<(merged.count * 3 / 4)])))
    let second = try TemporaryFolder()
    let report = try Extractor(half, into: second.path, .init { $0.keepsGoing = true }).run()
    #expect(report.files > 0 && !report.problems.isEmpty)
    try chain.expect(second, without: Set(report.problems.map { String(decoding: $0.path, as: UTF8.self) }))
  }

  @Test("damage anywhere in a merged archive is found")
  func damage() throws {
    let chain = try ArchiveChain.sample(versions: 3, pages: 40)
    let merged = try merge(try chain.reader())
    var place = 4100
    while place < merged.count - 256 {
      var bytes = merged
      bytes[place] ^= 4
      let source = MemoryArchiveSource(bytes)
      if let archive = try? ArchiveReader(source), let report = try? ArchiveVerifier(archive, source, .full).run() {
        #expect(!report.isSound, "at \(place)")
      }
      place += 1009
    }
  }

  @Test("without its ancestors nothing is merged, nor a full archive")
  func refused() throws {
    let chain = try ArchiveChain.sample(versions: 3)
    let alone = try ArchiveReader(
      MemoryArchiveSource(chain.last), ancestors: MemoryAncestors(archives: [chain.archives[1]]))
    #expect(throws: ArchiveError.self) { try ArchiveMerger(alone, to: MemoryArchiveOutput()).run() }
    #expect(throws: ArchiveError.self) { try ArchiveMerger(try chain.reader(0), to: MemoryArchiveOutput()).run() }
  }
}
