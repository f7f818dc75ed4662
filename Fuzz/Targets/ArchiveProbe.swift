// SPDX-License-Identifier: Apache-2.0

/// Reads archives of any bytes in every way there is, and compares what the ways bring.
import ArchiveKit
import CodecKit
import Foundation
import SystemIO
import TestSupport

/// What is tried with an archive.
enum ArchiveProbe {
  /// No more than this is read of one archive: an entry may claim 8 EiB of holes.
  static let largestRead: UInt64 = 1 << 20

  /// What reading all entries brought.
  struct Content: Equatable {
    var entries: [ArchiveEntry] = []
    /// Digests of the first bytes of each entry; `nil` where they cannot be read.
    var contents: [SHA256Digest?] = []
    /// Whether all of the tree and of the content came.
    var isComplete = true
  }

  /// Lists everything and reads the beginning of every file.
  static func read(_ archive: ArchiveReader) throws -> Content {
    var content = Content()
    var left = largestRead
    var cursor = archive.entries()
    do throws(ArchiveError) {
      while let entry = try cursor.next() {
        content.entries.append(entry)
        if content.entries.count == 5000 { break }
      }
    } catch {
      content.isComplete = false
    }
    for (number, entry) in content.entries.enumerated() {
      try require(
        EntryPath.fault(in: entry.path) == nil || entry.path.isEmpty, "an entry with the path \(entry.path)")
      if number > 0 {
        try require(EntryPath.precedes(content.entries[number - 1].path, entry.path), "entries out of order")
      }
      guard entry.kind == .file else {
        content.contents.append(.zero)
        continue
      }
      let wanted = min(entry.size, left, 100_000)
      var digest = SHA256()
      var length: UInt64 = 0
      do throws(ArchiveError) {
        try archive.read(entry, range: 0..<wanted) { (bytes: RawSpan) throws(ArchiveError) in
          length += UInt64(bytes.byteCount)
          digest.update(bytes)
        }
        content.contents.append(digest.finish())
      } catch {
        content.contents.append(nil)
        content.isComplete = false
        continue
      }
      try require(length == wanted, "\(length) bytes came of \(wanted)")
      left -= wanted
    }
    return content
  }

  /// Finds entries by their paths, frames by their places, and checks everything.
  static func check(_ archive: ArchiveReader, _ bytes: [UInt8], _ content: Content) throws {
    for entry in content.entries.prefix(20) {
      guard let found = try? archive.entry(at: entry.path) else {
        try require(!content.isComplete, "an entry that is listed is not found")
        continue
      }
      try require(found == entry, "another entry is found than is listed")
    }
    var frames = 0
    try? archive.forEachFrame { (_: FrameSummary) throws(ArchiveError) in
      frames += 1
      if frames > bytes.count / 64 { throw ArchiveError(.cancelled, "enough") }
    }
    try require(frames <= bytes.count / 64, "more frames than fit")
    _ = try? archive.chainUsage()
    guard let report = try? verify(archive, bytes) else { return }
    // An index is sound without the data of the archive.
    guard report.isSound, report.unchecked.isEmpty, !archive.summary.superblock.isDetachedIndex else { return }
    try require(content.isComplete, "an archive that is sound cannot be read")
    if content.entries.count < 5000 {
      try require(report.entries == UInt64(content.entries.count), "\(report.entries) entries were checked")
    }
  }

  /// Checks everything, as long as it is not too much.
  static func verify(_ archive: ArchiveReader, _ bytes: [UInt8]) throws -> VerificationReport {
    try ArchiveVerifier(archive, MemoryArchiveSource(bytes), .deep, chain: true) {
      (report: VerificationReport) throws(ArchiveError) in
      if report.bytes > largestRead { throw ArchiveError(.cancelled, "enough") }
    }.run()
  }

  /// The options for an input.
  static func options(_ choice: Int) -> ExtractionOptions {
    ExtractionOptions {
      $0.keepsGoing = choice & 1 != 0
      $0.keepsDamaged = choice & 2 != 0
      $0.overwrite = [.never, .changed, .newer, .always][choice >> 2 & 3]
      $0.stripComponents = choice & 16 != 0 ? 1 : 0
      $0.restoresOwners = false
      $0.maximumBytes = largestRead
      $0.threads = choice & 32 != 0 ? 2 : 1
      if choice & 64 != 0 { $0.included = [Glob("d/**")].compactMap { $0 } }
      $0.isDryRun = choice & 128 != 0
    }
  }

  /// Extracts into a folder of its own; nothing may stand beside it afterwards.
  static func confined<Result>(_ body: (Path) throws -> Result) throws -> Result {
    let folder = try TemporaryFolder()
    try folder.makeFolder("target")
    try folder.write("canary", [1, 2, 3])
    defer { unlock(folder.path("target")) }
    let result = try body(folder.path("target"))
    try require(folder.names == ["canary", "target"], "something stands beside the target: \(folder.names)")
    try require(folder.contents("canary") == [1, 2, 3], "a file beside the target was changed")
    return result
  }

  /// Folders get back a mode in which anybody can remove them.
  private static func unlock(_ folder: Path) {
    guard Machine.effectiveUser != 0, (try? FileSystem.linkStatus(of: folder))?.kind == .directory else { return }
    try? FileSystem.setMode(FileMode(rawValue: 0o700), of: folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.lossyString)) ?? []
    for name in names { unlock(folder.joining(name)) }
  }
}
