// SPDX-License-Identifier: Apache-2.0

// What comes out of a pipe is what comes out of a file.

import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Extraction from a pipe")
struct StreamExtractorTests {
  private static let hard = Result { try HardTree.archive() }

  @Test("a tree with everything comes out as from a file", arguments: [1, 3], [UInt64.max, 300_000])
  func sample(threads: Int, checkpoint: UInt64) throws {
    let bytes = try SampleTree().archive {
      $0.checkpointBytes = checkpoint
      $0.threads = threads
    }
    try StreamTrial.expectSame(bytes) {
      $0.threads = threads
      $0.allowsSpecial = true
    }
  }

  @Test("an archive of nothing, and one of a single entry")
  func small() throws {
    for count in 0...1 {
      let output = MemoryArchiveOutput()
      let writer = try ArchiveWriter(to: output)
      if count == 1 { try writer.add(ArchiveEntry(Array("x".utf8), .file), [1, 2, 3], .whole) }
      _ = try writer.finish()
      try StreamTrial.expectSame(output.bytes)
    }
  }

  @Test("chunks that are needed again, open files, holes, maps and links across checkpoints", arguments: [1, 3])
  func hard(threads: Int) throws {
    try StreamTrial.expectSame(try Self.hard.get()) { $0.threads = threads }
  }

  @Test("checkpoints by entries and by input")
  func checkpoints() throws {
    for (entries, input) in [(UInt64(1), UInt64.max), (7, 200_000), (.max, 100_000), (.max, .max)] {
      let bytes = try HardTree.archive {
        $0.checkpointBytes = entries == .max ? .max : 1 << 20
        $0.checkpointEntries = entries
        $0.checkpointInput = input
      }
      try StreamTrial.expectSame(bytes)
    }
  }

  @Test("a part of the tree that needs chunks of what is left out")
  func selection() throws {
    let bytes = try Self.hard.get()
    for path in ["a", "b", "d/again", "d", "f", "g", "i"] {
      try StreamTrial.expectSame(bytes) { $0.paths = [Array(path.utf8)] }
    }
    try StreamTrial.expectSame(bytes) { $0.excluded = [Glob("[abce]")].compactMap { $0 } }
    try StreamTrial.expectSame(bytes) { $0.included = [Glob("d/file1[0-3]*")].compactMap { $0 } }
    try StreamTrial.expectSame(bytes) { $0.stripComponents = 1 }
    try StreamTrial.expectSame(bytes) { $0.isDryRun = true }
    let got = try StreamTrial.stream(bytes) { $0.paths = [Array("nowhere".utf8)] }
    #expect(got.error?.code == .notFound)
  }

  @Test(
    "names that are taken",
    arguments: [ExtractionOptions.Overwrite.never, .changed, .newer, .always])
  func overwriting(rule: ExtractionOptions.Overwrite) throws {
    let prepare: (TemporaryFolder) throws -> Void = { folder in
      try folder.makeFolder("a")
      try folder.makeFolder("d")
      for (name, time) in [("a/first", 5), ("b", 1_600_000_001), ("c", 1_900_000_000), ("d/file101", 5), ("h", 9)] {
        try folder.write(name, SampleTree.bytes(1000, 99))
        try FileSystem.setTimes(
          access: Timestamp(seconds: 0), modification: Timestamp(seconds: Int64(time)), of: folder.path(name))
      }
    }
    let bytes = try Self.hard.get()
    try StreamTrial.expectSame(bytes, { $0.overwrite = rule }, prepare: prepare)
  }

  @Test("pieces of any size", arguments: [[1], [2, 1, 64], [63], [4095, 4097], [1 << 20]])
  func pieces(sizes: [Int]) throws {
    let bytes = try SampleTree().archive {
      $0.checkpointBytes = 400_000
      $0.blockSize = 256 << 10
    }
    try StreamTrial.expectSame(bytes, sizes: sizes)
  }

  @Test("what follows the archive is told unless it is zero")
  func trailing() throws {
    let bytes = try SampleTree().archive { _ in }
    for (tail, told) in [([UInt8](repeating: 0, count: 100_000), UInt64(0)), ([0, 0, 1, 0], 4)] {
      let folder = try TemporaryFolder()
      let extractor = try StreamExtractor(PieceStream(bytes + tail), into: folder.path, .init())
      _ = try extractor.run()
      #expect(extractor.trailingBytes == told)
      #expect(extractor.footer?.entries == UInt64(SampleTree().entries.count))
    }
  }

