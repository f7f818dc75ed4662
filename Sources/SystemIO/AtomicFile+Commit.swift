// SPDX-License-Identifier: Apache-2.0

/// The commit of an atomic file: attributes, sync, close, rename, sync of the directory, in this order.

/// The receipt of a commit.
public struct CommittedFile: Hashable, Sendable {
  /// The name of the file.
  public let path: Path
  /// Whether file and directory were synced.
  public let isDurable: Bool
  /// The length of the file.
  public let size: Int64
  /// The file system it is on.
  public let device: UInt64
  /// Its number there.
  public let inode: UInt64
}

extension AtomicFile {
  /// Gives the file its attributes and its name.
  ///
  /// The order is: owner, mode and times; with `sync` fsync of the file; close; rename; with `sync` fsync of the
  /// directory. A failure of any step is a failure of the commit and is not tried again. Up to the rename a failure
  /// leaves the old target untouched and removes the temporary file. If only the sync of the directory fails, the new
  /// file is in place but perhaps not after a crash: the error is thrown nevertheless, so that no source is removed.
  ///
  /// - Parameters:
  ///   - replacing: Whether a file of that name is replaced. If not, one that exists, or appears in the last moment,
  ///     makes this throw `EEXIST`.
  ///   - attributes: Mode, owner and times. Without a mode the file gets that of the options less the umask.
  ///   - sync: Whether to wait until file and name are on the device.
  /// - Returns: A receipt that the removal of a source needs.
  /// - Throws: What the system answered: `EEXIST`, `EISDIR`, `ENOSPC`, `EIO` and others.
  @discardableResult
  public consuming func commit(
    replacing: Bool, attributes: FileAttributes = FileAttributes(), sync: Bool
  ) throws(IOError) -> CommittedFile {
    do throws(IOError) {
      try sparse?.finish(file)
      var attributes = attributes
      if attributes.mode == nil { attributes.mode = options.defaultMode.removing(FileMode.creationMask) }
      try file.apply(attributes)
      let status = try file.status()
      if sync { try file.sync() }
      try file.closeNow()
      try takeName(replacing: replacing)
      if sync { try FileSystem.syncDirectory(target.parent) }
      return CommittedFile(
        path: target, isDurable: sync, size: status.size, device: status.device, inode: status.inode)
    } catch {
      throw IOError(error.operation, path: target, errno: error.errno)
    }
  }

  private mutating func takeName(replacing: Bool) throws(IOError) {
    let (from, to) = (temporary, target)
    var leftover = false
    try TemporaryRegistry.finishing(from) { () throws(IOError) in
      if replacing {
        try FileSystem.rename(from, to: to)
        return
      }
      do throws(IOError) {
        try FileSystem.renameWithoutFallback(from, to: to)
      } catch {
        guard FileSystem.needsLinkFallback(error.errno) else { throw error }
        try FileSystem.makeHardLink(to, to: from)
        // From here on the target is complete, so that a second name that stays is no failure of the commit.
        do throws(IOError) { try FileSystem.remove(from) } catch { leftover = true }
      }
    }
    // A second name that stayed is tried once more at the end of life.
    isFinished = !leftover
  }
}
