// SPDX-License-Identifier: Apache-2.0

/// The error number of a system call, with its name and its text.
internal import CCodecs
internal import Glibc

/// An error number of the operating system.
///
/// The number is kept as the system gave it. `name` and `message` are those of the C library, never translated.
public struct Errno: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number, such as 28.
  public let rawValue: Int32

  /// Makes an error number; any value is allowed.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The symbolic name, such as `ENOSPC`; `errno 999` for a number without a name.
  public var name: String {
    guard let text = unsafe ccodecs_errno_name(rawValue) else { return "errno \(rawValue)" }
    return unsafe String(cString: text)
  }

  /// The text, such as `No space left on device`; `Unknown error` for a number without a text.
  public var message: String {
    guard let text = unsafe ccodecs_errno_message(rawValue) else { return "Unknown error" }
    return unsafe String(cString: text)
  }

  /// Text and name, such as `No space left on device (ENOSPC)`.
  public var description: String { "\(message) (\(name))" }

  /// The number the last failed call of this thread left behind.
  static var current: Errno { Errno(rawValue: errno) }
}

extension Errno {
  /// EPERM: operation not permitted.
  public static var notPermitted: Errno { Errno(rawValue: EPERM) }
  /// ENOENT: no such file or directory.
  public static var noSuchFile: Errno { Errno(rawValue: ENOENT) }
  /// EINTR: interrupted by a signal.
  public static var interrupted: Errno { Errno(rawValue: EINTR) }
  /// EIO: input/output error.
  public static var inputOutput: Errno { Errno(rawValue: EIO) }
  /// EBADF: bad file descriptor.
  public static var badDescriptor: Errno { Errno(rawValue: EBADF) }
  /// EAGAIN: would block.
  public static var wouldBlock: Errno { Errno(rawValue: EAGAIN) }
  /// ENOMEM: out of memory.
  public static var outOfMemory: Errno { Errno(rawValue: ENOMEM) }
  /// EACCES: permission denied.
  public static var accessDenied: Errno { Errno(rawValue: EACCES) }
  /// EEXIST: the file exists.
  public static var exists: Errno { Errno(rawValue: EEXIST) }
  /// EXDEV: the two names are on different file systems.
  public static var crossDevice: Errno { Errno(rawValue: EXDEV) }
  /// ENOTDIR: not a directory.
  public static var notDirectory: Errno { Errno(rawValue: ENOTDIR) }
  /// EISDIR: is a directory.
  public static var isDirectory: Errno { Errno(rawValue: EISDIR) }
  /// EINVAL: invalid argument.
  public static var invalidArgument: Errno { Errno(rawValue: EINVAL) }
  /// EMFILE: too many open files in this process.
  public static var tooManyOpenFiles: Errno { Errno(rawValue: EMFILE) }
  /// ERANGE: the result does not fit into the buffer.
  public static var outOfRange: Errno { Errno(rawValue: ERANGE) }
  /// E2BIG: the argument, such as the value of an attribute, is too large.
  public static var argumentTooLarge: Errno { Errno(rawValue: E2BIG) }
  /// EFBIG: the file is too large.
  public static var fileTooLarge: Errno { Errno(rawValue: EFBIG) }
  /// ENOSPC: no space left on the device.
  public static var noSpace: Errno { Errno(rawValue: ENOSPC) }
  /// ESPIPE: a pipe has no positions.
  public static var illegalSeek: Errno { Errno(rawValue: ESPIPE) }
  /// EROFS: read-only file system.
  public static var readOnlyFileSystem: Errno { Errno(rawValue: EROFS) }
  /// EPIPE: nobody reads the other end.
  public static var brokenPipe: Errno { Errno(rawValue: EPIPE) }
  /// ENAMETOOLONG: the name is too long.
  public static var nameTooLong: Errno { Errno(rawValue: ENAMETOOLONG) }
  /// ENOSYS: the kernel does not have this call.
  public static var notImplemented: Errno { Errno(rawValue: ENOSYS) }
  /// ENOTEMPTY: the directory is not empty.
  public static var directoryNotEmpty: Errno { Errno(rawValue: ENOTEMPTY) }
  /// ELOOP: a symbolic link where none is allowed, or too many of them.
  public static var symbolicLinkLoop: Errno { Errno(rawValue: ELOOP) }
  /// ENXIO: no such device or address; past the last data when looking for data.
  public static var noSuchAddress: Errno { Errno(rawValue: ENXIO) }
  /// ENODATA: no data; the process file system has no answer.
  public static var noData: Errno { Errno(rawValue: ENODATA) }
  /// EDQUOT: the quota is used up.
  public static var quotaExceeded: Errno { Errno(rawValue: EDQUOT) }
  /// EOPNOTSUPP: the file system cannot do this.
  public static var notSupported: Errno { Errno(rawValue: EOPNOTSUPP) }
}
