// SPDX-License-Identifier: Apache-2.0

// Archives that stream, and trees that are compared.

import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// An archive in memory that is read like a pipe, in pieces of given sizes.
final class PieceStream: ArchiveStream {
  private let bytes: [UInt8]
  private let sizes: [Int]
  private var position = 0
  private var reads = 0
  /// Told before each read how many bytes have gone.
  var willRead: (Int) -> Void = { _ in }

  init(_ bytes: [UInt8], _ sizes: [Int] = [1 << 16]) {
    self.bytes = bytes
    self.sizes = sizes
  }

  func read(into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    willRead(position)
    let count = min(sizes[reads % sizes.count], bytes.count - position, room.freeCapacity)
    reads += 1
    let bytes = bytes
    let span = bytes.span
    unsafe _ = room.append(prefixOf: span.bytes.extracting(position..<(position + count)))
    position += count
    return count
  }
}

/// Everything that can be seen of a tree.
struct TreeView: Equatable, CustomStringConvertible {
  private(set) var lines: [String: String] = [:]

  init(_ folder: TemporaryFolder) throws {
    var names: [UInt64: String] = [:]
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.location("")).sorted()
    for path in [""] + paths {
      let place = path.isEmpty ? folder.path : folder.path(path)
      let status = try FileSystem.linkStatus(of: place)
      var line = "\(status.kind) \(status.mode) \(status.uid) \(status.gid)"
      // Directories without an entry have the time of the test.
      if status.modificationTime < Timestamp(seconds: 1_750_000_000) || status.kind != .directory {
        line += " \(status.modificationTime)"
      }
      switch status.kind {
      case .regular:
        let first = names[status.inode] ?? path
        names[status.inode] = first
        line += " \(status.size) \(SHA256.hash(try FileSystem.contents(of: place, limit: 1 << 28))) = \(first)"
      case .symbolicLink: line += " -> \(try FileSystem.symbolicLinkTarget(of: place).bytes)"
      case .directory: break
      default: line += " \(status.representedDevice)"
      }
      lines[path] = line
    }
  }

  /// What is not the same, for messages.
  func difference(from other: TreeView) -> [String] {
    Set(lines.keys).union(other.lines.keys).sorted().filter { lines[$0] != other.lines[$0] }.map {
      "\($0): \(lines[$0] ?? "missing") | \(other.lines[$0] ?? "missing")"
    }
  }

  var description: String { lines.keys.sorted().map { "\($0): \(lines[$0] ?? "")" }.joined(separator: "\n") }
}

/// A tree with everything that is hard to do in one pass: chunks needed long after they came, files longer than the way
/// between checkpoints, files read twice, holes, content in maps, hard links.
enum HardTree {
  static let pages = 1400

  static func archive(_ configure: (inout ArchiveWriterOptions) -> Void = { _ in }) throws -> [UInt8] {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output,
      .init {
        $0.blockSize = 256 << 10
        $0.checkpointBytes = 600_000
        $0.isReproducible = true
        configure(&$0)
      })
    func entry(_ path: String, _ kind: ArchiveEntry.Kind = .file, mode: UInt16 = 0o640) -> ArchiveEntry {
      var entry = ArchiveEntry(Array(path.utf8), kind)
      entry.mode = mode
      entry.modificationTime = Timestamp(seconds: 1_600_000_000 + Int64(path.utf8.count), nanoseconds: 77)
      return entry
    }
    var link = entry("a/first")
    link.linkGroup = .init(ordinal: 0, number: 5)
    let shared = SampleTree.bytes(900_000, 1)
    let other = SampleTree.bytes(150_000, 2)
    try writer.add(entry("a", .directory, mode: 0o750))
    try writer.add(link, shared, .contentDefined)
    try writer.add(entry("a/sealed", mode: 0), SampleTree.bytes(50_000, 3), .contentDefined)
    // Open across several checkpoints, with holes, and with chunks of its own and of others.
    try writer.beginFile(entry("b"))
    try writer.append(SampleTree.bytes(1_500_000, 4)[...], .contentDefined)
    try writer.append(hole: 3_000_000)
    try writer.append(shared[...], .contentDefined)
    try writer.append(SampleTree.bytes(900_000, 5)[...], .contentDefined)
    try writer.append(SampleTree.bytes(1_500_000, 4)[...], .contentDefined)
    try writer.append(hole: 12345)
    try writer.endFile(entry("b"))
    // Read again from its beginning after a checkpoint told of it.
    try writer.beginFile(entry("c"))
    try writer.append(SampleTree.bytes(1_400_000, 6)[...], .contentDefined)
    try writer.restartFile()
    try writer.append(other[...], .contentDefined)
    try writer.append(SampleTree.bytes(1_400_000, 7)[...], .contentDefined)
    try writer.endFile(entry("c"))
    try writer.add(entry("d", .directory))
    try writer.add(entry("d/again"), SampleTree.bytes(1_400_000, 6), .contentDefined)
    try writer.add(entry("d/empty"), [], .contentDefined)
    for number in 100..<130 { try writer.add(entry("d/file\(number)"), other, .contentDefined) }
    let paged = SampleTree.bytes(pages << 9, 8)
    try writer.add(entry("e"), paged, .pages(size: 512))
    // Every page, the last first.
    let order =
      stride(from: pages - 1, through: 0, by: -1).filter { $0 % 2 == 0 } + (0..<pages).filter { $0 % 2 == 1 }.reversed()
    try writer.add(entry("f"), order.flatMap { paged[($0 << 9)..<(($0 + 1) << 9)] }, .pages(size: 512))
    link.path = Array("g".utf8)
    try writer.add(link)
    var symbolic = entry("h", .symbolicLink)
    symbolic.target = Array("a/first".utf8)
    try writer.add(symbolic)
    try writer.add(entry("i"), shared + SampleTree.bytes(50_000, 3) + other, .contentDefined)
    _ = try writer.finish()
    return output.bytes
  }

  /// The offsets at which frames begin, the footer's and the end among them.
  static func borders(_ bytes: [UInt8]) throws -> [Int] {
    var scanner = FrameScanner(MemoryArchiveSource(bytes), tag: try Superblock(decoding: Array(bytes[..<4096])).tag)
    var borders = [4096]
    while try scanner.next() != nil { borders.append(Int(scanner.offset)) }
    return borders
  }
}

