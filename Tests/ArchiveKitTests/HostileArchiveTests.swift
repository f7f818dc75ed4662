// SPDX-License-Identifier: Apache-2.0

// Archives that break a rule with all checksums right are refused, each for what it does.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// What must become of an archive.
struct HostileCase: Sendable, CustomTestStringConvertible {
  /// What is wrong with it.
  let name: String
  /// The code with which opening or extracting it fails; `nil` when it is extracted.
  var extraction: ArchiveError.Code?
  /// The code that a check names; `nil` when it is sound.
  var check: ArchiveError.Code?
  /// Whether it can be found out only when the data is read, so that other files may have been written.
  var isLate = false
  let bytes: @Sendable () throws -> [UInt8]

  var testDescription: String { name }

  init(
    _ name: String, _ code: ArchiveError.Code?, check: ArchiveError.Code?? = .none, isLate: Bool = false,
    _ bytes: @escaping @Sendable () throws -> [UInt8]
  ) {
    self.name = name
    extraction = code
    self.check = check ?? code
    self.isLate = isLate
    self.bytes = bytes
  }

  /// A tree that is wrong.
  static func tree(
    _ name: String, _ code: ArchiveError.Code?, dataBytes: UInt64 = 0,
    _ entries: @escaping @Sendable () -> [ArchiveEntry]
  ) -> HostileCase {
    HostileCase(name, code) { try ForgedArchive.tree(entries(), dataBytes: dataBytes).bytes() }
  }

  /// The sample, changed.
  static func sample(
    _ name: String, _ code: ArchiveError.Code?, check: ArchiveError.Code?? = .none, isLate: Bool = false,
    _ change: @escaping @Sendable (inout ForgedArchive) throws -> Void
  ) -> HostileCase {
    HostileCase(name, code, check: check, isLate: isLate) {
      var forged = ForgedArchive.sample()
      try change(&forged)
      return try forged.bytes()
    }
  }
}

@Suite("Hostile archives")
struct HostileArchiveTests {
  /// What a recovering reader delivers at most is bounded, too.
  private static func readAll(_ archive: ArchiveReader) throws {
    var cursor = archive.entries()
    while let entry = try cursor.next() {
      guard entry.kind == .file else { continue }
      var length: UInt64 = 0
      try archive.read(entry, range: 0..<(1 << 24)) { (bytes: RawSpan) throws(ArchiveError) in
        length += UInt64(bytes.byteCount)
      }
      #expect(length == min(entry.size, 1 << 24))
    }
  }

  private static func extractionCode(_ bytes: [UInt8], into folder: TemporaryFolder) -> ArchiveError.Code? {
    do {
      let archive = try ArchiveReader(MemoryArchiveSource(bytes))
      let report = try Extractor(archive, into: folder.path, .init()).run()
      return report.problems.first?.error.code
    } catch {
      return error.code
    }
  }

  private static func checkCode(_ bytes: [UInt8], _ level: VerificationLevel) -> ArchiveError.Code? {
    do {
      let source = MemoryArchiveSource(bytes)
      let report = try ArchiveVerifier(try ArchiveReader(source), source, level).run()
      #expect(report.problems.count < 20)
      return report.problems.first?.code
    } catch {
      return error.code
    }
  }

  static let cases =
    HostileCases.paths + HostileCases.trees + HostileCases.contents + HostileCases.layouts
    + HostileCases.heads

