// SPDX-License-Identifier: Apache-2.0

internal import CodecKit
/// Extracts the tree of an archive, or a part of it, into a directory.
public import SystemIO

/// Extracts entries of an archive beneath a directory.
///
/// Nothing outside of the directory is touched, whatever the archive says: names are opened one by one below an open
/// directory, no link is followed, and links are made after everything else. The whole tree is checked before the first
/// byte is written. Files have the mode 0600 until they are complete.
public final class Extractor {
  /// The name of the file that stands in the target while it is incomplete.
  public static let markerName = ".archivetool-incomplete"

  /// Bytes of content that are planned together: each block that they need is read once.
  private static let windowBytes: UInt64 = 1 << 30
  /// Files that are planned together.
  private static let windowFiles = 8192

  private let archive: ArchiveReader
  private let options: ExtractionOptions
  private let selection: EntrySelection
  private let writer: TreeWriter
  private let progress: (ExtractionProgress) throws(ArchiveError) -> Void
  private var sweep: BlockSweep
  private var bytesRead: UInt64 = 0

  /// Prepares an extraction.
  ///
  /// - Parameters:
  ///   - archive: the archive.
  ///   - target: an existing directory.
  ///   - options: what to extract, and how.
  ///   - progress: told from time to time how far it is; throws to give up.
  /// - Throws: what the system answered for the directory.
  public init(
    _ archive: ArchiveReader, into target: Path, _ options: ExtractionOptions,
    progress: @escaping (ExtractionProgress) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) throws(ArchiveError) {
    try archive.summary.superblock.checkDepth()
    self.archive = archive
    self.options = options
    self.progress = progress
    selection = EntrySelection(options)
    writer = try TreeWriter(target, options)
    sweep = BlockSweep(archive, threads: ThreadCount.workers(options.threads))
  }

  /// Extracts.
  ///
  /// - Returns: what came out, and what did not.
  /// - Throws: what ends the work: a tree that is not to be trusted, a limit, damage unless `keepsGoing`, a full disk.
  public func run() throws(ArchiveError) -> ExtractionReport {
    try check()
    guard !options.isDryRun else { return writer.report }
    try writer.begin()
    do throws(ArchiveError) {
      try extract()
    } catch {
      writer.abandon(error)
      throw error
    }
    writer.end()
    return writer.report
  }

  /// Visits the entries that would be extracted, in order.
  ///
  /// - Parameters:
  ///   - archive: the archive.
  ///   - options: which entries.
  ///   - body: gets each.
  public static func forEachSelected(
    _ archive: ArchiveReader, _ options: ExtractionOptions, _ body: (ArchiveEntry) -> Void
  ) throws(ArchiveError) {
    let selection = EntrySelection(options)
    var cursor = archive.entries()
    var found = Set<Int>()
    while let entry = try cursor.next() {
      if selection.target(of: entry, &found) != nil { body(entry) }
    }
  }

  // MARK: - Before anything is written

  /// Walks the whole tree once: its rules, and how much will be written.
  private func check() throws(ArchiveError) {
    var data: UInt64 = 0
    var selected: UInt64 = 0
    var cursor = archive.entries()
    var found = Set<Int>()
    var links = LinkAgreement()
    try forEach(&cursor) { (entry: ArchiveEntry) throws(ArchiveError) in
      try links.note(entry)
      let length = try dataLength(of: entry)
      let (sum, overflow) = data.addingReportingOverflow(length)
      guard !overflow else { throw ArchiveError(.limitExceeded, "the files add up to more than can be counted") }
      data = sum
      if selection.target(of: entry, &found) != nil {
        selected += length
        if options.isDryRun { writer.note(selected: entry) }
      }
    }
    if archive.recovery == nil, !writer.report.hasDamage, data != archive.summary.footer.dataBytes {
      throw .corrupt("the files are not as long as the footer says")
    }
    for (index, path) in options.paths.enumerated() where !found.contains(index) {
      throw ArchiveError(.notFound, "there is no such entry", path: path)
    }
    if let limit = options.maximumBytes, selected > limit {
      throw ArchiveError(.limitExceeded, "the files have \(selected) bytes, more than the \(limit) allowed")
    }
    if !options.isDryRun, let free = try? writer.top.handle.freeSpace(), free < selected {
      throw ArchiveError(IOError("write \(selected) bytes to a disk with room for \(free)", errno: .noSpace))
    }
    if archive.recovery == nil, selection.isEverything, !writer.report.hasDamage { try archive.checkContentRoot() }
  }

  private func dataLength(of entry: ArchiveEntry) throws(ArchiveError) -> UInt64 {
    guard entry.kind == .file, entry.size > 0 else { return 0 }
    do throws(ArchiveError) {
      var sum: UInt64 = 0
      try archive.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
        guard case .chunks(_, let first, let count, let length) = run else { return }
        guard first + count <= archive.ids.count else {
          throw .corrupt("a file has a chunk that is not in the archive")
        }
        sum += length
      }
      return sum
    } catch {
      // Damage of a map is damage of one file.
      guard writer.passesOver(error) else { throw error }
      return 0
    }
  }

  /// All entries; with `keepsGoing`, without those of damaged leaves, which are reported once.
  private func forEach(
    _ cursor: inout EntryCursor, isReporting: Bool = true, _ body: (ArchiveEntry) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    while true {
      let entry: ArchiveEntry?
      do throws(ArchiveError) {
        entry = try cursor.next()
      } catch {
        guard writer.passesOver(error) else { throw error }
        if isReporting {
          writer.report.problems.append(.init(path: cursor.skipLeaf(), kind: .damaged, error: error))
        } else {
          _ = cursor.skipLeaf()
        }
        continue
      }
      guard let entry else { return }
      try body(entry)
    }
  }

  // MARK: - Writing

  private func extract() throws(ArchiveError) {
    var cursor = archive.entries()
    var found = Set<Int>()
    try forEach(&cursor, isReporting: false) { (entry: ArchiveEntry) throws(ArchiveError) in
      guard let path = selection.target(of: entry, &found) else { return }
      try writer.plan(entry, path) { () throws(ArchiveError) in try archive.runs(of: entry) }
      if writer.planned >= Self.windowBytes || writer.files.count >= Self.windowFiles { try writeWindow() }
    }
    try writeWindow()
    try writer.finishTree()
  }

  private func writeWindow() throws(ArchiveError) {
    try sweep.run(writer.takeRuns()) { (stored: UInt64) throws(ArchiveError) in
      bytesRead += stored
      try progress(
        ExtractionProgress(
          bytesRead: bytesRead, bytesWritten: writer.session.bytes, entries: writer.report.files))
    }
    try writer.settleFiles()
  }
}