/// Extracts, and shows the tree.
struct StreamTrial {
  /// From a file.
  static func file(
    _ bytes: [UInt8], recovering: Bool = false, _ configure: (inout ExtractionOptions) -> Void = { _ in },
    prepare: (TemporaryFolder) throws -> Void = { _ in }
  ) throws -> (report: ExtractionReport, tree: TreeView) {
    let folder = try TemporaryFolder()
    try prepare(folder)
    let source = MemoryArchiveSource(bytes)
    let archive = recovering ? try ArchiveReader(recovering: source) : try ArchiveReader(source)
    let report = try Extractor(archive, into: folder.path, options(configure)).run()
    return (report, try TreeView(folder))
  }

  /// From a pipe; the error is what ended it.
  static func stream(
    _ bytes: [UInt8], sizes: [Int] = [1 << 16], _ configure: (inout ExtractionOptions) -> Void = { _ in },
    prepare: (TemporaryFolder) throws -> Void = { _ in }
  ) throws -> (report: ExtractionReport, tree: TreeView, error: ArchiveError?) {
    let folder = try TemporaryFolder()
    try prepare(folder)
    let extractor = try StreamExtractor(PieceStream(bytes, sizes), into: folder.path, options(configure))
    var failure: ArchiveError?
    do throws(ArchiveError) { _ = try extractor.run() } catch { failure = error }
    return (extractor.report, try TreeView(folder), failure)
  }

  private static func options(_ configure: (inout ExtractionOptions) -> Void) -> ExtractionOptions {
    ExtractionOptions {
      $0.usesNumericOwners = true
      configure(&$0)
    }
  }

  /// Expects the same tree and report from both.
  static func expectSame(
    _ bytes: [UInt8], sizes: [Int] = [1 << 16], _ configure: (inout ExtractionOptions) -> Void = { _ in },
    prepare: (TemporaryFolder) throws -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try file(bytes, configure, prepare: prepare)
    let got = try stream(bytes, sizes: sizes, configure, prepare: prepare)
    #expect(got.error == nil, sourceLocation: sourceLocation)
    #expect(got.tree.difference(from: expected.tree) == [], sourceLocation: sourceLocation)
    #expect(summary(got.report) == summary(expected.report), sourceLocation: sourceLocation)
  }

  private static func merged(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
    ranges.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { merged, range in
      if let last = merged.last, last.upperBound == range.lowerBound {
        merged[merged.count - 1] = last.lowerBound..<range.upperBound
      } else {
        merged.append(range)
      }
    }
  }

  /// What must be the same in reports; the order of problems need not.
  static func summary(_ report: ExtractionReport, withRanges: Bool = true) -> [String] {
    [
      "\(report.files) files, \(report.directories) directories, \(report.others) others, \(report.bytes) bytes, "
        + "\(report.unchanged) unchanged"
    ]
      + report.problems.map {
        "\($0.kind) \(String(decoding: $0.path, as: UTF8.self)) \(withRanges ? merged($0.lostRanges) : [])"
      }.sorted()
  }
}