  @Test("limits end the work and leave the mark of an incomplete target")
  func limits() throws {
    let got = try StreamTrial.stream(try Self.hard.get()) { $0.maximumBytes = 2_000_000 }
    #expect(got.error?.code == .limitExceeded)
    #expect(got.tree.lines[Extractor.markerName] != nil && got.tree.lines["b"] == nil)
    #expect(try StreamTrial.stream([1, 2, 3]).error?.code == .notAnArchive)
  }

  // MARK: - Damage

  @Test("an archive that is cut anywhere gives back what its checkpoints name")
  func cuts() throws {
    let (bytes, contents) = try DamageTests.archive()
    var places = try HardTree.borders(bytes).filter { $0 < bytes.count }
    var random = SeededRandom("stream cuts")
    for _ in 0..<20 { places.append(Int.random(in: Superblock.size..<bytes.count, using: &random)) }
    var scanner = FrameScanner(MemoryArchiveSource(bytes), tag: try Superblock(decoding: Array(bytes[..<4096])).tag)
    var checkpoints: [(end: Int, entries: UInt64)] = []
    while case .frame(let frame)? = try scanner.next() {
      guard frame.kind == .checkpoint else { continue }
      let unpacker = PayloadUnpacker(try Superblock(decoding: Array(bytes[..<4096])), .builtin)
      checkpoints.append((Int(frame.header.end), try Checkpoint(try unpacker.unpack(frame), depth: 0).entries))
    }
    #expect(checkpoints.count > 2)
    for place in places {
      let cut = Array(bytes[..<place])
      let named = checkpoints.last { $0.end <= place }?.entries ?? 0
      for keepsGoing in [false, true] {
        let got = try StreamTrial.stream(cut) { $0.keepsGoing = keepsGoing }
        if keepsGoing {
          #expect(got.error == nil)
          #expect(got.report.problems.contains { $0.error.code == .truncated })
        } else {
          #expect(got.error?.code == .truncated)
        }
        #expect(got.tree.lines[Extractor.markerName] != nil)
        #expect(got.report.files + got.report.directories >= named)
        try expectSound(got.tree, contents)
      }
    }
  }

  @Test("a file that is not complete is removed, or kept as a damaged one")
  func unfinished() throws {
    let bytes = try Self.hard.get()
    let borders = try HardTree.borders(bytes)
    var seen = false
    for place in borders[5..<20] {
      let cut = Array(bytes[..<place])
      let removed = try StreamTrial.stream(cut)
      #expect(removed.error?.code == .truncated && removed.tree.lines["b"] == nil)
      #expect(removed.tree.lines["b.damaged"] == nil)
      let kept = try StreamTrial.stream(cut) { $0.keepsDamaged = true }
      if kept.tree.lines["b.damaged"] != nil {
        seen = true
        #expect(kept.report.problems.contains { $0.path == Array("b".utf8) && $0.kind == .damaged })
      }
    }
    #expect(seen)
  }

  @Test("flipped bytes cost what they hit, and nothing comes out wrong")
  func flips() throws {
    let bytes = try Self.hard.get()
    let sound = try StreamTrial.file(bytes)
    var random = SeededRandom("stream flips")
    let borders = try HardTree.borders(bytes).dropLast()
    for round in 0..<50 {
      var damaged = bytes
      // Headers, and what is anywhere.
      let place =
        round % 3 == 0
        ? borders[Int.random(in: 0..<borders.count, using: &random)] + Int.random(in: 0..<64, using: &random)
        : Int.random(in: Superblock.size..<bytes.count, using: &random)
      damaged[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
      #expect(try StreamTrial.stream(damaged).error?.isDamage == true, "byte \(place)")
      let got = try StreamTrial.stream(damaged) { $0.keepsGoing = true }
      #expect(got.error == nil, "byte \(place)")
      #expect(got.report.hasDamage, "byte \(place)")
      for (path, line) in got.tree.lines where path != Extractor.markerName {
        // A directory whose entry is gone has no metadata.
        if line.hasPrefix("directory") { continue }
        let same = line.split(separator: "=").first == sound.tree.lines[path]?.split(separator: "=").first
        #expect(same, "byte \(place): \(path)")
      }
    }
  }

  @Test("a damaged frame before a damaged one is passed over, however far the pipe still goes")
  func damageInARow() throws {
    let bytes = try Self.hard.get()
    for border in try HardTree.borders(bytes).dropLast().dropFirst().filter({ $0 > Superblock.size + 100 }).prefix(12) {
      var damaged = bytes
      // The end of one body, and the header behind it.
      damaged[border - 1] ^= 1
      damaged[border + 20] ^= 1
      #expect(try StreamTrial.stream(damaged).error?.isDamage == true, "byte \(border)")
      let got = try StreamTrial.stream(damaged) { $0.keepsGoing = true }
      #expect(got.error == nil && got.report.hasDamage, "byte \(border)")
    }
  }

  @Test("a damaged block costs the same files as from a file")
  func damagedBlocks() throws {
    let bytes = try Self.hard.get()
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    for number in 0..<archive.blocks.count {
      var damaged = bytes
      let record = try archive.blocks.record(number)
      damaged[Int(record.offset) + 64 + Int(record.storedLength) / 2] ^= 1
      // From a file more of a damaged one may be lost: what a run has behind a stretch is not known there.
      let expected = try StreamTrial.file(damaged) { $0.keepsGoing = true }
      let got = try StreamTrial.stream(damaged) { $0.keepsGoing = true }
      #expect(got.error == nil)
      #expect(got.tree.difference(from: expected.tree) == [])
      #expect(
        StreamTrial.summary(got.report, withRanges: false) == StreamTrial.summary(expected.report, withRanges: false))
    }
  }

