// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("comparison of archives and folders")
struct ComparisonTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SplitMix(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  private func makeTree() throws {
    for name in ["a", "b", "z"] {
      try folder.makeFolder(name)
      for number in 0..<4 { try folder.write("\(name)/\(number)", noise(10_000, seed: UInt64(number))) }
    }
    try folder.write("b/large", noise(900_000, seed: 9))
    try folder.write("b/p.ibd", noise(20 * 16_384, seed: 8))
    try folder.makeLink("l", to: "a/0")
  }

  /// Changes one of each kind.
  private func change() throws -> [String] {
    try folder.write("a/new", [1])
    try FileSystem.remove(folder.path("a/1"))
    var large = try #require(folder.contents("b/large"))
    large[500_000] ^= 1
    try folder.write("b/large", large)
    try FileSystem.remove(folder.path("l"))
    try folder.makeLink("l", to: "a/2")
    try FileSystem.remove(folder.path("z/3"))
    try folder.makeFolder("z/3")
    return ["- a/1", "+ a/new", "~ b/large content", "~ l target", "~ z/3 type"]
  }

  private func lines(
    _ comparison: ArchiveComparison, selecting selects: ([UInt8]) -> Bool = { _ in true }
  ) throws -> [String] {
    var lines: [String] = []
    try comparison.forEachDifference(selecting: selects) { (difference) throws(ArchiveError) in
      let path = String(decoding: difference.path, as: UTF8.self)
      switch (difference.old, difference.new) {
      case (nil, _): lines.append("+ \(path)")
      case (_, nil): lines.append("- \(path)")
      default: lines.append("~ \(path) \(difference.aspects.names.joined(separator: " "))")
      }
    }
    return lines
  }

  private let withoutTime = ArchiveDifference.Aspects.all.subtracting(.modificationTime)

  @Test("members of one chain differ in what has changed, both ways")
  func chain() throws {
    try makeTree()
    var series = ArchiveSeries()
    try series.add(folder)
    let expected = try change()
    try series.add(folder)
    let (old, new) = (try series.reader(0), try series.reader(1))
    #expect(try lines(ArchiveComparison(old, new, withoutTime)) == expected)
    #expect(try lines(ArchiveComparison(new, old, withoutTime)).count == expected.count)
    #expect(try lines(ArchiveComparison(new, new)) == [])
    #expect(
      try lines(ArchiveComparison(old, new), selecting: { $0.first == UInt8(ascii: "b") }) == [
        "~ b/large content mtime"
      ])
    // What has a new name or a lost one changes the time of its folder.
    #expect(try lines(ArchiveComparison(old, new)).contains("~ a mtime"))
  }

  @Test("archives that have nothing in common but their content are the same")
  func unrelated() throws {
    try makeTree()
    var (one, other) = (ArchiveSeries(), ArchiveSeries())
    try one.add(folder)
    // Other sizes cut the large file elsewhere.
    try other.add(folder) { $0.cutSizes = CutSizes(minimum: 4096, average: 16_384, maximum: 65_536) ?? .standard }
    #expect(try lines(ArchiveComparison(one.reader(0), other.reader(0))) == [])
    let expected = try change()
    try other.add(folder) { $0.cutSizes = CutSizes(minimum: 4096, average: 16_384, maximum: 65_536) ?? .standard }
    #expect(try lines(ArchiveComparison(one.reader(0), other.reader(1), withoutTime)) == expected)
  }

  @Test("leaves of the same bytes that mean other content are read")
  func sameLeaves() throws {
    try makeTree()
    let time = Timestamp(seconds: 1_600_000_000)
    func write(_ byte: UInt8) throws {
      try folder.write("a/0", [UInt8](repeating: byte, count: 100))
      for name in ["a/0", "a"] { try FileSystem.setTimes(access: nil, modification: time, of: folder.path(name)) }
    }
    try write(1)
    var (one, other) = (ArchiveSeries(), ArchiveSeries())
    try one.add(folder)
    var branch = one
    try write(2)
    try other.add(folder)
    #expect(try lines(ArchiveComparison(one.reader(0), other.reader(0))) == ["~ a/0 content"])
    // The same of two archives that were made upon one.
    try one.add(folder)
    try write(3)
    try branch.add(folder)
    #expect(try lines(ArchiveComparison(one.reader(1), branch.reader(1))) == ["~ a/0 content"])
  }

  @Test("metadata count as they are asked for")
  func metadata() throws {
    try makeTree()
    var series = ArchiveSeries()
    try series.add(folder)
    try FileSystem.setMode(FileMode(rawValue: 0o600), of: folder.path("a/0"))
    try FileSystem.setTimes(access: nil, modification: Timestamp(seconds: 5), of: folder.path("a/2"))
    try series.add(folder)
    let (old, new) = (try series.reader(0), try series.reader(1))
    #expect(try lines(ArchiveComparison(old, new)) == ["~ a/0 mode", "~ a/2 mtime"])
    #expect(try lines(ArchiveComparison(old, new, .mode)) == ["~ a/0 mode"])
    #expect(try lines(ArchiveComparison(old, new, .content)) == [])
  }

  @Test("a folder is compared with what would be extracted there")
  func folders() throws {
    try makeTree()
    var series = ArchiveSeries()
    try series.add(folder)
    let archive = try series.reader(0)
    #expect(try lines(FolderComparison(archive).read(folder.path)) == [])
    let copy = try TemporaryFolder()
    _ = try Extractor(archive, into: copy.path, .init { $0.usesNumericOwners = true }).run()
    let kept = try lines(FolderComparison(archive).read(copy.path))
    #expect(kept == [])
    let expected = try change()
    #expect(try lines(FolderComparison(archive, .init(), withoutTime).read(folder.path)) == expected)
    // The archive itself has not been touched.
    #expect(try lines(ArchiveComparison(archive, archive)) == [])
  }

  @Test("an archive without the folder itself does not count what else is there")
  func strangers() throws {
    try makeTree()
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    _ = try TreeArchiver(to: writer).archive(["a", "l"], from: folder.path)
    _ = try writer.finish()
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    #expect(try lines(FolderComparison(archive).read(folder.path)) == [])
    try folder.write("a/x", [1])
    #expect(try lines(FolderComparison(archive, .init(), withoutTime).read(folder.path)) == ["+ a/x"])
  }
}
