// SPDX-License-Identifier: Apache-2.0

// A chain of this and earlier versions is read as it always was, by us and by the independent reader.

import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("A chain that is kept", .serialized)
struct ChainFixtureTests {
  private static let folder = ArchiveFixture.folder.appendingPathComponent("chain")
  private static let manifest = folder.appendingPathComponent("manifest.json")

  /// What a file of the chain must be.
  private struct Record: Codable, Equatable {
    var file: String
    var contentRoot: String
    /// Each path with the digest of what it holds.
    var contents: [String: String]
  }

  private static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  private static func open(_ name: String, among names: [String]) throws -> ArchiveReader {
    try ArchiveReader(
      MemoryArchiveSource(try bytes(name)),
      ancestors: MemoryAncestors(archives: try names.map { ($0, try bytes($0)) }))
  }

  private static func record(_ name: String, _ archive: ArchiveReader) throws -> Record {
    var contents: [String: String] = [:]
    var cursor = archive.entries()
    while let entry = try cursor.next() {
      var digest = SHA256()
      if entry.kind == .file {
        try archive.read(entry) { (bytes: RawSpan) throws(ArchiveError) in digest.update(bytes) }
      }
      contents[String(decoding: entry.path, as: UTF8.self)] = digest.value.description
    }
    return Record(file: name, contentRoot: archive.summary.footer.contentRoot.description, contents: contents)
  }

  @Test("the chain is written anew on demand", .enabled(if: ProcessEnvironment.isSet("CODECKIT_UPDATE_FIXTURES")))
  func update() throws {
    try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
    let tree = try TemporaryFolder()
    var content = [UInt8](repeating: 7, count: 20 * 512)
    for page in 0..<20 { content[page * 512] = UInt8(page) }
    let rule = try #require(Glob("*.pages").flatMap { CutRuleChooser.PageRule($0, pageSize: 512) })
    let options = TreeArchiverOptions {
      $0.pageRules = [rule]
      $0.overridesOwner = true
    }
    var series = ArchiveSeries()
    try tree.makeFolder("d")
    try tree.write("d/small", Array("small".utf8))
    try tree.write("f.pages", content + [UInt8](repeating: 1, count: 60_000))
    try tree.makeLink("link", to: "d/small")
    try series.add(tree, options)
    try tree.write("d/new", Array("new".utf8))
    content[9 * 512 + 5] = 1
    try tree.write("f.pages", content + [UInt8](repeating: 1, count: 60_000))
    try series.add(tree, options)
    try FileSystem.remove(tree.path("d/small"))
    try tree.write("d/newer", Array("newer".utf8))
    try series.add(tree, options)
    var files = zip(["full.cka", "first.cka", "second.cka"], series.archives.map(\.bytes)).map { ($0, $1) }
    files.append(("second.ckx", series.indexes[2].bytes))
    let merged = MemoryArchiveOutput()
    _ = try ArchiveMerger(try series.reader(2), to: merged).run()
    files.append(("merged.cka", merged.bytes))
    for (name, bytes) in files { try Data(bytes).write(to: Self.folder.appendingPathComponent(name)) }
    let names = ["full.cka", "first.cka", "second.cka"]
    let records = try names.map { try Self.record($0, try Self.open($0, among: names)) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(records).write(to: Self.manifest)
  }

  private static let names = ["full.cka", "first.cka", "second.cka"]

  private static func records() throws -> [Record] {
    try JSONDecoder().decode([Record].self, from: Data(contentsOf: manifest))
  }

  @Test("each member has the content that was committed", arguments: names)
  func content(_ name: String) throws {
    let expected = try #require(Self.records().first { $0.file == name })
    let archive = try Self.open(name, among: Self.names)
    #expect(try Self.record(name, archive) == expected)
    let report = try ArchiveVerifier(archive, MemoryArchiveSource(try Self.bytes(name)), .deep).run()
    #expect(report.problems == [])
    #expect(try Self.bytes(name).count < 12_000)
  }

  @Test("the merged archive stands for the last one, with nothing beside it")
  func merged() throws {
    let expected = try #require(Self.records().last)
    let record = try Self.record("second.cka", try Self.open("merged.cka", among: []))
    #expect(record == expected)
  }

  @Test("the index has the root of its archive, and its tree")
  func index() throws {
    let index = try Self.open("second.ckx", among: Self.names)
    #expect(index.summary.footer.contentRoot.description == (try Self.records().last?.contentRoot))
    #expect(try index.entry(at: Array("d/newer".utf8)) != nil)
  }

  @Test("an independent reader extracts the same", .enabled(if: ArchiveFixtureTests.hasPython))
  func independentReader() throws {
    for (name, record) in [("second.cka", 2), ("first.cka", 1), ("merged.cka", 2)] {
      let theirs = try TemporaryFolder()
      let (status, text) = try ArchiveFixtureTests.python([
        ArchiveFixtureTests.reader.path, "extract", Self.folder.appendingPathComponent(name).path, "-C",
        theirs.location(""), "--parents", Self.folder.path,
      ])
      #expect(status == 0, "\(text)")
      for (path, digest) in try Self.records()[record].contents where !path.isEmpty && path != "d" && path != "link" {
        #expect(theirs.contents(path).map { SHA256.hash($0).description } == digest, "\(name): \(path)")
      }
    }
  }
}
