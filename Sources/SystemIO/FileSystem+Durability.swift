// SPDX-License-Identifier: Apache-2.0

/// Making names durable, and removing a source only after its copy is.

extension FileSystem {
  /// Waits until the names in a directory are on the device.
  ///
  /// File systems that have no such call for directories answer `EINVAL` or `EOPNOTSUPP`; they are taken at their
  /// word that nothing more can be done.
  ///
  /// - Throws: What the system answered. A failure is final, as for `FileHandle.sync()`.
  public static func syncDirectory(_ path: Path) throws(IOError) {
    let directory = try FileHandle.open(path, .directory)
    do throws(IOError) {
      try directory.sync()
    } catch {
      guard error.errno == .invalidArgument || error.errno == .notSupported else { throw error }
    }
    try directory.close()
  }

  /// Removes a name and, if asked, makes the removal durable.
  ///
  /// - Parameters:
  ///   - path: What to remove; not a directory.
  ///   - syncingDirectory: Whether to sync the directory that held the name.
  /// - Throws: What the system answered; when the operation in the error is `sync`, the name is removed already.
  public static func remove(_ path: Path, syncingDirectory: Bool) throws(IOError) {
    try remove(path)
    if syncingDirectory { try syncDirectory(path.parent) }
  }

  /// Makes a file that is there already durable, with its name: for one that an earlier process has put in place.
  ///
  /// - Parameter path: The file; a symbolic link is not followed.
  /// - Returns: The receipt of a commit.
  /// - Throws: What the system answered. A failure is final, as for `FileHandle.sync()`.
  public static func makeDurable(_ path: Path) throws(IOError) -> CommittedFile {
    let file = try FileHandle.open(path, .noFollow)
    let status = try file.status()
    try file.sync()
    try file.close()
    try syncDirectory(path.parent)
    return CommittedFile(
      path: path, isDurable: true, size: status.size, device: status.device, inode: status.inode)
  }

  /// Removes a source whose copy is durable.
  ///
  /// - Parameters:
  ///   - source: What to remove.
  ///   - copy: The receipt of the copy; its file and its directory must have been synced.
  ///   - syncingDirectory: Whether to make the removal durable as well. Default: `false`; after a crash the source may
  ///     be back, which loses nothing.
  /// - Throws: `EINVAL`, and nothing is removed, when the copy is not durable or is the source itself; else what the
  ///   system answered.
  public static func removeSource(
    _ source: Path, copiedTo copy: CommittedFile, syncingDirectory: Bool = false
  ) throws(IOError) {
    guard copy.isDurable else {
      throw IOError("remove before the copy is durable", path: source, errno: .invalidArgument)
    }
    let original = try linkStatus(of: source)
    if original.device == copy.device && original.inode == copy.inode {
      throw IOError("remove the copy itself", path: source, errno: .invalidArgument)
    }
    try remove(source, syncingDirectory: syncingDirectory)
  }
}
