// SPDX-License-Identifier: Apache-2.0

/// What a name stands for, and how it becomes an entry.
internal import CodecKit
internal import SystemIO

extension TreeArchiver {
  /// Takes what a name stands for.
  ///
  /// - Parameters:
  ///   - name: the name.
  ///   - kind: what its directory says it is.
  ///   - inode: what its directory says its number is.
  func visit(_ name: SourceName, kind: FileKind, inode: UInt64) throws(ArchiveError) {
    try tell(name.path)
    met(name.path)
    // A file is opened at once, which saves a call for each, unless there may be nothing to read.
    if kind == .regular, writer != nil, !links.contains(device: name.device, inode: inode) {
      if isExcluded(name.path, isDirectory: false) {
        report.skipped += 1
        return
      }
      return try takeUnchanged(name) ? () : openFile(name)
    }
    if kind == .directory {
      if isExcluded(name.path, isDirectory: true) {
        report.skipped += 1
        return
      }
      return try openDirectory(name)
    }
    guard let status = status(of: name) else { return }
    if !options.descends { lastLeaf = status.kind == .directory ? nil : name.path }
    if isExcluded(name.path, isDirectory: status.kind == .directory) {
      report.skipped += 1
      return
    }
    switch status.kind {
    case .directory: try openDirectory(name)
    case .regular:
      if isOutput(status) {
        report.skipped += 1
      } else if try !takeUnchanged(name.path, status), try !takeFurtherName(name.path, status, .file) {
        if writer != nil {
          try openFile(name)
        } else {
          report.bytes += UInt64(clamping: status.size)
          try take(entry(name.path, .file, status), stamp(status), status)
        }
      }
    default: try takeOther(name, status)
    }
  }

  /// The status of a name; `nil` after a warning.
  private func status(of name: SourceName) -> FileStatus? {
    do throws(IOError) {
      return try name.directory.handle.status(of: name.name)
    } catch {
      warnGone(name, error)
      return nil
    }
  }

  private func warnGone(_ name: SourceName, _ error: IOError) {
    let isGone = error.errno == .noSuchFile
    warn(name.path, !isGone ? .unreadable : name.fileSystem == nil ? .missing : .vanished, error)
  }

  /// Takes what has no content of its own.
  private func takeOther(_ name: SourceName, _ status: FileStatus) throws(ArchiveError) {
    let kind: ArchiveEntry.Kind
    switch status.kind {
    case .symbolicLink: kind = .symbolicLink
    case .fifo: kind = .fifo
    case .characterDevice: kind = .characterDevice
    case .blockDevice: kind = .blockDevice
    case .socket: return warn(name.path, .socket)
    default: return warn(name.path, .unreadable)
    }
    if try takeUnchanged(name.path, status) { return }
    if try takeFurtherName(name.path, status, kind) { return }
    var entry = entry(name.path, kind, status)
    if kind == .symbolicLink {
      do throws(IOError) {
        entry.target = try name.directory.handle.readLink(name.name)
      } catch {
        return warnGone(name, error)
      }
      // No file system gives one; an archive with one would be refused.
      if entry.target.isEmpty { return warn(name.path, .unreadable) }
    }
    let number = status.representedDeviceNumber
    entry.device = kind == .characterDevice || kind == .blockDevice ? (number.major, number.minor) : (0, 0)
    addAttributes(to: &entry) { () throws(IOError) in
      try name.directory.handle.extendedAttributeNames(of: name.name)
    } value: { (attribute: [UInt8]) throws(IOError) in
      try name.directory.handle.extendedAttribute(attribute, of: name.name)
    }
    try take(entry, stamp(status), status)
  }

  // MARK: - Files

  private func openFile(_ name: SourceName) throws(ArchiveError) {
    let file: OpenFile
    do throws(IOError) {
      file = try open(name)
    } catch {
      return try takeUnreadable(name, error)
    }
    guard file.status.kind == .regular else { return try takeUnreadable(name, nil) }
    if isOutput(file.status) {
      report.skipped += 1
      return
    }
    if try takeFurtherName(name.path, file.status, .file) { return }
    try take(file, name.path)
  }

