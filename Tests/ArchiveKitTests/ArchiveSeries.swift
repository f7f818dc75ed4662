// SPDX-License-Identifier: Apache-2.0

// Archives in memory, each made upon the one before.
import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// Finds ancestors among archives in memory.
struct MemoryAncestors: AncestorFinder {
  var archives: [(name: String, bytes: [UInt8])]

  func find(
    _ ancestor: Ancestor, accept: (any ArchiveSource, String) throws(ArchiveError) -> Bool
  ) throws(ArchiveError) {
    let hint = String(decoding: ancestor.name, as: UTF8.self)
    for isNamed in [true, false] {
      for archive in archives where (archive.name == hint) == isNamed {
        if try accept(MemoryArchiveSource(archive.bytes), archive.name) { return }
      }
    }
  }
}

/// A series of archives of one folder.
struct ArchiveSeries {
  private(set) var archives: [(name: String, bytes: [UInt8])] = []
  private(set) var indexes: [(name: String, bytes: [UInt8])] = []
  private(set) var report = TreeArchiverReport()
  /// Whether parents are opened by their detached indexes.
  var usesIndexes = false
  /// The time of day for whoever asks whether a change was long enough ago.
  var clock = Timestamp(seconds: WallClock.now.seconds + 60)

  var last: [UInt8] { archives.last?.bytes ?? [] }

  func reader(_ number: Int) throws -> ArchiveReader {
    try ArchiveReader(MemoryArchiveSource(archives[number].bytes), ancestors: MemoryAncestors(archives: archives))
  }

  private func parent() throws -> ArchiveReader? {
    guard let last = archives.last, let index = indexes.last else { return nil }
    return try ArchiveReader(
      MemoryArchiveSource(usesIndexes ? index.bytes : last.bytes),
      ancestors: MemoryAncestors(archives: usesIndexes ? indexes : archives))
  }

  /// Archives the folder as it is now.
  @discardableResult
  mutating func add(
    _ folder: TemporaryFolder, _ tree: TreeArchiverOptions = .init(),
    _ configure: (inout ArchiveWriterOptions) -> Void = { _ in }
  ) throws -> ArchiveSummary {
    var options = ArchiveWriterOptions()
    options.parent = try parent()
    options.parentName = archives.last?.name ?? ""
    configure(&options)
    let (output, index) = (MemoryArchiveOutput(), MemoryArchiveOutput())
    let writer = try ArchiveWriter(to: output, index: index, options)
    let archiver = TreeArchiver(to: writer, tree)
    let now = clock
    archiver.clock = { now }
    report = try archiver.archive(["."], from: folder.path)
    let summary = try writer.finish()
    archives.append(("\(archives.count).cka", output.bytes))
    indexes.append(("\(indexes.count).ckx", index.bytes))
    return summary
  }

  /// What a file holds in one of the archives.
  func content(_ path: String, in number: Int) throws -> [UInt8]? {
    let archive = try reader(number)
    guard let entry = try archive.entry(at: Array(path.utf8)) else { return nil }
    var content: [UInt8] = []
    try archive.read(entry) { (bytes: RawSpan) throws(ArchiveError) in
      unsafe bytes.withUnsafeBytes { unsafe content.append(contentsOf: $0) }
    }
    return content
  }

  /// How many frames of a kind an archive has.
  func frames(_ kind: String, in number: Int) throws -> Int {
    var count = 0
    try reader(number).forEachFrame { if $0.kind == kind { count += 1 } }
    return count
  }
}
