// SPDX-License-Identifier: Apache-2.0

/// Puts entries into a directory, wherever their content comes from.
internal import CodecKit
internal import SystemIO

/// Decides about names, plans files, makes directories, links and devices, sets metadata, and reports.
///
/// Who uses it plans entries, has the runs that come of that written into their files, and settles the files, as often
/// as need be; then finishes the tree.
final class TreeWriter {
  let options: ExtractionOptions
  let session: ExtractionSession
  let top: SharedDirectory
  var report = ExtractionReport()

  /// How many runs have been planned and not taken.
  var pieces: Int { runs.count }

  /// Files that have been planned and not settled.
  private(set) var files: [OutputFile] = []
  /// Runs of content that have been planned and not taken.
  private var runs: [PlannedRun] = []
  /// Their bytes.
  private(set) var planned: UInt64 = 0
  /// Says where chunks lie.
  var places: (UInt32, UInt64, UInt64) throws(ArchiveError) -> ChunkPlace = {
    (ordinal, first, _) throws(ArchiveError) in
    ChunkPlace(holder: ordinal, first: first)
  }

  // What is done when all content has been written.
  private var directories: [(entry: ArchiveEntry, path: [UInt8])] = []
  private var links: [(entry: ArchiveEntry, path: [UInt8])] = []
  private var specials: [(entry: ArchiveEntry, path: [UInt8])] = []
  private(set) var groups: [ArchiveEntry.LinkGroup: [UInt8]] = [:]
  /// Directories that this run has made: nothing is in them that it has not put there.
  var ownDirectories: Set<[UInt8]> = []
  var knownDirectories: Set<[UInt8]> = [[]]
  /// Directories whose names are on the device; filled only when that is wanted.
  private var syncedDirectories: Set<[UInt8]> = []
  /// What else this run has made; filled only where two entries can come out under one name.
  private(set) var ownNames: Set<[UInt8]> = []

  /// - Parameter target: an existing directory.
  init(_ target: Path, _ options: ExtractionOptions) throws(ArchiveError) {
    self.options = options
    do throws(IOError) {
      let handle = try DirectoryHandle(target)
      top = SharedDirectory(try handle.duplicate())
      session = ExtractionSession(ConfinedTarget(handle), options)
    } catch {
      throw ArchiveError(error)
    }
  }

  // MARK: - Begin and end

  private static let marker = Array(Extractor.markerName.utf8)

  /// Says in the target that it is incomplete.
  func begin() throws(ArchiveError) {
    do throws(IOError) {
      do throws(IOError) {
        try top.handle.createFile(Self.marker).close()
      } catch {
        // It may stand there from an earlier run; and who may write only further down is not kept from it.
        guard [.exists, .accessDenied, .notPermitted].contains(error.errno) else { throw error }
      }
      // No part of a file may be there after a crash without the mark.
      if options.sync { try top.handle.sync() }
    } catch {
      throw ArchiveError(error)
    }
  }

  /// The target is complete, but for what has been reported.
  func end() throws(ArchiveError) {
    if options.sync { try syncDirectories() }
    let before = try? top.handle.status()
    do throws(IOError) { try top.handle.remove(Self.marker) } catch {
      // A mark that stays would call the tree incomplete for ever.
      if error.errno != .noSuchFile { throw ArchiveError(error, path: Self.marker) }
    }
    // The name that went was no change of what has been extracted.
    try? top.handle.apply(FileAttributes { $0.modificationTime = before?.modificationTime })
    guard options.sync else { return }
    do throws(IOError) { try top.handle.sync() } catch { throw ArchiveError(error) }
  }

  /// Waits until the names in all directories are on the device that have not been waited for.
  private func syncDirectories() throws(ArchiveError) {
    for path in knownDirectories.subtracting(syncedDirectories) where !path.isEmpty {
      try sync(path)
    }
  }

  private func sync(_ path: [UInt8]) throws(ArchiveError) {
    do throws(IOError) { try session.target.directory(path).handle.sync() } catch {
      throw ArchiveError(error, path: path)
    }
    syncedDirectories.insert(path)
  }

  /// Gives up the files that are under way.
  func abandon(_ error: ArchiveError) {
    for file in files { file.abandon(error) }
    files = []
    runs = []
    planned = 0
  }

  // MARK: - Problems

