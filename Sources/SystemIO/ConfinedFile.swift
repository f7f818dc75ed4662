// SPDX-License-Identifier: Apache-2.0

/// A file below a directory that appears under its name only when it is complete.

/// A new file below an open directory: what ``AtomicFile`` is by names, it is by descriptors.
///
/// Every step on the way is taken from a directory that is open already, and never through a symbolic link, so that the
/// file cannot end up anywhere else, whatever happens to the tree meanwhile. Until `commit` returns, the target is what it
/// was before. On any failure, when the value goes away without a commit, and when a signal ends the process, the
/// temporary file is removed.
public struct ConfinedFile: ~Copyable, Sendable {
  /// The name the file will have, for messages.
  public let path: Path
  private let directory: DirectoryHandle
  private let name: [UInt8]
  private let temporary: [UInt8]
  private let temporaryPath: Path
  private var file: FileHandle
  private var sparse: SparseWriter?
  private var isFinished = false

  /// Creates the temporary file.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - name: The name the file will have in it: one component.
  ///   - sparse: Whether blocks of zeros become holes.
  /// - Throws: What the system answered, such as `ENAMETOOLONG` or `EACCES`.
  public init(in directory: consuming DirectoryHandle, name: [UInt8], sparse: Bool = false) throws(IOError) {
    let path = directory.path.joining(name)
    let temporary = try TemporaryName.make()
    let temporaryPath = directory.path.joining(temporary)
    do throws(IOError) {
      // A name that cannot be had is told before content is written.
      do throws(IOError) {
        _ = try directory.status(of: name)
      } catch {
        if error.errno != .noSuchFile { throw error }
      }
      file = try TemporaryRegistry.creating(temporaryPath) { () throws(IOError) -> FileHandle in
        try directory.createFile(temporary)
      }
    } catch {
      throw IOError("create", path: path, errno: error.errno)
    }
    self.path = path
    self.directory = directory
    self.name = name
    self.temporary = temporary
    self.temporaryPath = temporaryPath
    self.sparse = sparse ? SparseWriter() : nil
  }

  deinit {
    if !isFinished { try? discardTemporary() }
  }

  /// Writes all of `bytes` at the end.
  ///
  /// - Throws: What the system answered, such as `ENOSPC`.
  public mutating func write(_ bytes: RawSpan) throws(IOError) {
    do throws(IOError) {
      if sparse != nil {
        try sparse?.write(bytes, to: file)
      } else {
        try file.write(bytes)
      }
    } catch {
      throw IOError(error.operation, path: path, errno: error.errno)
    }
  }

  /// Gives the file its attributes and its name, in the order of ``AtomicFile/commit(replacing:attributes:sync:)``.
  ///
  /// - Parameters:
  ///   - replacing: Whether a file of that name is replaced; a symbolic link is replaced itself. If not, one that exists,
  ///     or appears in the last moment, makes this throw `EEXIST`.
  ///   - attributes: Mode, owner and times. Without a mode the file gets 0666 less the umask.
  ///   - sync: Whether to wait until file and name are on the device.
  /// - Returns: The attributes of the file in place.
  /// - Throws: What the system answered: `EEXIST`, `EISDIR`, `ENOSPC`, `EIO` and others.
  @discardableResult
  public consuming func commit(
    replacing: Bool, attributes: FileAttributes = FileAttributes(), sync: Bool
  ) throws(IOError) -> FileStatus {
    do throws(IOError) {
      try sparse?.finish(file)
      var attributes = attributes
      if attributes.mode == nil { attributes.mode = FileMode.allReadWrite.removing(FileMode.creationMask) }
      try file.apply(attributes)
      let status = try file.status()
      if sync { try file.sync() }
      try file.closeNow()
      try takeName(replacing: replacing)
      if sync { try directory.sync() }
      return status
    } catch {
      throw IOError(error.operation, path: path, errno: error.errno)
    }
  }

  private mutating func takeName(replacing: Bool) throws(IOError) {
    try TemporaryRegistry.finishing(temporaryPath) { () throws(IOError) in
      if replacing {
        try directory.rename(temporary, to: name)
      } else {
        try directory.renameExclusively(temporary, to: name)
      }
    }
    isFinished = true
  }

  private func discardTemporary() throws(IOError) {
    try TemporaryRegistry.finishing(temporaryPath) { () throws(IOError) in
      do throws(IOError) {
        try directory.remove(temporary)
      } catch {
        // Somebody has cleaned up before us.
        if error.errno != .noSuchFile { throw error }
      }
    }
  }
}

extension DirectoryHandle {
  /// Opens a directory below this one, component by component.
  ///
  /// - Parameters:
  ///   - names: The components; none opens this directory itself.
  ///   - making: Whether a directory that is not there is made, with the permission bits 0777 less the umask.
  /// - Throws: `EINVAL` for a component that is none; `ENOTDIR` or `ELOOP` when something else than a directory stands in
  ///   the way, also a link; else what the system answered. The error has the path of the component.
  public func openDescendant(_ names: [[UInt8]], making: Bool = false) throws(IOError) -> DirectoryHandle {
    var current = try reopen()
    for name in names {
      var next: DirectoryHandle?
      do throws(IOError) {
        next = try current.openDirectory(name)
      } catch {
        guard making, error.errno == .noSuchFile else { throw error }
        do throws(IOError) {
          try current.makeDirectory(name, mode: .all)
        } catch {
          // Somebody else has made it.
          if error.errno != .exists { throw error }
        }
      }
      if let next = next.take() {
        current = next
      } else {
        current = try current.openDirectory(name)
      }
    }
    return current
  }
}
