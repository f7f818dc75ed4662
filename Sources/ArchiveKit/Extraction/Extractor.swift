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
  private let session: ExtractionSession
  private let selection: EntrySelection
  private let top: SharedDirectory
  private let progress: (ExtractionProgress) throws(ArchiveError) -> Void
  private var report = ExtractionReport()
  private var sweep: BlockSweep
  private var bytesRead: UInt64 = 0

  // The window at hand.
  private var files: [OutputFile] = []
  private var runs: [PlannedRun] = []
  private var planned: UInt64 = 0

  // What is done when all content has been written.
  private var directories: [(entry: ArchiveEntry, path: [UInt8])] = []
  private var links: [(entry: ArchiveEntry, path: [UInt8])] = []
  private var specials: [(entry: ArchiveEntry, path: [UInt8])] = []
  private var groups: [ArchiveEntry.LinkGroup: [UInt8]] = [:]
  /// Directories that this run has made: nothing is in them that it has not put there.
  private var ownDirectories: Set<[UInt8]> = []
  private var knownDirectories: Set<[UInt8]> = [[]]

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
    do throws(IOError) {
      let handle = try DirectoryHandle(target)
      top = SharedDirectory(try handle.duplicate())
      session = ExtractionSession(ConfinedTarget(handle), options)
    } catch {
      throw ArchiveError(error)
    }
    sweep = BlockSweep(archive, threads: ThreadCount.workers(options.threads))
  }

  /// Extracts.
  ///
  /// - Returns: what came out, and what did not.
  /// - Throws: what ends the work: a tree that is not to be trusted, a limit, damage unless `keepsGoing`, a full disk.
  public func run() throws(ArchiveError) -> ExtractionReport {
    try check()
    guard !options.isDryRun else { return report }
    let marker = Array(Self.markerName.utf8)
    do throws(IOError) {
      if let file = try? top.handle.createFile(marker) { try file.close() }
    } catch {
      throw ArchiveError(error)
    }
    do throws(ArchiveError) {
      try extract()
    } catch {
      for file in files { file.abandon(error) }
      throw error
    }
    try? top.handle.remove(marker)
    report.bytes = session.bytes
    return report
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
      if let path = selection.target(of: entry, &found) {
        selected += length
        if options.isDryRun { note(selected: entry, path) }
      }
    }
    if archive.recovery == nil, !report.hasDamage, data != archive.summary.footer.dataBytes {
      throw .corrupt("the files are not as long as the footer says")
    }
    for (index, path) in options.paths.enumerated() where !found.contains(index) {
      throw ArchiveError(.notFound, "there is no such entry", path: path)
    }
    if let limit = options.maximumBytes, selected > limit {
      throw ArchiveError(.limitExceeded, "the files have \(selected) bytes, more than the \(limit) allowed")
    }
    if !options.isDryRun, let free = try? top.handle.freeSpace(), free < selected {
      throw ArchiveError(IOError("write \(selected) bytes to a disk with room for \(free)", errno: .noSpace))
    }
    if archive.recovery == nil, selection.isEverything, !report.hasDamage { try archive.checkContentRoot() }
  }

  private func note(selected entry: ArchiveEntry, _ path: [UInt8]) {
    switch entry.kind {
    case .file: report.files += 1
    case .directory: report.directories += 1
    default: report.others += 1
    }
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
      guard options.keepsGoing, error.isDamage, error.code != .unsafeTree else { throw error }
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
        guard options.keepsGoing, error.isDamage, error.code != .unsafeTree else { throw error }
        if isReporting {
          report.problems.append(.init(path: cursor.skipLeaf(), kind: .damaged, error: error))
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
      do throws(ArchiveError) {
        try plan(entry, path)
      } catch {
        try settle(error.about(entry.path), entry.path)
      }
      if planned >= Self.windowBytes || files.count >= Self.windowFiles { try writeWindow() }
    }
    try writeWindow()
    for link in links { try attempt(link.entry) { () throws(ArchiveError) in try makeLink(link.entry, link.path) } }
    for special in specials {
      try attempt(special.entry) { () throws(ArchiveError) in try makeSpecial(special.entry, special.path) }
    }
    // Children before their parents, so that no later change touches a time that has been set.
    for directory in directories.reversed() {
      do throws(IOError) {
        session.target.forget(directory.path)
        try session.apply(directory.entry, to: try session.target.directory(directory.path))
      } catch {
        report.problems.append(
          .init(path: directory.entry.path, kind: .metadata, error: ArchiveError(error, path: directory.entry.path)))
      }
    }
  }

  /// Does something for one entry; what goes wrong is a problem of this entry, unless it concerns all.
  private func attempt(
    _ entry: ArchiveEntry, _ body: () throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    do throws(ArchiveError) { try body() } catch { try settle(error.about(entry.path), entry.path) }
  }

  private func settle(_ error: ArchiveError, _ path: [UInt8]) throws(ArchiveError) {
    if error.isDamage && !options.keepsGoing { throw error }
    if let errno = error.system?.errno, Self.endsEverything.contains(errno) { throw error }
    if error.code == .cancelled { throw error }
    let kind: ExtractionProblem.Kind =
      error.isDamage
      ? .damaged : error.system?.errno == .exists ? .exists : error.code == .invalidOption ? .leftOut : .failed
    report.problems.append(.init(path: path, kind: kind, error: error))
  }

  private static let endsEverything: Set<Errno> = [.noSpace, .readOnlyFileSystem, .inputOutput]

  private func plan(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) {
    if let fault = EntryPath.fault(in: path) { throw ArchiveError(.unsafeTree, fault, path: path) }
    if let parent = EntryPath.parent(of: path) { try makeDirectories(parent) }
    switch entry.kind {
    case .directory:
      try makeDirectories(path)
      directories.append((entry, path))
      report.directories += 1
    case .file:
      if let group = entry.linkGroup {
        if groups[group] != nil {
          links.append((entry, path))
          return
        }
        groups[group] = path
      }
      try planFile(entry, path)
    case .symbolicLink, .fifo, .characterDevice, .blockDevice:
      if let group = entry.linkGroup {
        if groups[group] != nil {
          specials.append((entry, path))
          return
        }
        groups[group] = path
      }
      specials.append((entry, path))
    }
  }

  private func planFile(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) {
    let decision = try decide(entry, path)
    guard decision != .keep else { return }
    var pieces: [(first: UInt64, count: UInt64, length: UInt64, start: UInt64)] = []
    if entry.size > 0 {
      var start: UInt64 = 0
      for run in try archive.runs(of: entry) {
        if case .chunks(_, let first, let count, let length) = run { pieces.append((first, count, length, start)) }
        start += run.length
      }
    }
    let temporary: [UInt8]
    do throws(IOError) { temporary = decision == .replace ? try TemporaryName.make() : [] } catch {
      throw ArchiveError(error)
    }
    let file = OutputFile(
      entry, at: path, runs: max(pieces.count, 1), replaces: decision == .replace, temporaryName: temporary, session)
    files.append(file)
    if pieces.isEmpty { file.endPiece() }
    for piece in pieces {
      runs.append(
        PlannedRun(file: file, first: piece.first, count: piece.count, length: piece.length, start: piece.start))
      planned += piece.length
    }
  }

  private func writeWindow() throws(ArchiveError) {
    let runs = runs
    self.runs = []
    planned = 0
    try sweep.run(runs) { (stored: UInt64) throws(ArchiveError) in
      bytesRead += stored
      try progress(
        ExtractionProgress(bytesRead: bytesRead, bytesWritten: session.bytes, entries: report.files))
    }
    let written = files
    files = []
    for file in written {
      switch file.state {
      case .complete: report.files += 1
      case .waiting:
        try settle(ArchiveError(.corrupt, "the content did not come", path: file.entry.path), file.entry.path)
      case .damaged(let error, let ranges):
        if !options.keepsGoing, !options.keepsDamaged { throw error }
        report.problems.append(.init(path: file.entry.path, kind: .damaged, error: error, lostRanges: ranges))
      case .failed(let error): try settle(error, file.entry.path)
      }
      if let fault = file.metadataFault {
        report.problems.append(.init(path: file.entry.path, kind: .metadata, error: fault))
      } else if session.rules.extendedAttributes(file.entry).leavesOut {
        report.problems.append(
          .init(
            path: file.entry.path, kind: .leftOut,
            error: ArchiveError(.invalidOption, "attributes for the superuser were left out", path: file.entry.path)))
      }
    }
  }

  // MARK: - Names

  private enum Decision { case create, replace, keep }

  /// What to do about what has the name already.
  private func decide(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) -> Decision {
    if let parent = EntryPath.parent(of: path), ownDirectories.contains(parent) { return .create }
    do throws(IOError) {
      let (directory, name) = try session.target.place(of: path)
      let status: FileStatus
      do throws(IOError) {
        status = try directory.handle.status(of: name)
      } catch {
        if error.errno == .noSuchFile { return .create }
        throw error
      }
      let isKept: Bool
      switch options.overwrite {
      case .never: throw IOError("replace", path: Path(path), errno: .exists)
      case .always: isKept = false
      case .newer: isKept = status.modificationTime >= entry.modificationTime
      case .changed:
        isKept =
          entry.kind == .file && status.kind == .regular && UInt64(status.size) == entry.size
          && status.modificationTime == entry.modificationTime
      }
      if isKept {
        report.unchanged += 1
        return .keep
      }
      guard status.kind != .directory else { throw IOError("replace", path: Path(path), errno: .isDirectory) }
      return .replace
    } catch {
      throw ArchiveError(error, path: entry.path)
    }
  }

  /// Makes a directory and those above it, where they are missing.
  private func makeDirectories(_ path: [UInt8]) throws(ArchiveError) {
    if knownDirectories.contains(path) { return }
    if let parent = EntryPath.parent(of: path) { try makeDirectories(parent) }
    do throws(IOError) {
      let (directory, name) = try session.target.place(of: path)
      do throws(IOError) {
        try directory.handle.makeDirectory(name)
        ownDirectories.insert(path)
      } catch {
        guard error.errno == .exists else { throw error }
        let status = try directory.handle.status(of: name)
        if status.kind != .directory {
          // A link in the way is never followed.
          guard options.overwrite == .always else { throw error }
          try directory.handle.remove(name)
          try directory.handle.makeDirectory(name)
          ownDirectories.insert(path)
        }
      }
      knownDirectories.insert(path)
    } catch {
      throw ArchiveError(error, path: path)
    }
  }

  private func makeLink(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) {
    guard let group = entry.linkGroup, let first = groups[group] else { return }
    try put(entry, path) { (directory: SharedDirectory, name: [UInt8]) throws(IOError) in
      let (other, existing) = try session.target.place(of: first)
      try directory.handle.makeHardLink(name, to: existing, in: other.handle)
    }
    report.files += entry.kind == .file ? 1 : 0
  }

  private func makeSpecial(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) {
    if let group = entry.linkGroup, groups[group] != path { return try makeLink(entry, path) }
    let isDevice = entry.kind == .characterDevice || entry.kind == .blockDevice
    if isDevice, !options.allowsSpecial || !Account.isSuperuser {
      throw ArchiveError(.invalidOption, "devices are left out", path: entry.path)
    }
    try put(entry, path) { (directory: SharedDirectory, name: [UInt8]) throws(IOError) in
      switch entry.kind {
      case .symbolicLink: try directory.handle.makeSymbolicLink(name, to: Path(entry.target))
      case .fifo: try directory.handle.makeFIFO(name)
      default:
        try directory.handle.makeDevice(
          name, kind: entry.kind == .blockDevice ? .block : .character,
          number: DeviceNumber(major: entry.device.major, minor: entry.device.minor))
      }
      do throws(IOError) {
        try session.apply(entry, to: name, in: directory)
      } catch {
        report.problems.append(
          .init(path: entry.path, kind: .metadata, error: ArchiveError(error, path: entry.path)))
      }
    }
    report.others += 1
  }

  /// Makes something that is no file of content, in place of what is there if that may be.
  private func put(
    _ entry: ArchiveEntry, _ path: [UInt8], _ make: (SharedDirectory, [UInt8]) throws(IOError) -> Void
  ) throws(ArchiveError) {
    let decision = try decide(entry, path)
    if decision == .keep { return }
    do throws(IOError) {
      let (directory, name) = try session.target.place(of: path)
      guard decision == .replace else { return try make(directory, name) }
      let temporary = try TemporaryName.make()
      try make(directory, temporary)
      do throws(IOError) {
        try directory.handle.rename(temporary, to: name)
      } catch {
        try? directory.handle.remove(temporary)
        throw error
      }
    } catch {
      throw ArchiveError(error, path: entry.path)
    }
  }
}
