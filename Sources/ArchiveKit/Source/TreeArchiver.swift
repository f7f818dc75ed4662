// SPDX-License-Identifier: Apache-2.0

/// Walks through trees of files and gives what it finds to an archive.
internal import CodecKit
public import SystemIO

/// Reads trees of files into an ``ArchiveWriter``.
///
/// ```swift
/// let archiver = TreeArchiver(to: writer, .init { $0.excludesCaches = true })
/// let report = try archiver.archive(["etc", "home"], from: "/")
/// let summary = try writer.finish()
/// ```
///
/// No symbolic link is followed but those on the way to a root, whatever happens to the tree meanwhile. What cannot be
/// read, vanishes or changes while it is read is reported by a ``TreeWarning``, and the work goes on.
public final class TreeArchiver {
  let writer: ArchiveWriter?
  let options: TreeArchiverOptions
  let chooser: CutRuleChooser
  var report = TreeArchiverReport()
  /// The bytes read, those in vain included.
  var bytesRead: UInt64 = 0
  /// The first bytes of the file being read.
  var beginning = ByteBuffer()
  /// The time of day.
  var clock: () -> Timestamp = { WallClock.now }
  let accounts = AccountNames()
  var lastOwner: ArchiveEntry.Owner?
  var links: LinkTable
  var stack = DirectoryStack()
  /// Roots below the one being read, in order, and the paths of those that have not been met.
  private var inner: [SourceRoot] = []
  private var missing: Set<[UInt8]> = []
  /// Whether it was told that paths of members began with a slash.
  var hasAbsoluteMembers = false
  /// The path of the last root that was taken and is no directory, when roots stand for themselves.
  var lastLeaf: [UInt8]?

  /// Makes one that has read nothing.
  ///
  /// - Parameters:
  ///   - writer: gets the entries, and is left for the caller to finish; `nil` for a dry run, which looks at names and
  ///     status only and reads no file.
  ///   - options: what is taken, and who is told.
  public init(to writer: ArchiveWriter?, _ options: TreeArchiverOptions = .init()) {
    self.writer = writer
    self.options = options
    links = LinkTable(ordinal: writer?.depth ?? 0, first: writer?.firstLinkGroup ?? 0)
    chooser = CutRuleChooser(pageRules: options.pageRules)
  }

  /// Takes trees, each root with all that is below it unless the options say otherwise, in the order of the archive. To be called once, because what
  /// follows in an archive must stand behind what is there.
  ///
  /// A root is stored by its path without `/` and `.`, and without `..` and what stands before it; `.` stands for the
  /// directory into which is extracted. A root that is a symbolic link is stored as one. Roots named twice, and those
  /// below others, are taken once.
  ///
  /// - Parameters:
  ///   - roots: what to take.
  ///   - base: where relative roots start. Default: the working directory.
  /// - Returns: what was taken and what could not be.
  /// - Throws: ``ArchiveError`` with `invalidOption` for an empty root, and when two different ones would have one place
  ///   in the archive; `io` when the base is no directory that can be opened; `cancelled`; what the writer throws.
  public func archive(_ roots: [Path], from base: Path? = nil) throws(ArchiveError) -> TreeArchiverReport {
    report = TreeArchiverReport()
    let plan = try SourceRoot.plan(roots, from: base, descends: options.descends)
    if let base {
      do throws(IOError) { _ = try DirectoryHandle(base) } catch { throw ArchiveError(error) }
    }
    if let shortened = plan.first(where: { $0.isShortened }) { warn(shortened.given.bytes, .shortenedPath) }
    for root in plan {
      inner = root.inner
      missing = Set(root.inner.map(\.path))
      try visit(root)
      guard !missing.isEmpty else { continue }
      for missed in inner where missing.contains(missed.path) && !isExcluded(throughout: missed.path) {
        warn(missed.path, .missing)
      }
    }
    return report
  }

  private func visit(_ root: SourceRoot) throws(ArchiveError) {
    if isExcluded(throughout: root.path) {
      report.skipped += 1
      return
    }
    if EntryPath.fault(in: root.path) != nil { return warn(root.path, .unusablePath) }
    // Through a link there may be something, but an archive has nothing below what is no directory.
    if let lastLeaf, EntryPath.isBeneath(root.path, lastLeaf) { return warn(root.path, .missing) }
    let outer = stack
    stack = DirectoryStack()
    defer { stack = outer }
    let directory: OpenDirectory
    let status: FileStatus
    do throws(IOError) {
      let location = root.isNameless ? root.location : root.location.parent
      directory = OpenDirectory(try DirectoryHandle(location, .noAccessTime))
      status = try directory.handle.status()
    } catch {
      return warn(root.path, error.errno == .noSuchFile ? .missing : .unreadable, error)
    }
    if root.isNameless {
      try tell(root.path)
      met(root.path)
      try take(directory, status, root.path, fileSystem: nil)
    } else {
      let name = SourceName(
        name: root.location.lastComponent, path: root.path, directory: directory, device: status.device,
        fileSystem: nil)
      try visit(name, kind: .unknown, inode: 0)
    }
    try walk()
  }