  @Test("each is refused for what it does, and nothing is written before", arguments: cases)
  func refused(_ hostile: HostileCase) throws {
    let bytes = try hostile.bytes()
    let folder = try TemporaryFolder()
    #expect(Self.extractionCode(bytes, into: folder) == hostile.extraction)
    if hostile.extraction != nil, !hostile.isLate { #expect(folder.names.isEmpty) }
    #expect(Self.checkCode(bytes, .deep) == hostile.check)
    _ = Self.checkCode(bytes, .quick)
    do {
      try Self.readAll(try ArchiveReader(recovering: MemoryArchiveSource(bytes)))
    } catch is ArchiveError {
      // Said clearly.
    }
  }

  @Test("a sound archive made by the same means is read")
  func sound() throws {
    let bytes = try ForgedArchive.sample().bytes()
    let folder = try TemporaryFolder()
    #expect(Self.extractionCode(bytes, into: folder) == nil)
    #expect(folder.contents("d/a") == ForgedArchive.content(100, 1))
    #expect(folder.contents("d/b") == ForgedArchive.content(200, 2) + ForgedArchive.content(300, 3))
    #expect(Self.checkCode(bytes, .deep) == nil)
  }

  @Test("a path of thousands of bytes is written and read")
  func longPath() throws {
    let name = [UInt8](repeating: UInt8(ascii: "c"), count: 200)
    let path = Array([[UInt8]](repeating: name, count: 25).joined(separator: [UInt8(ascii: "/")]))
    let bytes = try ForgedArchive.tree([ArchiveEntry(path, .file)]).bytes()
    let folder = try TemporaryFolder()
    #expect(Self.extractionCode(bytes, into: folder) == nil)
    var place = try DirectoryHandle(folder.path)
    for _ in 0..<24 { place = try place.openDirectory(name) }
    #expect(try place.status(of: name).kind == .regular)
    // Nothing that works with whole paths can remove it.
    try place.remove(name)
    for depth in stride(from: 23, through: 0, by: -1) {
      place = try DirectoryHandle(folder.path)
      for _ in 0..<depth { place = try place.openDirectory(name) }
      try place.removeDirectory(name)
    }
  }

  @Test("the first thing missing is no reason to make room for all that is said to be missing")
  func gaps() throws {
    var forged = ForgedArchive()
    for number in 0..<2000 {
      forged.addBlock([ForgedArchive.content(20, UInt64(number))])
      forged.items[number].first = UInt64(number) * 3000
    }
    forged.addTree([ArchiveEntry(Array("a".utf8), .directory)])
    let bytes = try forged.bytes().dropLast(300)
    let archive = try ArchiveReader(recovering: MemoryArchiveSource(Array(bytes)))
    #expect(archive.ids.count < UInt64(bytes.count))
  }

  @Test("headers that all claim the rest of the archive do not have it read for each of them")
  func falseHeaders() throws {
    var forged = ForgedArchive()
    let tag = forged.superblock.tag
    let (count, start) = (2000, 4096 + 64)
    var body: [UInt8] = []
    for number in 0..<count {
      let header = FrameHeader(
        tag: tag, kind: FrameKind.tree.rawValue, codec: 0, flags: [], storedLength: UInt32((count - number - 1) * 64),
        rawLength: 1, count: 1, number: 0, offset: UInt64(start + number * 64), first: 0, bodyChecksum: 1)
      body += header.bytes
    }
    forged.addIndex(.tree, body, count: 1)
    forged.editHeader = { if $0.number == 0 { $0.bodyChecksum = 1 } }
    // Cut before the header that would tell where the body ends.
    let source = CountingArchiveSource(Array(try forged.bytes()[..<(start + count * 64)]))
    _ = try? ArchiveReader(recovering: source)
    #expect(source.bytesRead < 60 * Int(source.size))
  }

  @Test("a hundred thousand empty entries are read")
  func manyEntries() throws {
    var forged = ForgedArchive()
    for leaf in 0..<10 {
      let entries = (0..<10_000).map { ForgedArchive.file("\(leaf)/\(100_000 + $0)", 0) }
      forged.addTree(entries, separator: leaf == 0 ? "" : "\(leaf)")
    }
    let bytes = try forged.bytes()
    #expect(Self.checkCode(bytes, .full) == nil)
  }

  @Test("entries that share most of their long paths are read")
  func longPaths() throws {
    let component = String(repeating: "x", count: 200) + "/"
    let stem = String(repeating: component, count: 300)
    var encoder = TreeBlockEncoder()
    for number in 0..<200 { encoder.add(ArchiveEntry(Array((stem + String(1000 + number)).utf8), .directory)) }
    var forged = ForgedArchive()
    forged.addTree(raw: encoder.bytes, count: 200)
    let bytes = try forged.bytes()
    #expect(bytes.count < 100_000)
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    var cursor = archive.entries()
    var count = 0
    while try cursor.next() != nil { count += 1 }
    #expect(count == 200)
  }
}
