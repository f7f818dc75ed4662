// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("increments")
struct IncrementTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SplitMix(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  /// Overwrites a part of a file in place.
  private func overwrite(_ name: String, at offset: Int, _ bytes: [UInt8]) throws {
    var content = try #require(folder.contents(name))
    content.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    try folder.write(name, content)
  }

  /// Gives a file the time of the last change that it had.
  private func keepTime(_ name: String, _ change: () throws -> Void) throws {
    let before = try FileSystem.linkStatus(of: folder.path(name))
    try change()
    try FileSystem.setTimes(access: nil, modification: before.modificationTime, of: folder.path(name))
    #expect(try FileSystem.linkStatus(of: folder.path(name)).modificationTime == before.modificationTime)
  }

  private func makeTree() throws {
    try folder.makeFolder("d/e")
    try folder.write("d/a", noise(300_000))
    try folder.write("d/e/b", Array("small".utf8))
    try folder.write("c.ibd", noise(40 * 16_384, seed: 2))
    try folder.makeLink("l", to: "d/a")
  }

  @Test("a tree that has not changed is listed again, and nothing is read or stored")
  func unchanged() throws {
    try makeTree()
    var series = ArchiveSeries()
    let full = try series.add(folder)
    let first = try series.add(folder)
    #expect(first.superblock.depth == 1 && first.superblock.parent == full.superblock.uuid)
    #expect(first.superblock.parentRoot == full.footer.contentRoot)
    #expect(first.footer.chunks == 0 && first.footer.entries == full.footer.entries)
    #expect(first.footer.dataBytes == full.footer.dataBytes)
    #expect(series.report.unchanged == first.footer.entries && series.report.bytes == 0)
    #expect(try series.frames("tree", in: 1) == 0)
    let second = try series.add(folder)
    #expect(second.superblock.depth == 2 && second.footer.chunks == 0)
    let reader = try series.reader(2)
    #expect(reader.ancestors.map(\.contentRoot) == [full.footer.contentRoot, first.footer.contentRoot])
    #expect(reader.ancestors.map { String(decoding: $0.name, as: UTF8.self) } == ["0.cka", "1.cka"])
    for name in ["d/a", "d/e/b", "c.ibd"] { #expect(try series.content(name, in: 2) == folder.contents(name)) }
  }

  @Test("of a changed page a page is stored, of a changed file what differs")
  func changes() throws {
    try makeTree()
    var series = ArchiveSeries()
    try series.add(folder)
    try overwrite("c.ibd", at: 7 * 16_384 + 100, [1, 2, 3])
    let page = try series.add(folder)
    #expect(page.footer.chunks == 1 && page.footer.rawBytes == 16_384)
    try overwrite("d/a", at: 299_999, [9])
    let file = try series.add(folder)
    #expect(file.footer.chunks == 1 && file.footer.rawBytes <= 256 << 10)
    try overwrite("c.ibd", at: 7 * 16_384 + 100, [0, 0, 0])
    try overwrite("c.ibd", at: 39 * 16_384, [0, 0, 0])
    let again = try series.add(folder)
    #expect(again.footer.chunks == 2)
    for name in ["d/a", "d/e/b", "c.ibd"] { #expect(try series.content(name, in: 3) == folder.contents(name)) }
  }

  @Test("a change that keeps size and time of the last change is seen")
  func silentChange() throws {
    try makeTree()
    var series = ArchiveSeries()
    try series.add(folder)
    try keepTime("d/e/b") { try folder.write("d/e/b", Array("other".utf8)) }
    try series.add(folder)
    #expect(try series.content("d/e/b", in: 1) == Array("other".utf8))
    #expect(try series.content("d/e/b", in: 0) == Array("small".utf8))
  }

  @Test("a file that was written in the second of its backup is read again")
  func lateWrite() throws {
    try makeTree()
    var series = ArchiveSeries()
    series.clock = WallClock.now
    try series.add(folder)
    series.clock.seconds += 60
    try series.add(folder)
    #expect(series.report.unchanged == 0 && series.report.bytes > 0)
    #expect(try series.reader(1).summary.footer.chunks == 0)
    // Now they are known.
    try series.add(folder)
    #expect(series.report.unchanged == series.report.entries)
  }

  @Test("paranoid reading finds nothing new, and writes nothing")
  func paranoid() throws {
    try makeTree()
    var series = ArchiveSeries()
    try series.add(folder)
    let summary = try series.add(folder, .init { $0.isParanoid = true })
    #expect(series.report.unchanged == 0 && series.report.bytes > 900_000)
    #expect(summary.footer.chunks == 0)
    #expect(try series.frames("tree", in: 1) == 0)
  }

  @Test("a renamed folder stores no data again")
  func rename() throws {
    try makeTree()
    var series = ArchiveSeries()
    try series.add(folder)
    try FileSystem.rename(folder.path("d"), to: folder.path("new"))
    let summary = try series.add(folder)
    #expect(summary.footer.chunks == 0)
    #expect(try series.content("new/a", in: 1) == folder.contents("new/a"))
    #expect(try series.reader(1).entry(at: Array("d".utf8)) == nil)
  }

  @Test("chunks that the parent's tree does not use any more are stored again")
  func onlyLiveChunks() throws {
    try folder.write("a", noise(1000))
    var series = ArchiveSeries()
    try series.add(folder)
    try FileSystem.remove(folder.path("a"))
    try series.add(folder)
    try folder.write("b", noise(1000))
    let summary = try series.add(folder)
    #expect(summary.footer.chunks == 1)
    #expect(try series.content("b", in: 2) == noise(1000))
  }

  @Test("names of one file keep to one group, however many of them are new")
  func hardLinks() throws {
    for name in ["a", "m", "z"] { try folder.write(name, Array(name.utf8)) }
    try FileSystem.makeHardLink(folder.path("b"), to: folder.path("a"))
    try FileSystem.makeHardLink(folder.path("y"), to: folder.path("z"))
    var series = ArchiveSeries()
    try series.add(folder, .init { $0.excluded = [Glob("y")].compactMap { $0 } })
    // y was left out, and joins; a gets a third name; m gets its first.
    try FileSystem.makeHardLink(folder.path("c"), to: folder.path("a"))
    try FileSystem.makeHardLink(folder.path("n"), to: folder.path("m"))
    let summary = try series.add(folder)
    #expect(summary.footer.chunks == 0)
    var groups: [String: ArchiveEntry.LinkGroup] = [:]
    var links = LinkAgreement()
    var cursor = try series.reader(1).entries()
    while let entry = try cursor.next() {
      try links.note(entry)
      groups[String(decoding: entry.path, as: UTF8.self)] = entry.linkGroup
    }
    #expect(groups["a"] != nil && groups["a"] == groups["b"] && groups["a"] == groups["c"])
    #expect(groups["y"] != nil && groups["y"] == groups["z"])
    #expect(groups["m"] != nil && groups["m"] == groups["n"])
    #expect(Set(groups.values).count == 3)
    for name in ["c", "n", "y"] { #expect(try series.content(name, in: 1) == folder.contents(name)) }
  }

  @Test("a group whose name another file has taken is not mixed up with it")
  func stolenGroup() throws {
    try folder.write("a", [1])
    try FileSystem.makeHardLink(folder.path("b"), to: folder.path("a"))
    var series = ArchiveSeries()
    try series.add(folder) { $0.isReproducible = true }
    try FileSystem.remove(folder.path("a"))
    try folder.write("a", [2])
    try FileSystem.makeHardLink(folder.path("c"), to: folder.path("b"))
    try FileSystem.makeHardLink(folder.path("d"), to: folder.path("a"))
    try series.add(folder) { $0.isReproducible = true }
    var links = LinkAgreement()
    var cursor = try series.reader(1).entries()
    while let entry = try cursor.next() { try links.note(entry) }
    #expect(try series.content("d", in: 1) == [2])
    #expect(try series.content("c", in: 1) == [1])
  }

  @Test("leaves beside a change are shared, and go on being shared")
  func sharedLeaves() throws {
    for number in 0..<60 {
      try folder.makeFolder("d\(number)")
      // Names alone fill leaves here.
      for file in 0..<50 {
        let name = "\(file)-" + String(repeating: "n\(number)x\(file)", count: 30)
        try folder.write("d\(number)/\(name.prefix(250))", [UInt8(file)])
      }
    }
    var series = ArchiveSeries()
    try series.add(folder)
    let leaves = try series.frames("tree", in: 0)
    #expect(leaves >= 2)
    try folder.write("d3/new", [7])
    try series.add(folder)
    #expect(try series.frames("tree", in: 1) == 1)
    try series.add(folder)
    #expect(try series.frames("tree", in: 2) == 0)
    try folder.write("d3/newer", [8])
    try series.add(folder)
    #expect(try series.frames("tree", in: 3) == 1)
    #expect(try series.content("d3/new", in: 3) == [7])
    #expect(try series.content("d3/newer", in: 3) == [8])
    var count = 0
    var cursor = try series.reader(3).entries()
    while try cursor.next() != nil { count += 1 }
    #expect(count == 60 * 51 + 3)
  }

  @Test("maps of pages that have not changed are shared")
  func sharedMaps() throws {
    let pages = 3 * 4096
    var content = [UInt8](repeating: 0, count: pages * 512)
    for page in 0..<pages {
      content[page * 512] = UInt8(truncatingIfNeeded: page)
      content[page * 512 + 1] = UInt8(truncatingIfNeeded: page >> 8)
    }
    try folder.write("f.pages", content)
    let rule = try #require(Glob("*.pages").flatMap { CutRuleChooser.PageRule($0, pageSize: 512) })
    let tree = TreeArchiverOptions { $0.pageRules = [rule] }
    var series = ArchiveSeries()
    try series.add(folder, tree)
    // Every second page of the first two spans changes, so that there are more runs than an entry holds itself.
    for page in stride(from: 0, to: 2 * 4096, by: 2) { content[page * 512 + 9] = 1 }
    try folder.write("f.pages", content)
    try series.add(folder, tree)
    #expect(try series.frames("map", in: 1) == 3)
    content[4097 * 512 + 9] = 2
    try folder.write("f.pages", content)
    let summary = try series.add(folder, tree)
    #expect(summary.footer.chunks == 1)
    #expect(try series.frames("map", in: 2) == 1)
    #expect(try series.content("f.pages", in: 2) == content)
    try series.add(folder, tree)
    #expect(try series.frames("map", in: 3) == 0)
  }

  @Test("content of very many runs is moved into maps while it comes")
  func manyRuns() throws {
    let pages = 24_000
    var content = [UInt8](repeating: 0, count: pages * 512)
    for page in stride(from: 0, to: pages, by: 2) {
      content[page * 512] = UInt8(truncatingIfNeeded: page)
      content[page * 512 + 1] = UInt8(truncatingIfNeeded: page >> 8)
    }
    try folder.write("f.pages", content)
    let rule = try #require(Glob("*.pages").flatMap { CutRuleChooser.PageRule($0, pageSize: 512) })
    let tree = TreeArchiverOptions { $0.pageRules = [rule] }
    var series = ArchiveSeries()
    try series.add(folder, tree) {
      $0.checkpointBytes = 1 << 20
      $0.codec = Store()
    }
    #expect(try series.frames("map", in: 0) > 5)
    try StreamTrial.expectSame(series.last)
    #expect(try series.content("f.pages", in: 0) == content)
    content[512 * 20_001] ^= 1
    try folder.write("f.pages", content)
    let change = try series.add(folder, tree)
    #expect(change.footer.chunks == 1)
    #expect(try series.frames("map", in: 1) == 1)
    #expect(try series.content("f.pages", in: 1) == content)
  }

  @Test("an index serves as well as the archive it belongs to")
  func detachedIndexes() throws {
    try makeTree()
    func series(usesIndexes: Bool) throws -> ArchiveSeries {
      var series = ArchiveSeries()
      series.usesIndexes = usesIndexes
      for step in 0..<3 {
        try series.add(folder) { $0.isReproducible = step > 0 }
      }
      return series
    }
    var series = try series(usesIndexes: true)
    try overwrite("c.ibd", at: 0, [5])
    series.usesIndexes = false
    var other = series
    try other.add(folder) { $0.isReproducible = true }
    series.usesIndexes = true
    try series.add(folder) { $0.isReproducible = true }
    // Only the file names of the parents differ.
    #expect(series.last.count == other.last.count)
    #expect(try series.reader(3).summary.footer.contentRoot == other.reader(3).summary.footer.contentRoot)
    #expect(try series.content("c.ibd", in: 3) == folder.contents("c.ibd"))
    let index = try ArchiveReader(
      MemoryArchiveSource(series.indexes[3].bytes), ancestors: MemoryAncestors(archives: series.indexes))
    #expect(index.summary.footer.contentRoot == (try series.reader(3).summary.footer.contentRoot))
    let entry = try #require(try index.entry(at: Array("c.ibd".utf8)))
    #expect(throws: ArchiveError.self) { try index.read(entry) { (_) throws(ArchiveError) in } }
  }

  @Test("the bytes do not depend on the number of threads, nor on the memory of the table")
  func threads() throws {
    try makeTree()
    var full = ArchiveSeries()
    try full.add(folder) { $0.isReproducible = true }
    try folder.write("d/new", noise(900_000, seed: 1))
    try overwrite("c.ibd", at: 5, [5])
    var results: Set<[UInt8]> = []
    for threads in [1, 2, 8] {
      var series = full
      try series.add(folder) {
        $0.isReproducible = true
        $0.threads = threads
      }
      results.insert(series.last)
    }
    #expect(results.count == 1)
    var small = full
    try small.add(folder) { $0.parentTableBytes = 0 }
    for name in ["d/new", "c.ibd"] { #expect(try small.content(name, in: 1) == folder.contents(name)) }
  }

  @Test("a parent that is missing, another, damaged or cut is named")
  func wrongParents() throws {
    try makeTree()
    var series = ArchiveSeries()
    try series.add(folder)
    try folder.write("d/e/b", [1])
    try series.add(folder)
    var other = ArchiveSeries()
    try folder.write("d/e/b", [2])
    try other.add(folder)
    func code(_ archives: [(name: String, bytes: [UInt8])]) -> ArchiveError.Code? {
      do throws(ArchiveError) {
        let reader = try ArchiveReader(
          MemoryArchiveSource(series.archives[1].bytes), ancestors: MemoryAncestors(archives: archives))
        guard let entry = try reader.entry(at: Array("d/a".utf8)) else { return nil }
        try reader.read(entry) { (_) throws(ArchiveError) in }
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code(series.archives) == nil)
    #expect(code([]) == .missingParent)
    #expect(code(other.archives) == .wrongParent)
    #expect(code([("x", other.archives[0].bytes), series.archives[0]]) == nil)
    #expect(code([("0.cka", Array(series.archives[0].bytes.dropLast(2000)))]) == .truncated)
    // A parent cannot be one that is only half there.
    var options = ArchiveWriterOptions()
    options.parent = try ArchiveReader(recovering: MemoryArchiveSource(series.archives[0].bytes))
    #expect(throws: ArchiveError.self) { try ArchiveWriter(to: MemoryArchiveOutput(), options) }
    // A parent whose ids are not what its root says is no parent.
    var forged = series.archives[0].bytes
    let footer = try series.reader(0).summary.footer
    forged[Int(footer.ids.offset) + 70] ^= 1
    options.parent = try? ArchiveReader(MemoryArchiveSource(forged))
    #expect(throws: ArchiveError.self) { try ArchiveWriter(to: MemoryArchiveOutput(), options) }
  }
}
