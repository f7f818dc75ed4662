// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Entries in any order")
struct UnsortedTreeTests {
  /// A stream with what is hard: names that come again, links across checkpoints, files in the way of directories, a
  /// file longer than the way between checkpoints, and content that comes twice.
  static let tar: [UInt8] = {
    var tar = TarStream()
    tar.add("z/", [], UInt8(ascii: "5"))
    tar.add("z/first", SampleTree.bytes(200_000, 1))
    tar.add("y", SampleTree.bytes(90_000, 2))
    tar.add("again", Array("old".utf8))
    tar.add("way", Array("in the way".utf8))
    tar.add("x/long", SampleTree.bytes(900_000, 3))
    tar.add("again", SampleTree.bytes(70_000, 4))
    tar.add("b", link: "z/first", UInt8(ascii: "1"))
    tar.add("way/below", SampleTree.bytes(100_000, 5))
    tar.add("a", SampleTree.bytes(200_000, 1))
    tar.add("y", link: "a")
    tar.add("c", link: "b", UInt8(ascii: "1"))
    tar.add("last", SampleTree.bytes(300_000, 6))
    return tar.ended
  }()

  static let small: @Sendable (inout ArchiveWriterOptions) -> Void = {
    $0.checkpointBytes = 1
    $0.checkpointInput = 150_000
    $0.blockSize = 64 << 10
    $0.cutSizes = CutSizes(minimum: 4096, average: 16384, maximum: 65536) ?? .standard
  }

  static func archived() throws -> ArchivedStream { try ArchivedStream(tar, .tar, small) }

  @Test("leaves on the way are provisional, the directory names those in order, and both are sound")
  func frames() throws {
    let archived = try Self.archived()
    let entries = try archived.entries()
    #expect(Set(entries.keys) == ["z", "z/first", "y", "again", "x/long", "b", "way/below", "a", "c", "last"])
    #expect(archived.warnings == ["displaced way"])
    let archive = try ArchiveReader(MemoryArchiveSource(archived.bytes))
    #expect(archive.summary.footer.entries == 10)
    var kinds: [String: Int] = [:]
    try archive.forEachFrame { (frame: FrameSummary) throws(ArchiveError) in kinds[frame.kind, default: 0] += 1 }
    #expect((kinds["checkpoint"] ?? 0) > 5 && (kinds["tree block"] ?? kinds["tree"] ?? 0) > 3, "\(kinds)")
    let packed = MemoryArchiveOutput()
    let source = MemoryArchiveSource(archived.bytes)
    _ = try ArchiveRecompressor(archive, source, to: packed, .init { $0.codec = Zstd.default }).run()
    let again = MemoryArchiveSource(packed.bytes)
    #expect(try ArchiveVerifier(try ArchiveReader(again), again, .deep).run().problems == [])
  }

  private func extract(_ bytes: [UInt8], pieces: [Int]? = nil, keepsGoing: Bool = false) throws -> (
    TemporaryFolder, ExtractionReport?
  ) {
    let folder = try TemporaryFolder()
    let options = ExtractionOptions { $0.keepsGoing = keepsGoing }
    guard let pieces else {
      let archive = try ArchiveReader(MemoryArchiveSource(bytes))
      return (folder, try Extractor(archive, into: folder.path, options).run())
    }
    let extractor = try StreamExtractor(PieceStream(bytes, pieces), into: folder.path, options)
    do {
      return (folder, try extractor.run())
    } catch {
      #expect(error.code == .truncated, "\(error)")
      return (folder, nil)
    }
  }

  @Test("what comes out of a pipe is what comes out of the file")
  func pipe() throws {
    let bytes = try Self.archived().bytes
    let (whole, report) = try extract(bytes)
    let expected = try TreeView(whole)
    for pieces in [[1 << 16], [777, 100_000]] {
      let (folder, piped) = try extract(bytes, pieces: pieces)
      #expect(try TreeView(folder).difference(from: expected) == [])
      #expect(piped?.files == report?.files && piped?.problems == [])
    }
  }

  /// Checks that files of a cut archive are those of the whole one, or earlier members of the same name.
  private func check(_ folder: TemporaryFolder, _ whole: [String: [UInt8]], _ cut: Int) {
    let earlier: [String: [UInt8]] = [
      "again": Array("old".utf8), "way": Array("in the way".utf8), "y": SampleTree.bytes(90_000, 2),
    ]
    for name in folder.names where name != Extractor.markerName {
      guard let content = folder.contents(name), whole[name] != nil || earlier[name] != nil else { continue }
      // A file that was being written when the archive was cut ends there; `y` is a link to `a` in the end.
      let known = [whole[name], earlier[name], name == "y" ? whole["a"] : nil].compactMap { $0 }
      #expect(known.contains { $0.starts(with: content) }, "\(name), cut at \(cut)")
    }
  }

