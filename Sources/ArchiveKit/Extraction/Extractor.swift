// SPDX-License-Identifier: Apache-2.0

/// Extracts the tree of an archive, or a part of it, into a directory.
internal import CodecKit
public import SystemIO

/// Extracts entries of an archive beneath a directory.
///
/// Nothing outside of the directory is touched, whatever the archive says: names are opened one by one below an open
/// directory, no link is followed, and links are made after everything else. The tree, or the part of it that is wanted,
/// is checked before the first byte is written. Files have the mode 0600 until they are complete.
public final class Extractor {
  /// The name of the file that stands in the target while it is incomplete.
  public static let markerName = ".archivetool-incomplete"

  /// What is planned together: each block that it needs is read once.
  struct Window {
    /// Bytes of content.
    var bytes: UInt64 = 1 << 30
    var files = 8192
    /// Pieces of content; each takes memory.
    var pieces = 1 << 18
  }

  var window = Window()

  private let archive: ArchiveReader
  private let options: ExtractionOptions
  private let selection: EntrySelection
  private let writer: TreeWriter
  private let progress: (ExtractionProgress) throws(ArchiveError) -> Void
  private var sweep: BlockSweep
  /// Archives that the selected files need, by depth.
  private var holders: Set<UInt32> = []
  /// Why files that need one of them cannot be had.
  private var faults: [UInt32: ArchiveError] = [:]

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
    self.archive = archive
    self.options = options
    self.progress = progress
    selection = EntrySelection(options)
    writer = try TreeWriter(target, options)
    sweep = BlockSweep(threads: ThreadCount.workers(options.threads)) { (depth) throws(ArchiveError) in
      try archive.holder(depth)
    }
    writer.places = { (ordinal, first, count) throws(ArchiveError) in try archive.place(ordinal, first, count) }
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
    try writer.end()
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
    var cursor = archive.entries(beneathAnyOf: selection.paths)
    var found = Set<Int>()
    while let entry = try cursor.next() {
      if selection.target(of: entry, &found) != nil { body(entry) }
    }
  }

  // MARK: - Before anything is written

  /// Walks what is looked at of the tree once: its rules, how much will be written, and whether all archives are there
  /// that it is read from.
  private func check() throws(ArchiveError) {
    if !options.isDryRun { _ = try archive.holder(archive.own.depth) }
    var data: UInt64? = selection.paths.isEmpty ? 0 : nil
    var selected: UInt64 = 0
    var cursor = archive.entries(beneathAnyOf: selection.paths)
    var found = Set<Int>()
    var links = LinkAgreement()
    try forEach(&cursor) { (entry: ArchiveEntry) throws(ArchiveError) in
      try links.note(entry)
      let isSelected = selection.target(of: entry, &found) != nil
      guard let length = try dataLength(of: entry, isSelected) else {
        // Maps of files that nobody wants may be in an archive that is not there.
        data = nil
        return
      }
      let (sum, overflow) = (data ?? 0).addingReportingOverflow(length)
      guard !overflow else { throw ArchiveError(.limitExceeded, "the files add up to more than can be counted") }
      if data != nil { data = sum }
      if isSelected {
        selected &+= length
        if options.isDryRun { writer.note(selected: entry) }
      }
    }
    if archive.recovery == nil, !writer.report.hasDamage, let data, data != archive.summary.footer.dataBytes {
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
    if !options.isDryRun { try checkHolders() }
  }

  /// Opens the ancestors that are needed, and throws unless they hold what they should.
  private func checkHolders() throws(ArchiveError) {
    for depth in holders.sorted() where depth != archive.own.depth {
      _ = try archive.holder(depth)
      do throws(ArchiveError) {
        try archive.checkMember(depth)
      } catch {
        // Its blocks have the ids, too, but nothing says any more that they are the right ones.
        guard writer.passesOver(error) else { throw error }
        faults[depth] = error
      }
    }
  }

  /// The bytes of a file's chunks; `nil` when that cannot be known, and need not.
  private func dataLength(of entry: ArchiveEntry, _ isSelected: Bool) throws(ArchiveError) -> UInt64? {
    guard entry.kind == .file, entry.size > 0 else { return 0 }
    do throws(ArchiveError) {
      var sum: UInt64 = 0
      try archive.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
        guard case .chunks(let ordinal, let first, let count, let length) = run else { return }
        if isSelected || ordinal == archive.own.depth {
          holders.insert(try archive.place(ordinal, first, count).holder)
        }
        sum &+= length
      }
      return sum
    } catch {
      if !isSelected, error.code == .missingParent { return nil }
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
    var cursor = archive.entries(beneathAnyOf: selection.paths)
    var found = Set<Int>()
    try forEach(&cursor, isReporting: false) { (entry: ArchiveEntry) throws(ArchiveError) in
      guard let path = selection.target(of: entry, &found) else { return }
      guard let file = try writer.begin(entry, path) else { return }
      if entry.size > 0 { try plan(entry, file) }
      writer.end(file)
      if isWindowFull { try writeWindow() }
    }
    try writeWindow()
    try writer.finishTree()
  }

  private var isWindowFull: Bool {
    writer.planned >= window.bytes || writer.files.count >= window.files || writer.pieces >= window.pieces
  }

  /// Plans the content of a file; one with very many pieces is written part by part.
  private func plan(_ entry: ArchiveEntry, _ file: OutputFile) throws(ArchiveError) {
    var position: UInt64 = 0
    var fault: ArchiveError?
    do throws(ArchiveError) {
      try archive.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
        do throws(ArchiveError) {
          writer.plan([run], of: file, from: position)
          position += run.length
          if isWindowFull {
            try writeWindow()
            if case .damaged(let error, _) = file.state, !options.keepsGoing, !options.keepsDamaged { throw error }
          }
        } catch {
          fault = error
          throw error
        }
      }
    } catch {
      // It is not among the files that are given up with the rest.
      if let fault {
        file.abandon(fault)
        throw fault
      }
      // A map cannot be read: what it names is not known.
      file.abandon(error.about(entry.path))
    }
  }

  private func writeWindow() throws(ArchiveError) {
    var runs = writer.takeRuns()
    if !faults.isEmpty {
      runs.removeAll { run in
        guard let fault = faults[run.holder] else { return false }
        run.file.lose(run.start..<(run.start + run.length), fault)
        run.file.endPiece()
        return true
      }
    }
    try sweep.run(runs) { (stored: UInt64) throws(ArchiveError) in
      writer.report.bytesRead += stored
      try progress(
        ExtractionProgress(
          bytesRead: writer.report.bytesRead, bytesWritten: writer.session.bytes, entries: writer.report.files))
    }
    try writer.settleFiles()
  }
}
