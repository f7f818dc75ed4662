// SPDX-License-Identifier: Apache-2.0

/// The kinds of system call that pass through the seam.

/// A kind of system call, as the fault plan and the trace name it.
///
/// Calls that differ only in how they name a file count as one kind where a caller cannot tell them apart: `stat` is
/// `stat`, `lstat` and `fstatat`; `rename` is `rename` and `renameat`; `getxattr` is `lgetxattr` and `fgetxattr`.
public enum SyscallKind: UInt8, CaseIterable, Hashable, Sendable {
  /// Open or create by path.
  case open
  /// Open or create in an open directory.
  case openat
  /// Open by a path of several components that must not leave an open directory.
  case openat2
  /// Duplicate a descriptor.
  case duplicate
  /// Read at the position.
  case read
  /// Read at an offset.
  case pread
  /// Write at the position.
  case write
  /// Write at an offset.
  case pwrite
  /// Copy inside the kernel.
  case copyRange
  /// Make content and attributes durable.
  case fsync
  /// Make content durable.
  case fdatasync
  /// Close a descriptor.
  case close
  /// Rename, replacing.
  case rename
  /// Rename, never replacing.
  case renameExclusive
  /// Exchange two names.
  case renameExchange
  /// Make a hard link.
  case link
  /// Make a symbolic link.
  case symlink
  /// Read a symbolic link.
  case readlink
  /// Remove a name.
  case unlink
  /// Make a directory.
  case mkdir
  /// Remove a directory.
  case rmdir
  /// Status by name.
  case stat
  /// Status of a descriptor.
  case fstat
  /// Time of birth, by name or of a descriptor.
  case statx
  /// Space of a file system, by name or of a descriptor.
  case statvfs
  /// Times of a descriptor.
  case futimens
  /// Times by name.
  case utimens
  /// Mode of a descriptor.
  case fchmod
  /// Mode by name.
  case chmod
  /// Owner of a descriptor.
  case fchown
  /// Owner by name.
  case chown
  /// Make a FIFO or a device.
  case mknod
  /// List the names of extended attributes.
  case listxattr
  /// Get an extended attribute.
  case getxattr
  /// Set an extended attribute.
  case setxattr
  /// Remove an extended attribute.
  case removexattr
  /// Set the length.
  case ftruncate
  /// Read names of a directory.
  case getdents
  /// Move the position, or look for data or a hole.
  case lseek
  /// Make a pipe.
  case pipe
  /// Wait until a descriptor is ready.
  case poll
  /// Tell the kernel how a file will be used.
  case advise
  /// Look up a user or a group.
  case account
  /// Resolve a path.
  case realpath
  /// Get or set the flags of an open file.
  case statusFlags
  /// Take, look at or give back the lock of a file.
  case lock
  /// Start a program.
  case spawn
}
