// SPDX-License-Identifier: Apache-2.0

// What goes into an archive comes out of it.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Archive round trips")
struct RoundTripTests {
  static let codecs = ["none", "zstd", "lz4", "snappy", "gzip"]

  @Test("every entry and every byte comes back, with every codec", arguments: codecs)
  func roundTrip(codec: String) throws {
    let tree = SampleTree()
    let bytes = try tree.archive {
      $0.codec = (try? CodecRegistry.builtin.codec(codec)) ?? Zstd.default
    }
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    var cursor = archive.entries()
    for expected in tree.entries {
      let entry = try #require(try cursor.next())
      #expect(entry.path == expected.path && entry.kind == expected.kind && entry.mode == expected.mode)
      #expect(entry.owner == expected.owner && entry.modificationTime == expected.modificationTime)
      #expect(entry.birthTime == expected.birthTime && entry.attributes == expected.attributes)
      #expect(entry.target == expected.target && entry.device == expected.device)
      #expect(entry.linkGroup == expected.linkGroup && entry.warnings == expected.warnings)
      guard entry.kind == .file else { continue }
      let content = try #require(tree.contents[entry.path])
      #expect(try archive.content(of: entry) == content)
      #expect(try archive.entry(at: entry.path) == entry)
    }
    #expect(try cursor.next() == nil)
    #expect(archive.summary.footer.entries == UInt64(tree.entries.count))
  }

  @Test("the bytes do not depend on the number of threads")
  func threads() throws {
    let tree = SampleTree()
    func archive(_ threads: Int) throws -> [UInt8] {
      try tree.archive {
        $0.threads = threads
        $0.isReproducible = true
      }
    }
    let one = try archive(1)
    for threads in [2, 3, 8] { #expect(try archive(threads) == one) }
  }

  @Test("checkpoints that come at once say the same with any number of threads")
  func checkpoints() throws {
    func archive(_ threads: Int) throws -> [UInt8] {
      try SampleTree().archive {
        $0.threads = threads
        $0.isReproducible = true
        $0.checkpointEntries = 1
      }
    }
    let one = try archive(1)
    for threads in [2, 3] { #expect(try archive(threads) == one) }
  }

  @Test("checkpoints that follow one another closely name the one before", arguments: [1, 4])
  func closeCheckpoints(threads: Int) throws {
    let bytes = try SampleTree().archive {
      $0.threads = threads
      $0.checkpointEntries = 1
      $0.checkpointBytes = 256 << 10
    }
    let source = MemoryArchiveSource(bytes)
    #expect(try ArchiveVerifier(try ArchiveReader(source), source, .full).run().problems == [])
  }

  @Test("equal content is stored once")
  func deduplication() throws {
    let content = SampleTree.bytes(300_000, 7)
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    for number in 0..<20 {
      let entry = ArchiveEntry(Array("file\(Character(UnicodeScalar(UInt8(97 + number))))".utf8), .file)
      try writer.add(entry, content, .contentDefined)
    }
    let summary = try writer.finish()
    #expect(summary.footer.rawBytes == 300_000)
    #expect(summary.footer.dataBytes == 20 * 300_000)
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    var cursor = archive.entries()
    while let entry = try cursor.next() { #expect(try archive.content(of: entry) == content) }
  }

  @Test("every range of a file can be read")
  func ranges() throws {
    let content = SampleTree.bytes(3 << 20, 3)
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output, .init { $0.blockSize = 256 << 10 })
    var entry = ArchiveEntry(Array("big".utf8), .file)
    try writer.beginFile(entry)
    try writer.append(content[..<(1 << 20)], .contentDefined)
    try writer.append(hole: 777_777)
    try writer.append(content[(1 << 20)...], .pages(size: 16 << 10))
    try writer.endFile(entry)
    _ = try writer.finish()
    let expected = content[..<(1 << 20)] + [UInt8](repeating: 0, count: 777_777) + content[(1 << 20)...]
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    entry = try #require(try archive.entry(at: entry.path))
    #expect(entry.size == UInt64(expected.count))
    var random = SeededRandom(seed: 1)
    for _ in 0..<50 {
      let start = Int.random(in: 0..<expected.count, using: &random)
      let end = Int.random(in: start...expected.count, using: &random)
      #expect(
        try archive.content(of: entry, range: UInt64(start)..<UInt64(end)) == Array(expected[start..<end]))
    }
    #expect(try archive.content(of: entry, range: 0..<UInt64.max) == Array(expected))
  }
}