  /// Visits all that is below the directories on the stack.
  private func walk() throws(ArchiveError) {
    while !stack.isEmpty {
      guard let entry = stack.nextName() else {
        stack.removeLast()
        continue
      }
      let level = stack.last
      let directory: OpenDirectory
      do throws(IOError) {
        directory = try stack.opened()
      } catch {
        warn(level.path, error.errno == .noSuchFile ? .vanished : .unreadable, error)
        stack.giveUp()
        continue
      }
      var path = level.path
      if !path.isEmpty { path.append(EntryPath.slash) }
      path += entry.name
      if path.count > EntryPath.maximumLength || entry.name.count > EntryPath.maximumComponentLength
        || level.depth >= EntryPath.maximumDepth
      {
        warn(path, .unusablePath)
        continue
      }
      let name = SourceName(
        name: entry.name, path: path, directory: directory, device: level.status.device,
        fileSystem: level.fileSystem)
      try visit(name, kind: entry.kind, inode: entry.inode)
    }
  }

  /// Goes on with what is in a directory, as far as that is wanted.
  ///
  /// - Parameters:
  ///   - names: the names in it.
  ///   - fileSystem: the one that its root is on; `nil` for a root.
  func descend(
    _ directory: OpenDirectory, _ status: FileStatus, _ path: [UInt8], fileSystem: UInt64?, names: [DirectoryEntry]
  ) throws(ArchiveError) {
    guard options.descends else { return }
    if let folder = options.outputFolder, folder.isSameFile(as: status) { return }
    var fileSystem = fileSystem ?? status.device
    if options.staysOnFileSystem, status.device != fileSystem {
      // What was named is wanted also on the other side of the border.
      guard inner.contains(where: { $0.path == path }) else {
        for root in inner where EntryPath.isBeneath(root.path, path) {
          // The one before may have led to it.
          if missing.contains(root.path) { try visit(root) }
        }
        return
      }
      fileSystem = status.device
    }
    stack.push(SourceDirectory(directory, path, status, fileSystem: fileSystem, names: names))
  }

  /// Notes that a path has been met.
  func met(_ path: [UInt8]) {
    if !missing.isEmpty { missing.remove(path) }
  }

  // MARK: - Telling

  func warn(_ path: [UInt8], _ kind: TreeWarning.Kind, _ error: IOError? = nil) {
    let warning = TreeWarning(path: path, kind: kind, error: error)
    report.note(warning)
    options.warn?(warning)
  }

  /// Tells how far the work is, and asks whether to give up.
  func tell(_ path: [UInt8]) throws(ArchiveError) {
    options.progress?(TreeProgress(bytes: bytesRead, entries: report.entries, path: path))
    if let isCancelled = options.isCancelled, isCancelled() {
      throw ArchiveError(.cancelled, "the archive was given up", path: path)
    }
  }

  // MARK: - Exclusion

  /// Whether a file is the archive itself.
  func isOutput(_ status: FileStatus) -> Bool { options.outputs.contains { $0.isSameFile(as: status) } }

  func isExcluded(_ path: [UInt8], isDirectory: Bool) -> Bool {
    for pattern in options.excluded where isDirectory || !pattern.matchesOnlyFolders {
      if pattern.matches(path) { return true }
    }
    return false
  }

  /// Whether a path or one above it is excluded. Only a directory that is a root is taken for none.
  func isExcluded(throughout path: [UInt8], isDirectory: Bool = false) -> Bool {
    if options.excluded.isEmpty { return false }
    var above = EntryPath.parent(of: path)
    while let directory = above, !directory.isEmpty {
      if isExcluded(directory, isDirectory: true) { return true }
      above = EntryPath.parent(of: directory)
    }
    return !path.isEmpty && isExcluded(path, isDirectory: isDirectory)
  }
}

/// A name in a directory that is to be visited.
struct SourceName {
  let name: [UInt8]
  /// Its path in the archive.
  let path: [UInt8]
  let directory: OpenDirectory
  /// The device of the directory.
  let device: UInt64
  /// The file system of the root it is below; `nil` for a root.
  let fileSystem: UInt64?
}