  @Test("what is kept of a damaged file is right outside of the ranges that are told")
  func keptDamage() throws {
    let bytes = try Self.hard.get()
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    for number in stride(from: 0, to: archive.blocks.count, by: 3) {
      var damaged = bytes
      let record = try archive.blocks.record(number)
      damaged[Int(record.offset) + 64 + Int(record.storedLength) / 2] ^= 1
      let folder = try TemporaryFolder()
      let report = try StreamExtractor(
        PieceStream(damaged), into: folder.path,
        .init {
          $0.keepsGoing = true
          $0.keepsDamaged = true
        }
      ).run()
      for problem in report.problems where problem.kind == .damaged {
        let entry = try #require(try archive.entry(at: problem.path))
        var content = try archive.content(of: entry)
        for range in problem.lostRanges { for index in range { content[Int(index)] = 0 } }
        let place = folder.path.joining(problem.path + OutputFile.damagedSuffix)
        #expect(try FileSystem.contents(of: place, limit: 1 << 26) == content)
      }
    }
  }

  @Test("bytes that are cut out cost what they held")
  func excision() throws {
    let bytes = try Self.hard.get()
    let borders = try HardTree.borders(bytes)
    let sound = try StreamTrial.file(bytes)
    for index in stride(from: 0, to: borders.count - 3, by: 2) {
      // Whatever follows has other offsets than it says, until bytes of the same number come instead.
      var damaged = bytes
      for place in borders[index]..<min(borders[index] + 100, borders[index + 1]) { damaged[place] = 0 }
      let got = try StreamTrial.stream(damaged) { $0.keepsGoing = true }
      #expect(got.error == nil && got.report.hasDamage)
      for (path, line) in got.tree.lines where line.hasPrefix("regular") && path != Extractor.markerName {
        #expect(line.split(separator: "=").first == sound.tree.lines[path]?.split(separator: "=").first, "\(path)")
      }
    }
  }

  @Test("memory does not grow with the archive", .enabled(if: ResidentMemory.tellsLeaks))
  func memory() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let size: UInt64 = 300 << 20
      let random = try FileHandle.open("/dev/urandom")
      let writer = try ArchiveWriter(
        to: FileArchiveOutput(try FileHandle.create(folder.path("archive"))), .init { $0.codec = Store() })
      for name in ["x", "y"] {
        let entry = ArchiveEntry(Array(name.utf8), .file)
        try writer.beginFile(entry)
        try writer.append(.contentDefined, limit: size / 2) { (room: inout OutputRawSpan) throws(ArchiveError) -> Int in
          do throws(IOError) { return try random.read(into: &room) } catch { throw ArchiveError(error) }
        }
        try writer.endFile(entry)
      }
      _ = try writer.finish()
      try folder.makeFolder("target")
      // What making the archive has taken is taken already.
      let before = ResidentMemory.current
      var most = before
      let extractor = try StreamExtractor(
        FileArchiveStream(try FileHandle.open(folder.path("archive"))), into: folder.path("target"),
        .init { $0.threads = 2 }
      ) { (_) throws(ArchiveError) in most = max(most, ResidentMemory.current) }
      let report = try extractor.run()
      #expect(report.files == 2 && report.bytes == size)
      #expect(most - before < 64 << 20, "grew by \(most - before) bytes")
      #expect(most < 96 << 20, "\(most) bytes")
      if most - before >= 64 << 20 { exit(1) }
    }
  }

  /// Expects that every file that is there is what it should be.
  private func expectSound(_ tree: TreeView, _ contents: [[UInt8]: [UInt8]]) throws {
    for (path, line) in tree.lines where line.hasPrefix("regular") && path != Extractor.markerName {
      let content = try #require(contents[Array(path.utf8)])
      #expect(line.contains("\(SHA256.hash(content))"), "\(path)")
    }
  }
}
