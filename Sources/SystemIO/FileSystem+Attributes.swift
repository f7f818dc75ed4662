// SPDX-License-Identifier: Apache-2.0

/// Permissions, owner and times by name, and special files.
internal import Glibc

extension FileSystem {
  /// Sets the permission bits of a file, of the target for a symbolic link.
  ///
  /// - Throws: What the system answered.
  public static func setMode(_ mode: FileMode, of path: Path) throws(IOError) {
    try call(.chmod, "set the mode", path) { name in unsafe chmod(name, mode.rawValue) }
  }

  /// Sets user and group of what the name itself stands for, of the link for a symbolic link; nil leaves one as it is.
  ///
  /// - Throws: What the system answered.
  public static func setOwner(uid: UInt32?, gid: UInt32?, of path: Path) throws(IOError) {
    try call(.chown, "set the owner", path) { name in
      unsafe lchown(name, uid ?? UInt32.max, gid ?? UInt32.max)
    }
  }

  /// Sets the times of what the name itself stands for, of the link for a symbolic link; nil leaves one as it is.
  ///
  /// - Throws: What the system answered.
  public static func setTimes(access: Timestamp?, modification: Timestamp?, of path: Path) throws(IOError) {
    let times = [access?.rawTime ?? unchangedTime, modification?.rawTime ?? unchangedTime]
    try call(.utimens, "set the times", path) { name in
      unsafe utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW)
    }
  }

  /// Makes a FIFO.
  ///
  /// - Throws: What the system answered, such as `EEXIST`.
  public static func makeFIFO(_ path: Path, mode: FileMode = .allReadWrite) throws(IOError) {
    try call(.mknod, "make the FIFO", path) { name in unsafe mkfifo(name, mode.rawValue) }
  }
}