  @Test("of an archive that was cut, what was named comes out of the pipe and of a repaired copy")
  func cuts() throws {
    let bytes = try Self.archived().bytes
    let whole = try ArchivedStream(Self.tar, .tar).entries().keys.reduce(into: [String: [UInt8]]()) { contents, name in
      let archive = try ArchiveReader(MemoryArchiveSource(bytes))
      guard let entry = try archive.entry(at: Array(name.utf8)), entry.kind == .file else { return }
      contents[name] = try archive.content(of: entry)
    }
    var best = (pipe: 0, copy: 0)
    for length in stride(from: bytes.count - 3000, through: 4200, by: -61_813) {
      let part = Array(bytes.prefix(length))
      let (folder, _) = try extract(part, pieces: [1 << 16], keepsGoing: length % 2 == 0)
      check(folder, whole, length)
      best.pipe = max(best.pipe, folder.names.count)
      guard let archive = try? ArchiveReader(recovering: MemoryArchiveSource(part)) else { continue }
      let output = MemoryArchiveOutput()
      let report = try ArchiveRebuilder(archive).run(to: output)
      #expect(report.lost.isEmpty, "\(length): \(report.lost)")
      let source = MemoryArchiveSource(output.bytes)
      let copy = try ArchiveReader(source)
      #expect(try ArchiveVerifier(copy, source, .deep).run().problems == [], "\(length)")
      let (repaired, _) = try extract(output.bytes)
      check(repaired, whole, length)
      best.copy = max(best.copy, repaired.names.count)
    }
    // The longest one lacks no more than its tables; `way` gave way, and the pipe's target is marked as incomplete.
    #expect(best == (pipe: 10, copy: 9), "\(best)")
  }

  @Test("a copy of an archive whose end alone is missing has everything, in order")
  func withoutEnd() throws {
    let archived = try Self.archived()
    let part = Array(archived.bytes.dropLast(100))
    let archive = try ArchiveReader(recovering: MemoryArchiveSource(part))
    #expect(archive.recovery?.hasWholeTree == true)
    let output = MemoryArchiveOutput()
    _ = try ArchiveRebuilder(archive).run(to: output)
    let copy = try ArchiveReader(MemoryArchiveSource(output.bytes))
    #expect(copy.summary.footer.entries == 10)
  }

  @Test("files that alternate are named as far as they came")
  func alternating() throws {
    var stream = XBStream()
    let (one, two) = (SampleTree.bytes(600_000, 7), SampleTree.bytes(600_000, 8))
    for part in 0..<6 {
      stream.add("one", Array(one[(part * 100_000)..<((part + 1) * 100_000)]), at: part * 100_000)
      stream.add("d/two", Array(two[(part * 100_000)..<((part + 1) * 100_000)]), at: part * 100_000)
    }
    stream.end("one")
    stream.end("d/two")
    let archived = try ArchivedStream(stream.bytes, .xbstream, Self.small)
    #expect(try archived.content("one") == one && archived.content("d/two") == two)
    _ = try archived.entries()
    let part = Array(archived.bytes.prefix(archived.bytes.count / 2))
    let archive = try ArchiveReader(recovering: MemoryArchiveSource(part))
    var cursor = archive.entries()
    var found: [String: Int] = [:]
    while let entry = try cursor.next() {
      let content = try archive.content(of: entry)
      #expect(entry.warnings == .unreadable && (entry.path == Array("one".utf8) ? one : two).starts(with: content))
      found[String(decoding: entry.path, as: UTF8.self)] = content.count
    }
    #expect(found.count == 2 && found.values.allSatisfy { $0 > 100_000 }, "\(found)")
    #expect(archive.recovery?.unfinishedFile == Array("d/two".utf8))
    let (folder, report) = try extract(part, pieces: [1 << 16], keepsGoing: true)
    #expect(folder.names.filter { $0 == "one" }.isEmpty && report?.hasDamage == true)
  }

  @Test("sorting agrees with a plain model, whatever comes")
  func model() throws {
    var generator = SplitMix(seed: 12)
    for round in 0..<300 {
      let unsorted = UnsortedEntries(depth: 0)
      var model: [[UInt8]: (number: Int, kind: ArchiveEntry.Kind)] = [:]
      for number in 0..<Int(generator.next() % 40) {
        let depth = 1 + generator.next() % 4
        let names = (0..<depth).map { _ in ["a", "b", "a-", "b0"][Int(generator.next() % 4)] }
        var entry = ArchiveEntry(
          Array(names.joined(separator: "/").utf8), generator.next() % 3 == 0 ? .directory : .fifo)
        entry.mode = UInt16(number)
        try unsorted.add(entry, dataLength: 0)
        model[entry.path] = (number, entry.kind)
      }
      let yields = Set(
        model.keys.filter { path in
          let own = model[path] ?? (0, .file)
          return own.kind != .directory
            && model.contains { $0.key != path && EntryPath.isBeneath($0.key, path) && $0.value.number > own.number }
        })
      let kept = model.keys.filter { path in
        !yields.contains(path)
          && !model.contains {
            $0.key != path && EntryPath.isBeneath(path, $0.key) && $0.value.kind != .directory
              && !yields.contains($0.key)
          }
      }.sorted(by: EntryPath.precedes)
      let sorted = try unsorted.sorted()
      #expect(try sorted.kept.map { try unsorted.entry($0).path } == kept, "round \(round)")
      #expect(sorted.kept.count + sorted.lost.count == model.count)
      #expect(
        try sorted.kept.allSatisfy { Int(try unsorted.entry($0).mode) == model[try unsorted.entry($0).path]?.number })
    }
  }

  @Test("many entries are held in little memory")
  func memory() throws {
    let unsorted = UnsortedEntries(depth: 0)
    for number in 0..<20_000 {
      var entry = ArchiveEntry(Array("folder\(number % 100)/sub\(number % 7)/file\(number)".utf8), .fifo)
      entry.owner = .init(uid: 1000, gid: 1000, user: Array("someone".utf8), group: Array("everyone".utf8))
      try unsorted.add(entry, dataLength: 0)
    }
    #expect(unsorted.heldBytes < 20_000 * 200, "\(unsorted.heldBytes)")
    #expect(try unsorted.sorted().kept.count == 20_000)
  }
}
