// SPDX-License-Identifier: Apache-2.0

// What happens to what is in the way, what is chosen, and what is left out.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Extraction policies")
struct ExtractionPolicyTests {
  typealias Overwrite = ExtractionOptions.Overwrite

  private static let time = Timestamp(seconds: 1_600_000_000)

  /// A directory with a file, a link beside it, and a set-ID program.
  private static func archive(_ configure: (inout ArchiveWriterOptions) -> Void = { _ in }) throws -> ArchiveReader {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output, .init(configure))
    try writer.add(entry("d", .directory, 0o755))
    try writer.add(entry("d/f"), Array("new".utf8), .whole)
    try writer.add(entry("d/g.log"), Array("log".utf8), .whole)
    var link = entry("l", .symbolicLink)
    link.target = Array("d/f".utf8)
    try writer.add(link)
    try writer.add(entry("s", .file, 0o6755), Array("set".utf8), .whole)
    _ = try writer.finish()
    return try ArchiveReader(MemoryArchiveSource(output.bytes))
  }

  private static func entry(
    _ path: String, _ kind: ArchiveEntry.Kind = .file, _ mode: UInt16 = 0o644
  ) -> ArchiveEntry {
    var entry = ArchiveEntry(Array(path.utf8), kind)
    entry.mode = mode
    entry.owner = .init(uid: Machine.effectiveUser, gid: 0)
    entry.modificationTime = time
    return entry
  }

  private func extract(
    _ archive: ArchiveReader, _ folder: TemporaryFolder, _ configure: (inout ExtractionOptions) -> Void
  ) throws -> ExtractionReport {
    try Extractor(archive, into: folder.path, .init(configure)).run()
  }

  private func text(_ folder: TemporaryFolder, _ name: String) -> String? {
    folder.contents(name).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("a file in the way stays, or is replaced", arguments: [Overwrite.never, .changed, .newer, .always])
  func file(_ overwrite: Overwrite) throws {
    // Older than the entry, of another size; as new and as large; newer.
    for (seconds, old) in [(Int64(1_000_000_000), "older"), (1_600_000_000, "old"), (1_700_000_000, "newer")] {
      let folder = try TemporaryFolder()
      try folder.makeFolder("d")
      try folder.write("d/f", Array(old.utf8))
      try FileHandle.open(folder.path("d/f"), .writable)
        .setTimes(access: nil, modification: Timestamp(seconds: seconds))
      let report = try extract(try Self.archive(), folder) { $0.overwrite = overwrite }
      let stays =
        switch overwrite {
        case .never: true
        case .changed: seconds == 1_600_000_000
        case .newer: seconds >= 1_600_000_000
        case .always: false
        }
      #expect(text(folder, "d/f") == (stays ? old : "new"))
      #expect(report.problems.map(\.kind) == (overwrite == .never ? [.exists] : []))
      #expect(report.unchanged == (stays && overwrite != .never ? 1 : 0))
      #expect(folder.names == ["d", "l", "s"])
    }
  }

  @Test("names of one file are linked to what this run makes alone", arguments: [Overwrite.never, .changed, .newer])
  func linksToOthers(_ overwrite: Overwrite) throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    for name in ["a", "b", "c"] {
      var entry = Self.entry(name)
      entry.linkGroup = .init(ordinal: 0, number: 0)
      if name == "a" { try writer.add(entry, Array("old".utf8), .whole) } else { try writer.add(entry) }
    }
    _ = try writer.finish()
    let prepare: (TemporaryFolder) throws -> Void = { folder in
      try folder.write("a", Array("own".utf8))
      let seconds: Int64 = overwrite == .newer ? 1_700_000_000 : 1_600_000_000
      try FileSystem.setTimes(access: nil, modification: Timestamp(seconds: seconds), of: folder.path("a"))
    }
    let folder = try TemporaryFolder()
    try prepare(folder)
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    _ = try extract(archive, folder) { $0.overwrite = overwrite }
    #expect(text(folder, "a") == "own" && text(folder, "b") == "old" && text(folder, "c") == "old")
    let inodes = try ["a", "b", "c"].map { try FileSystem.status(of: folder.path($0)).inode }
    #expect(inodes[0] != inodes[1] && inodes[1] == inodes[2])
    try StreamTrial.expectSame(output.bytes, { $0.overwrite = overwrite }, prepare: prepare)
  }

  @Test("a file that keeps its content gets the mode, the owner and the attributes of the entry")
  func refreshed() throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    var entry = Self.entry("f", .file, 0o640)
    entry.attributes = [ExtendedAttribute(name: Array("user.a".utf8), value: [1])]
    try writer.add(entry, Array("new".utf8), .whole)
    _ = try writer.finish()
    let folder = try TemporaryFolder()
    try folder.write("f", Array("old".utf8))
    let path = folder.path("f")
    try FileSystem.setMode(FileMode(rawValue: 0o600), of: path)
    try FileSystem.setTimes(access: nil, modification: Self.time, of: path)
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    let report = try extract(archive, folder) { $0.overwrite = .changed }
    #expect(report.unchanged == 1 && report.problems.isEmpty && text(folder, "f") == "old")
    let status = try FileSystem.status(of: path)
    #expect(status.mode == FileMode(rawValue: 0o640) && status.modificationTime == Self.time)
    #expect(try FileHandle.open(path).extendedAttribute(Array("user.a".utf8)) == [1])
    // Nothing is to be done the next time, and nothing is.
    _ = try extract(archive, folder) { $0.overwrite = .changed }
    #expect(try FileSystem.status(of: path).changeTime == status.changeTime)
  }

  @Test(
    "a link in the way of a file is never written through", arguments: [Overwrite.never, .changed, .newer, .always])
  func fileLink(_ overwrite: Overwrite) throws {
    let folder = try TemporaryFolder()
    let outside = try TemporaryFolder()
    try outside.write("victim", [1])
    try folder.makeFolder("d")
    try folder.makeLink("d/f", to: outside.location("victim"))
    let report = try extract(try Self.archive(), folder) { $0.overwrite = overwrite }
    #expect(outside.contents("victim") == [1] && outside.names == ["victim"])
    let isLink = try FileSystem.linkStatus(of: folder.path("d/f")).kind == .symbolicLink
    // The link is newer than the entry.
    #expect(isLink == (overwrite == .never || overwrite == .newer))
    #expect(report.problems.isEmpty == (overwrite != .never))
  }

  @Test(
    "a link in the way of a directory is never followed", arguments: [Overwrite.never, .changed, .newer, .always])
  func directoryLink(_ overwrite: Overwrite) throws {
    let folder = try TemporaryFolder()
    let outside = try TemporaryFolder()
    try folder.makeLink("d", to: outside.location(""))
    let before = try FileSystem.status(of: outside.path)
    let report = try extract(try Self.archive(), folder) { $0.overwrite = overwrite }
    #expect(outside.names.isEmpty)
    let after = try FileSystem.status(of: outside.path)
    #expect(after.mode == before.mode && after.modificationTime == before.modificationTime)
    #expect(report.problems.isEmpty == (overwrite == .always))
    #expect(text(folder, "s") == "set")
    if overwrite == .always { #expect(text(folder, "d/f") == "new") }
  }

  @Test("directories and files do not take each other's place, but for a file that may be replaced")
  func kinds() throws {
    for overwrite in [Overwrite.never, .always] {
      let folder = try TemporaryFolder()
      try folder.makeFolder("s/deep")
      try folder.write("s/deep/kept", [1])
      try folder.write("d", [2])
      let report = try extract(try Self.archive(), folder) { $0.overwrite = overwrite }
      #expect(folder.contents("s/deep/kept") == [1])
      #expect(report.problems.contains { $0.path == Array("s".utf8) })
      if overwrite == .always {
        #expect(text(folder, "d/f") == "new")
      } else {
        #expect(folder.contents("d") == [2])
      }
    }
  }

  @Test("components are taken off, and patterns choose")
  func selection() throws {
    let stripped = try TemporaryFolder()
    var report = try extract(try Self.archive(), stripped) { $0.stripComponents = 1 }
    #expect(stripped.names == ["f", "g.log"] && report.problems.isEmpty)
    let included = try TemporaryFolder()
    report = try extract(try Self.archive(), included) { $0.included = [Glob("*.log")].compactMap { $0 } }
    #expect(text(included, "d/g.log") == "log" && included.names == ["d"] && report.files == 1)
    let excluded = try TemporaryFolder()
    report = try extract(try Self.archive(), excluded) { $0.excluded = [Glob("d")].compactMap { $0 } }
    #expect(excluded.names == ["l", "s"])
    let chosen = try TemporaryFolder()
    report = try extract(try Self.archive(), chosen) { $0.paths = [Array("./d/f".utf8)] }
    #expect(chosen.names == ["d"] && text(chosen, "d/f") == "new" && report.files == 1)
    let missing = try TemporaryFolder()
    #expect(throws: ArchiveError.self) {
      try self.extract(try Self.archive(), missing) { $0.paths = [Array("d/nothing".utf8)] }
    }
    #expect(missing.names.isEmpty)
  }

  @Test("names that become one by taking components off are not mixed")
  func collision() throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    for (path, content) in [("a/x", "first"), ("b/x", "second")] {
      try writer.add(Self.entry(path), Array(content.utf8), .whole)
    }
    _ = try writer.finish()
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    for overwrite in [Overwrite.never, .always] {
      let folder = try TemporaryFolder()
      let report = try extract(archive, folder) {
        $0.stripComponents = 1
        $0.overwrite = overwrite
      }
      let found = text(folder, "x")
      #expect(found == "first" || found == "second")
      #expect(!report.problems.isEmpty || overwrite == .always)
      #expect(folder.names == ["x"])
    }
  }

  @Test("without owners there are no set-ID bits, and devices are left out")
  func rights() throws {
    let folder = try TemporaryFolder()
    _ = try extract(try Self.archive(), folder) { $0.restoresOwners = false }
    #expect(try FileSystem.status(of: folder.path("s")).mode.rawValue == 0o755)
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    var device = Self.entry("null", .characterDevice)
    device.device = (1, 3)
    device.attributes = [ExtendedAttribute(name: Array("trusted.a".utf8), value: [1])]
    try writer.add(device)
    var file = Self.entry("x")
    file.attributes = [
      ExtendedAttribute(name: Array("security.evil".utf8), value: [1]),
      ExtendedAttribute(name: Array("user.good".utf8), value: [2]),
    ]
    try writer.add(file, [], .whole)
    _ = try writer.finish()
    let special = try TemporaryFolder()
    let report = try extract(try ArchiveReader(MemoryArchiveSource(output.bytes)), special) { _ in }
    #expect(special.names == ["x"])
    #expect(report.problems.map(\.kind) == [.leftOut, .leftOut])
    let attributes = try FileHandle.open(special.path("x")).extendedAttributes()
    #expect(attributes.map(\.name) == [Array("user.good".utf8)])
  }

  @Test("more than the limit is not begun, and a dry run writes nothing")
  func limits() throws {
    let folder = try TemporaryFolder()
    do {
      _ = try extract(try Self.archive(), folder) { $0.maximumBytes = 8 }
      Issue.record("nine bytes were written")
    } catch let error as ArchiveError {
      #expect(error.code == .limitExceeded)
    }
    #expect(folder.names.isEmpty)
    let report = try extract(try Self.archive(), folder) { $0.isDryRun = true }
    #expect(report.files == 3 && report.directories == 1 && report.others == 1)
    #expect(folder.names.isEmpty)
    _ = try extract(try Self.archive(), folder) { $0.maximumBytes = 9 }
    #expect(text(folder, "d/f") == "new")
  }

  @Test("a damaged file is kept on demand, with zeros in the ranges that are named")
  func keepsDamaged() throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output,
      .init {
        $0.codec = Store.none
        $0.blockSize = 256 << 10
      })
    let content = SampleTree.bytes(2 << 20, 5)
    try writer.add(Self.entry("big"), content, .contentDefined)
    try writer.add(Self.entry("big.damaged"), [7], .whole)
    try writer.add(Self.entry("c"), Array(content.suffix(200_000)), .whole)
    _ = try writer.finish()
    var bytes = output.bytes
    let sound = try ArchiveReader(MemoryArchiveSource(bytes))
    bytes[Int(try sound.blocks.record(3).offset) + 70_000] ^= 1
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    // The archive has a file of the name: whichever comes second is refused it.
    let taken = try TemporaryFolder()
    var report = try extract(archive, taken) { ($0.keepsDamaged, $0.keepsGoing) = (true, true) }
    let isTheirs = taken.contents("big.damaged") == [7]
    #expect(taken.contents("big") == nil)
    #expect(
      report.problems.contains { $0.path == Array((isTheirs ? "big" : "big.damaged").utf8) && $0.kind == .exists })
    let folder = try TemporaryFolder()
    report = try extract(archive, folder) {
      ($0.keepsDamaged, $0.keepsGoing) = (true, true)
      $0.paths = [Array("big".utf8)]
    }
    let kept = try #require(folder.contents("big.damaged"))
    #expect(kept.count == content.count && folder.names == ["big.damaged"])
    let ranges = try #require(report.problems.first).lostRanges
    #expect(!ranges.isEmpty)
    var expected = content
    for range in ranges { for place in range { expected[Int(place)] = 0 } }
    #expect(kept == expected)
  }
}