  /// Opens a file. Should somebody have put a named pipe there, it is not waited for.
  private func open(_ name: SourceName) throws(IOError) -> OpenFile {
    do throws(IOError) {
      return try OpenFile(name.directory.handle.openFile(name.name, [.nonBlocking, .noAccessTime]))
    } catch {
      // Somebody, a file server for one, has a lease on it, which is given up for those who wait.
      guard error.errno == .wouldBlock, try name.directory.handle.status(of: name.name).kind == .regular else {
        throw error
      }
      return try OpenFile(name.directory.handle.openFile(name.name, .noAccessTime))
    }
  }

  /// Takes what is known of something that cannot be opened.
  private func takeUnreadable(_ name: SourceName, _ error: IOError?) throws(ArchiveError) {
    if error?.errno == .noSuchFile { return warnGone(name, error ?? IOError("open", errno: .noSuchFile)) }
    guard let status = status(of: name) else { return }
    let kind: ArchiveEntry.Kind
    switch status.kind {
    case .regular: kind = .file
    case .directory: kind = .directory
    // It was something else a moment ago.
    default: return try takeOther(name, status)
    }
    if kind == .file, try takeFurtherName(name.path, status, kind) { return }
    warn(name.path, .unreadable, error)
    var entry = entry(name.path, kind, status)
    entry.warnings = .unreadable
    try take(entry, nil, status)
  }

  // MARK: - Directories

  private func openDirectory(_ name: SourceName) throws(ArchiveError) {
    let directory: OpenDirectory
    let status: FileStatus
    do throws(IOError) {
      directory = OpenDirectory(try name.directory.handle.openDirectory(name.name, .noAccessTime))
      status = try directory.handle.status()
    } catch {
      return try takeUnreadable(name, error)
    }
    try take(directory, status, name.path, fileSystem: name.fileSystem)
  }

  /// Takes an open directory, and sees to it that what is in it comes next.
  func take(
    _ directory: OpenDirectory, _ status: FileStatus, _ path: [UInt8], fileSystem: UInt64?
  ) throws(ArchiveError) {
    var names: [DirectoryEntry] = []
    var isReadable = true
    if options.descends {
      do throws(IOError) {
        var reader = try directory.handle.reader()
        while let name = try reader.next() { names.append(name) }
      } catch {
        isReadable = false
        warn(path, .unreadable, error)
      }
    }
    names.sort { $0.name.lexicographicallyPrecedes($1.name) }
    if options.excludesCaches, let tag = names.first(where: { $0.name == Self.cacheTag }), isCache(directory) {
      report.skipped += UInt64(names.count - 1)
      names = [tag]
    }
    let isTaken = isReadable ? try takeUnchanged(path, status) : false
    if !isTaken {
      try take(directory, status, path, isReadable: isReadable)
    }
    try descend(directory, status, path, fileSystem: fileSystem, names: names)
  }

  /// Takes the directory itself.
  private func take(
    _ directory: OpenDirectory, _ status: FileStatus, _ path: [UInt8], isReadable: Bool
  ) throws(ArchiveError) {
    var entry = entry(path, .directory, status)
    addAttributes(to: &entry) { () throws(IOError) in
      try directory.handle.extendedAttributeNames()
    } value: { (attribute: [UInt8]) throws(IOError) in
      try directory.handle.extendedAttribute(attribute)
    }
    if !isReadable { entry.warnings.insert(.unreadable) }
    try take(entry, isReadable ? stamp(status) : nil, status)
  }

  private static let cacheTag = Array("CACHEDIR.TAG".utf8)
  private static let cacheSignature = Array("Signature: 8a477f597d28d172789f06886806bc55".utf8)

  /// Whether the tag of a directory is one.
  private func isCache(_ directory: OpenDirectory) -> Bool {
    var bytes = ByteBuffer()
    bytes.reserve(Self.cacheSignature.count, isFinal: true)
    do throws(IOError) {
      let file = try OpenFile(directory.handle.openFile(Self.cacheTag, [.nonBlocking, .noAccessTime]))
      guard file.status.kind == .regular else { return false }
      try bytes.lend { (bytes: inout ByteBuffer) throws(IOError) in
        var room = bytes.room(atMost: Self.cacheSignature.count)
        let count = try file.handle.readFully(into: &room)
        bytes.didAppend(count)
      }
      return bytes.bytes.array == Self.cacheSignature
    } catch {
      // Should the tag be unreadable, that is said when it is visited.
      return false
    }
  }
}
