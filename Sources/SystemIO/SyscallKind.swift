// SPDX-License-Identifier: Apache-2.0

/// The kinds of system call that pass through the seam.

/// A kind of system call, as the fault plan and the trace name it.
///
/// Calls that differ only in how they name a file count as one kind where a caller cannot tell them apart: `stat` is
/// `stat`, `lstat` and `fstatat`; `rename` is `rename`, `renameat` and the exclusive `renameat2`.
public enum SyscallKind: UInt8, CaseIterable, Hashable, Sendable {
  case open
  case openat
  case read
  case pread
  case write
  case pwrite
  case copyRange
  case fsync
  case fdatasync
  case close
  case rename
  case renameExclusive
  case link
  case symlink
  case readlink
  case unlink
  case mkdir
  case rmdir
  case stat
  case fstat
  case futimens
  case utimens
  case fchmod
  case chmod
  case fchown
  case chown
  case mknod
  case ftruncate
  case getdents
  case lseek
  case pipe
  case poll
  case realpath
  case statusFlags
}
