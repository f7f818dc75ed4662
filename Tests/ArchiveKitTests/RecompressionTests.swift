// SPDX-License-Identifier: Apache-2.0

// An archive that is packed again holds what it held, under the same root.

import CodecKit
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Recompression")
struct RecompressionTests {
  static let names = ["none", "zstd", "lz4", "snappy", "gzip", "s2", "quicklz"]

  /// Files that pack and files that do not, links, a hole, several checkpoints and map blocks.
  private func archive(_ codec: any Codec) throws -> [UInt8] {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output,
      .init {
        $0.codec = codec
        $0.isReproducible = true
        $0.blockSize = 256 << 10
        $0.checkpointBytes = 256 << 10
      })
    func entry(_ path: String, _ kind: ArchiveEntry.Kind) -> ArchiveEntry { ArchiveEntry(Array(path.utf8), kind) }
    try writer.add(entry("d", .directory))
    for number in 10..<20 { try writer.add(entry("d/\(number)", .file), SampleTree.bytes(9000 + number, 3), .whole) }
    var link = entry("l", .symbolicLink)
    link.target = Array("d/10".utf8)
    try writer.add(link)
    let sparse = entry("sparse", .file)
    try writer.beginFile(sparse)
    for number in 0..<1500 {
      try writer.append(SampleTree.bytes(100, UInt64(number * 7 % 1009))[...], .whole)
      try writer.append(hole: 5000)
    }
    try writer.endFile(sparse)
    try writer.add(entry("text", .file), TestInputs.bytes(.text, 700_000), .contentDefined)
    try writer.add(entry("zeros", .file), [UInt8](repeating: 0, count: 200_000), .whole)
    _ = try writer.finish()
    return output.bytes
  }

  private func recompress(
    _ bytes: [UInt8], registry: CodecRegistry = .builtin, _ configure: (inout RecompressionOptions) -> Void
  ) throws -> [UInt8] {
    let source = MemoryArchiveSource(bytes)
    let output = MemoryArchiveOutput()
    let reader = try ArchiveReader(source, registry: registry)
    let summary = try ArchiveRecompressor(reader, source, to: output, .init(configure)).run()
    #expect(summary.size == UInt64(output.bytes.count))
    return output.bytes
  }

  /// Compares two archives, entry by entry.
  private func expectSame(_ old: [UInt8], _ new: [UInt8], registry: CodecRegistry = .builtin) throws {
    let source = MemoryArchiveSource(new)
    let before = try ArchiveReader(MemoryArchiveSource(old), registry: registry)
    let after = try ArchiveReader(source, registry: registry)
    let footers = (before.summary.footer, after.summary.footer)
    #expect(footers.0.contentRoot == footers.1.contentRoot && footers.0.uuid == footers.1.uuid)
    #expect(footers.0.chunks == footers.1.chunks && footers.0.dataBytes == footers.1.dataBytes)
    #expect(try ArchiveVerifier(after, source, .deep, threads: 2).run().problems.isEmpty)
    var cursors = (before.entries(), after.entries())
    while let entry = try cursors.0.next() {
      let other = try #require(try cursors.1.next())
      #expect(entry == other)
      if entry.kind == .file { #expect(try before.content(of: entry) == after.content(of: other)) }
    }
    #expect(try cursors.1.next() == nil)
  }

  @Test("from every codec to others, and back to the same bytes", arguments: names)
  func codecs(from: String) throws {
    let first = try CodecRegistry.builtin.codec(from)
    let bytes = try archive(first)
    let place = try #require(Self.names.firstIndex(of: from))
    // Each is come from and gone to, by two others.
    for step in 1...2 {
      let name = Self.names[(place + step * 3) % Self.names.count]
      let codec = try CodecRegistry.builtin.codec(name)
      let other = try recompress(bytes) { $0.codec = codec }
      try expectSame(bytes, other)
      #expect(try recompress(other) { $0.codec = first } == bytes)
    }
  }

  @Test("the bytes do not depend on the number of threads")
  func threads() throws {
    let bytes = try archive(Zstd.default)
    let one = try recompress(bytes) { $0.codec = Store() }
    for threads in [2, 5] {
      #expect(
        try recompress(bytes) {
          $0.codec = Store()
          $0.threads = threads
        } == one)
    }
  }

  @Test("checkpoints lead to one another, so that a cut archive gives back what stands before them")
  func checkpoints() throws {
    let output = MemoryArchiveOutput()
    let (bytes, contents) = try DamageTests.archive()
    let source = MemoryArchiveSource(bytes)
    _ = try ArchiveRecompressor(
      try ArchiveReader(source), source, to: output, .init { $0.codec = Store() }
    ).run()
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    var previous: UInt64 = 0
    var seen = 0
    try archive.forEachFrame { (frame: FrameSummary) throws(ArchiveError) in
      guard frame.kind == "checkpoint" else { return }
      let body = try archive.frames.frame(at: frame.offset, .checkpoint)
      let raw = try PayloadUnpacker(archive.summary.superblock, archive.registry).unpack(body)
      #expect(try Checkpoint(raw, depth: 0).previous == previous)
      previous = frame.offset
      seen += 1
    }
    #expect(seen > 2)
    let cut = try ArchiveReader(recovering: MemoryArchiveSource(Array(output.bytes.dropLast(100))))
    for (path, content) in contents {
      let entry = try #require(try cut.entry(at: path))
      #expect(try cut.content(of: entry) == content)
    }
  }

  @Test("a codec that the format does not know is named, and no longer when it is gone")
  func namedCodec() throws {
    var registry = CodecRegistry.builtin
    try registry.register(XorShiftCodec())
    let bytes = try archive(Zstd.default)
    let other = try recompress(bytes, registry: registry) {
      $0.codec = XorShiftCodec()
      $0.registry = registry
    }
    try expectSame(bytes, other, registry: registry)
    #expect(throws: ArchiveError.self) {
      let archive = try ArchiveReader(MemoryArchiveSource(other))
      var cursor = archive.entries()
      while let entry = try cursor.next() {
        if entry.kind == .file { _ = try archive.content(of: entry) }
      }
    }
    #expect(try recompress(other, registry: registry) { $0.codec = Zstd.default } == bytes)
  }

  @Test("a damaged archive is refused, wherever the damage is")
  func damage() throws {
    let (bytes, _) = try DamageTests.archive(12)
    var random = SeededRandom("recompression of damage")
    for _ in 0..<60 {
      var damaged = bytes
      let place = Int.random(in: Superblock.size..<bytes.count, using: &random)
      damaged[place] ^= UInt8.random(in: 1...255, using: &random)
      #expect(throws: ArchiveError.self) { try recompress(damaged) { $0.codec = Store() } }
    }
    #expect(throws: ArchiveError.self) { try recompress(bytes + [1]) { $0.codec = Store() } }
    #expect(throws: ArchiveError.self) { try recompress(Array(bytes.dropLast(9))) { $0.codec = Store() } }
  }

  @Test("bytes that are not those of their digest are refused, though every checksum is right")
  func hiddenDamage() throws {
    var bytes = try archive(Store())
    let record = try ArchiveReader(MemoryArchiveSource(bytes)).blocks.record(1)
    let start = Int(record.offset)
    var header = try FrameHeader(Array(bytes[start..<(start + 64)]), at: record.offset, tag: nil)
    bytes[Int(header.end) - 1] ^= 1
    header.bodyChecksum = XXH3.of(Array(bytes[(start + 64)..<Int(header.end)]))
    bytes.replaceSubrange(start..<(start + 64), with: header.bytes)
    do {
      _ = try recompress(bytes) { $0.codec = Store() }
      Issue.record("the damage was taken over")
    } catch let error as ArchiveError {
      #expect(error.code == .checksumMismatch && error.reason.contains("digest"))
    }
  }
}
