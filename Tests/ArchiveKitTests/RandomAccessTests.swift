// SPDX-License-Identifier: Apache-2.0

// One file out of many is found with few reads.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// An archive that counts how often it is read.
final class CountingArchiveSource: ArchiveSource {
  private struct Counts {
    var reads = 0
    var bytes = 0
  }

  private let bytes: MemoryArchiveSource
  private let counts = Monitor(Counts())

  init(_ bytes: [UInt8]) { self.bytes = MemoryArchiveSource(bytes) }

  var size: UInt64 { bytes.size }
  /// How often it was read since the last reset.
  var reads: Int { counts.withLock { $0.reads } }
  /// How many bytes.
  var bytesRead: Int { counts.withLock { $0.bytes } }

  func reset() { counts.withLock { $0 = Counts() } }

  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    let count = try bytes.read(at: offset, into: &room)
    counts.withLock { counts in
      counts.reads += 1
      counts.bytes += count
    }
    return count
  }
}

@Suite("Reads of one file out of many")
struct RandomAccessTests {
  static let longCounts = ProcessEnvironment.isSet("CODECKIT_LONG") ? [1_000_000] : []

  private static func path(_ number: Int) -> [UInt8] {
    Array("d\(100 + number / 10_000)/file\(10_000_000 + number)".utf8)
  }

  private static func archive(_ count: Int) throws -> [UInt8] {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    for number in 0..<count {
      let entry = ArchiveEntry(path(number), .file)
      // Content for some; all of it would take long to make.
      if number % max(count / 500, 1) == 0 {
        try writer.add(entry, SampleTree.bytes(1000, UInt64(number)), .whole)
      } else {
        try writer.beginFile(entry)
        try writer.endFile(entry)
      }
    }
    _ = try writer.finish()
    return output.bytes
  }

  @Test("eight reads at most come before the first byte of a file", arguments: [10, 100_000] + longCounts)
  func reads(count: Int) throws {
    let source = CountingArchiveSource(try Self.archive(count))
    for number in [0, count / 2, count - 1] {
      let place = number - number % max(count / 500, 1)
      source.reset()
      let archive = try ArchiveReader(source)
      let entry = try #require(try archive.entry(at: Self.path(place)))
      var before: Int?
      var content: [UInt8] = []
      try archive.read(entry) { (bytes: RawSpan) throws(ArchiveError) in
        before = before ?? source.reads
        unsafe bytes.withUnsafeBytes { unsafe content.append(contentsOf: $0) }
      }
      #expect(try #require(before) <= 8)
      #expect(content == SampleTree.bytes(1000, UInt64(place)))
    }
    source.reset()
    let archive = try ArchiveReader(source)
    #expect(try archive.entry(at: Array("d100/nothing".utf8)) == nil)
    #expect(source.reads <= 8)
  }

  @Test("a directory is listed without reading the others")
  func directory() throws {
    let source = CountingArchiveSource(try Self.archive(100_000))
    source.reset()
    let archive = try ArchiveReader(source)
    var cursor = archive.entries(beneath: Array("d105".utf8))
    var count = 0
    while let entry = try cursor.next() {
      #expect(entry.path == Self.path(50_000 + count))
      count += 1
    }
    #expect(count == 10_000)
    #expect(source.bytesRead < Int(source.size) / 4)
  }

  @Test("several paths bring what is below them once, in the order of the tree")
  func paths() throws {
    let source = CountingArchiveSource(try Self.archive(100_000))
    let archive = try ArchiveReader(source)
    source.reset()
    let wanted = ["d109", "d100/file10000007", "d109/file10090000", "d103", "d104/nothing", "d100/file10000007"]
    var cursor = archive.entries(beneathAnyOf: wanted.map { Array($0.utf8) })
    var numbers: [Int] = []
    while let entry = try cursor.next() {
      numbers.append(try #require(Int(String(decoding: entry.path.suffix(8), as: UTF8.self))) - 10_000_000)
    }
    #expect(numbers == [7] + Array(30_000..<40_000) + Array(90_000..<100_000))
    #expect(source.bytesRead < Int(source.size) / 2)
    var everything = archive.entries(beneathAnyOf: [])
    #expect(try everything.next()?.path == Self.path(0))
  }

  @Test("extracting one file out of many leaves the others unread")
  func extraction() throws {
    let source = CountingArchiveSource(try Self.archive(100_000))
    let archive = try ArchiveReader(source)
    let folder = try TemporaryFolder()
    source.reset()
    let path = Self.path(50_001)
    let report = try Extractor(archive, into: folder.path, .init { $0.paths = [path] }).run()
    #expect(report.files == 1 && report.problems.isEmpty)
    #expect(source.bytesRead < Int(source.size) / 10)
  }

  @Test("a range in the middle of a great file costs the blocks it is in")
  func range() throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output, .init { $0.codec = Store.none })
    let content = SampleTree.bytes(20 << 20, 4)
    try writer.add(ArchiveEntry(Array("big".utf8), .file), content, .contentDefined)
    _ = try writer.finish()
    let source = CountingArchiveSource(output.bytes)
    let archive = try ArchiveReader(source)
    let entry = try #require(try archive.entry(at: Array("big".utf8)))
    source.reset()
    let range = 10_000_000..<10_000_100
    let got = try archive.content(of: entry, range: UInt64(range.lowerBound)..<UInt64(range.upperBound))
    #expect(got == Array(content[range]))
    #expect(source.reads <= 8 && source.bytesRead < 3 << 20)
  }
}