  /// Counts an entry that would be extracted.
  func note(selected entry: ArchiveEntry) {
    switch entry.kind {
    case .file: report.files += 1
    case .directory: report.directories += 1
    default: report.others += 1
    }
  }

  /// Whether damage is reported and passed over.
  func passesOver(_ error: ArchiveError) -> Bool {
    options.keepsGoing && error.isDamage && error.code != .unsafeTree
  }

  /// Makes an error a problem of one entry, unless it concerns all.
  func settle(_ error: ArchiveError, _ path: [UInt8]) throws(ArchiveError) {
    if error.isDamage && !options.keepsGoing { throw error }
    if let errno = error.system?.errno, Self.endsEverything.contains(errno) { throw error }
    if error.code == .cancelled { throw error }
    let kind: ExtractionProblem.Kind =
      error.isDamage
      ? .damaged : error.system?.errno == .exists ? .exists : error.code == .invalidOption ? .leftOut : .failed
    report.problems.append(.init(path: path, kind: kind, error: error))
  }

  private static let endsEverything: Set<Errno> = [.noSpace, .quotaExceeded, .readOnlyFileSystem, .inputOutput]

  /// Does something for one entry.
  private func attempt(_ entry: ArchiveEntry, _ body: () throws(ArchiveError) -> Void) throws(ArchiveError) {
    do throws(ArchiveError) { try body() } catch { try settle(error.about(entry.path), entry.path) }
  }

  // MARK: - Planning

  /// Plans an entry: makes its directories, and notes what is to be written.
  ///
  /// - Parameters:
  ///   - entry: the entry.
  ///   - path: where it comes out.
  ///   - content: the pieces of a file.
  func plan(
    _ entry: ArchiveEntry, _ path: [UInt8], _ content: () throws(ArchiveError) -> [ContentRun]
  ) throws(ArchiveError) {
    var pieces: [ContentRun] = []
    try begin(entry, path) { () throws(ArchiveError) in pieces = try content() }.map { file in
      plan(pieces, of: file)
      end(file)
    }
  }

  /// Plans an entry, but for the content of a file.
  ///
  /// - Parameters:
  ///   - entry: the entry.
  ///   - path: where it comes out.
  ///   - willMake: called before a file is made; throws when nothing will come of it.
  /// - Returns: a file with one piece outstanding; it is not among those to be settled until `end`. `nil` when there is
  ///   nothing more to do.
  func begin(
    _ entry: ArchiveEntry, _ path: [UInt8], _ willMake: () throws(ArchiveError) -> Void = { () throws(ArchiveError) in }
  ) throws(ArchiveError) -> OutputFile? {
    var file: OutputFile?
    try attempt(entry) { () throws(ArchiveError) in
      try prepare(path)
      guard entry.kind != .directory else {
        try makeDirectories(path)
        directories.append((entry, path))
        report.directories += 1
        return
      }
      try claim(path)
      guard entry.kind == .file else { return specials.append((entry, path)) }
      if let group = entry.linkGroup, groups[group] != nil { return links.append((entry, path)) }
      let decision = try decide(entry, path)
      guard decision != .keep else {
        if options.overwrite == .changed { try refresh(entry, path) }
        return
      }
      if entry.size > 0 { try willMake() }
      file = try makeFile(entry, path, replaces: decision == .replace)
      note(first: path, of: entry)
    }
    return file
  }

  /// Remembers the first name of a group, for links to it. It must be one that this run makes: what was there already is
  /// another file.
  func note(first path: [UInt8], of entry: ArchiveEntry) {
    if let group = entry.linkGroup { groups[group] = path }
  }

  /// All content of a file has been planned.
  func end(_ file: OutputFile) {
    files.append(file)
    file.endPiece()
  }

  /// Checks a path and makes the directories above it.
  private func prepare(_ path: [UInt8]) throws(ArchiveError) {
    if let fault = EntryPath.fault(in: path) { throw ArchiveError(.unsafeTree, fault, path: path) }
    if let parent = EntryPath.parent(of: path) { try makeDirectories(parent) }
  }

  /// Sees to it that no entry replaces another of the same run. Paths of an archive are unlike one another; what is left
  /// of them when components are taken off need not be.
  private func claim(_ path: [UInt8]) throws(ArchiveError) {
    guard options.stripComponents > 0 else { return }
    guard ownNames.insert(path).inserted else {
      throw ArchiveError(IOError("replace", path: Path(path), errno: .exists), path: path)
    }
  }

