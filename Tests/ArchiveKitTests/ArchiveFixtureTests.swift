// SPDX-License-Identifier: Apache-2.0

// Archives of this and earlier versions are read as they always were, by us and by the independent reader.

import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Archives that are kept", .serialized)
struct ArchiveFixtureTests {
  private static let manifest = ArchiveFixture.folder.appendingPathComponent("manifest.json")

  @Test("the archives are written anew on demand", .enabled(if: ProcessEnvironment.isSet("CODECKIT_UPDATE_FIXTURES")))
  func update() throws {
    try FileManager.default.createDirectory(at: ArchiveFixture.folder, withIntermediateDirectories: true)
    var records: [ArchiveFixtureRecord] = []
    for fixture in ArchiveFixture.all {
      let bytes = try fixture.make()
      try Data(bytes).write(to: fixture.url)
      records.append(try ArchiveFixtureRecord(fixture.name, bytes))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(records).write(to: Self.manifest)
  }

  @Test("each has the content that was committed", arguments: ArchiveFixture.all)
  func content(_ fixture: ArchiveFixture) throws {
    let records = try JSONDecoder().decode([ArchiveFixtureRecord].self, from: Data(contentsOf: Self.manifest))
    let expected = try #require(records.first { $0.file == "\(fixture.name).cka" })
    let bytes = [UInt8](try Data(contentsOf: fixture.url))
    #expect(try ArchiveFixtureRecord(fixture.name, bytes) == expected)
    let source = MemoryArchiveSource(bytes)
    let report = try ArchiveVerifier(try ArchiveReader(source), source, .deep).run()
    #expect(report.problems == [])
    #expect(bytes.count < 20_000)
  }

  @Test("a checkpoint of a file that is open is among them")
  func openFile() throws {
    let fixture = try #require(ArchiveFixture.all.first { $0.name == "checkpoints" })
    let bytes = [UInt8](try Data(contentsOf: fixture.url))
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    var open = 0
    let frames = FrameReader(source: MemoryArchiveSource(bytes), tag: archive.summary.superblock.tag)
    let unpacker = PayloadUnpacker(archive.summary.superblock, .builtin)
    try archive.forEachFrame { (frame: FrameSummary) throws(ArchiveError) in
      guard frame.kind == "checkpoint" else { return }
      if try Checkpoint(unpacker.unpack(frames.frame(at: frame.offset, .checkpoint)), depth: 0).open != nil {
        open += 1
      }
    }
    #expect(open > 0)
  }

  @Test("an archive of entries in any order has provisional leaves")
  func anyOrder() throws {
    let fixture = try #require(ArchiveFixture.all.first { $0.name == "any-order" })
    let source = MemoryArchiveSource([UInt8](try Data(contentsOf: fixture.url)))
    let archive = try ArchiveReader(source)
    var scanner = FrameScanner(source, tag: archive.summary.superblock.tag)
    var provisional = 0
    while let item = try scanner.next() {
      if case .frame(let frame) = item, frame.header.flags.contains(.provisional) { provisional += 1 }
    }
    #expect(provisional > 2)
  }

  // MARK: - The independent reader

  static let reader = Vectors.packageRoot.appendingPathComponent("Tests/ArchiveKitTests/Reader/cka-reader.py")

  /// Runs Python; gives the status and what it said.
  static func python(_ arguments: [String], input: URL? = nil) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = arguments
    let pipe = Foundation.Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    if let input { process.standardInput = try Foundation.FileHandle(forReadingFrom: input) }
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  static let hasPython: Bool = {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") else { return false }
    return (try? python(["-c", "import zstandard, xxhash"]).status) == 0
  }()

  @Test(
    "an independent reader finds them sound", .enabled(if: hasPython),
    arguments: ArchiveFixture.all.filter(\.isPlain))
  func independentCheck(_ fixture: ArchiveFixture) throws {
    let (status, text) = try Self.python([Self.reader.path, "verify", fixture.url.path])
    #expect(status == 0, "\(text)")
  }

  @Test(
    "an independent reader extracts the same, from a file and from a pipe", .enabled(if: hasPython),
    arguments: ArchiveFixture.all.filter(\.isPlain))
  func independentExtraction(_ fixture: ArchiveFixture) throws {
    let ours = try TemporaryFolder()
    let archive = try ArchiveReader(MemoryArchiveSource([UInt8](try Data(contentsOf: fixture.url))))
    _ = try Extractor(archive, into: ours.path, .init { $0.allowsSpecial = true }).run()
    for isPipe in [false, true] {
      let theirs = try TemporaryFolder()
      let (status, text) = try Self.python(
        [Self.reader.path, "extract", isPipe ? "-" : fixture.url.path, "-C", theirs.location("")],
        input: isPipe ? fixture.url : nil)
      #expect(status == 0 || Machine.effectiveUser != 0, "\(text)")
      var cursor = archive.entries()
      while let entry = try cursor.next() {
        if entry.path.isEmpty { continue }
        let isDevice = entry.kind == .blockDevice || entry.kind == .characterDevice
        if isDevice && Machine.effectiveUser != 0 { continue }
        let name = String(decoding: entry.path, as: UTF8.self)
        let (left, right) = (
          try FileSystem.linkStatus(of: ours.path(name)), try FileSystem.linkStatus(of: theirs.path(name))
        )
        #expect(left.kind == right.kind && left.mode == right.mode && left.size == right.size, "\(name)")
        #expect(left.modificationTime == right.modificationTime && left.links == right.links, "\(name)")
        #expect(left.representedDevice == right.representedDevice)
        if entry.kind == .file { #expect(ours.contents(name) == theirs.contents(name)) }
      }
      #expect(ours.names == theirs.names)
    }
  }

  @Test("an independent reader takes the same files from a pipe that ends early", .enabled(if: hasPython))
  func independentSalvage() throws {
    let fixture = try #require(ArchiveFixture.all.first { $0.name == "any-order" })
    let bytes = [UInt8](try Data(contentsOf: fixture.url))
    var most = 0
    for length in stride(from: bytes.count - 300, to: 4200, by: -1511) {
      let (ours, theirs, cut) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
      try cut.write("cut.cka", Array(bytes.prefix(length)))
      _ = try Self.python(
        [Self.reader.path, "extract", "-", "-C", theirs.location("")],
        input: URL(fileURLWithPath: cut.location("cut.cka")))
      let extractor = try StreamExtractor(PieceStream(Array(bytes.prefix(length))), into: ours.path, .init())
      #expect(throws: ArchiveError.self) { try extractor.run() }
      // The other one keeps the beginning of a file that was not complete.
      let names = ours.names.filter { $0 != Extractor.markerName }
      #expect(Set(names).isSubset(of: theirs.names), "\(length)")
      for name in names { #expect(ours.contents(name) == theirs.contents(name), "\(name) at \(length)") }
      most = max(most, names.count)
    }
    #expect(most == 7)
  }
}