  /// A file with one piece outstanding, which whoever asked for it ends.
  private func makeFile(_ entry: ArchiveEntry, _ path: [UInt8], replaces: Bool) throws(ArchiveError) -> OutputFile {
    do throws(IOError) {
      let temporary = replaces ? try TemporaryName.make() : []
      return OutputFile(entry, at: path, runs: 1, replaces: replaces, temporaryName: temporary, session)
    } catch {
      throw ArchiveError(error)
    }
  }

  /// Notes pieces of a file that are to be written.
  ///
  /// - Parameter start: where in the file the first one begins.
  func plan(_ pieces: [ContentRun], of file: OutputFile, from start: UInt64 = 0) {
    var position = start
    for piece in pieces {
      if case .chunks(let ordinal, let first, let count, let length) = piece {
        do throws(ArchiveError) {
          let place = try places(ordinal, first, count)
          file.beginPiece()
          runs.append(
            PlannedRun(
              file: file, holder: place.holder, first: place.first, count: count, length: length, start: position))
          planned &+= length
        } catch {
          file.lose(position..<(position + length), error)
        }
      }
      position += piece.length
    }
  }

  /// Begins a file of which not everything is known yet, if nothing speaks against it: one that is in the way of
  /// something, or may turn out to be kept, is left to the time when its entry comes.
  ///
  /// - Returns: the file, with one piece outstanding; it is not among those to be settled until `complete`.
  func beginUnfinished(_ entry: ArchiveEntry, _ path: [UInt8]) -> OutputFile? {
    do throws(ArchiveError) {
      try prepare(path)
      guard !ownNames.contains(path) else { return nil }
      let isTaken = try isTaken(path)
      guard !isTaken || options.overwrite == .always else { return nil }
      if isTaken, try decide(entry, path) != .replace { return nil }
      return try makeFile(entry, path, replaces: isTaken)
    } catch {
      return nil
    }
  }

  /// Takes over a file that was begun, now that its entry is there.
  ///
  /// - Parameters:
  ///   - pieces: its content from `start` on.
  /// - Returns: whether that was possible; nothing has been done otherwise.
  func complete(_ file: OutputFile, as entry: ArchiveEntry, _ pieces: [ContentRun], from start: UInt64) -> Bool {
    if let group = entry.linkGroup {
      if groups[group] != nil { return false }
      groups[group] = file.path
    }
    if options.stripComponents > 0, !ownNames.insert(file.path).inserted { return false }
    file.become(entry)
    files.append(file)
    plan(pieces, of: file, from: start)
    file.endPiece()
    return true
  }

  // MARK: - Files

  /// The runs planned since this was asked last.
  func takeRuns() -> [PlannedRun] {
    defer {
      runs = []
      planned = 0
    }
    return runs
  }

  /// Reports on the files, all of whose runs have been written or lost.
  ///
  /// - Parameter isComplete: told of each file that is complete.
  func settleFiles(_ isComplete: (OutputFile) -> Void = { _ in }) throws(ArchiveError) {
    let written = files
    files = []
    for file in written {
      let entry = file.entry
      switch file.state {
      case .complete:
        report.files += 1
        isComplete(file)
      case .waiting: try settle(ArchiveError(.corrupt, "the content did not come", path: entry.path), entry.path)
      case .damaged(let error, let ranges):
        if !options.keepsGoing, !options.keepsDamaged { throw error }
        report.problems.append(.init(path: entry.path, kind: .damaged, error: error, lostRanges: ranges))
      case .failed(let error): try settle(error, entry.path)
      }
      if let fault = file.metadataFault {
        report.problems.append(.init(path: entry.path, kind: .metadata, error: fault))
      } else if session.rules.extendedAttributes(entry).leavesOut {
        report.problems.append(
          .init(
            path: entry.path, kind: .leftOut,
            error: ArchiveError(.invalidOption, "attributes for the superuser were left out", path: entry.path)))
      }
    }
    report.bytes = session.bytes
  }

  // MARK: - The rest of the tree

  /// Makes links and devices, and sets the metadata of directories.
  func finishTree() throws(ArchiveError) {
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
      // While it is open: its mode may keep it from being opened again.
      if options.sync, !directory.path.isEmpty { try sync(directory.path) }
    }
    (links, specials, directories) = ([], [], [])
  }
}
