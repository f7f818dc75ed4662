// SPDX-License-Identifier: Apache-2.0

/// Operations on names.
internal import CCodecs
internal import Glibc

/// Operations on files by name.
public enum FileSystem {
  /// The attributes of a file, of the target for a symbolic link.
  ///
  /// - Throws: What the system answered, such as `ENOENT`.
  public static func status(of path: Path) throws(IOError) -> FileStatus {
    try status(of: path, follow: true)
  }

  /// The attributes of what the name itself stands for, of the link for a symbolic link.
  ///
  /// - Throws: What the system answered, such as `ENOENT`.
  public static func linkStatus(of path: Path) throws(IOError) -> FileStatus {
    try status(of: path, follow: false)
  }

  /// Whether the name is taken, also by a symbolic link that leads nowhere.
  ///
  /// - Throws: What the system answered when it could not tell, such as `EACCES`.
  public static func exists(_ path: Path) throws(IOError) -> Bool {
    do throws(IOError) {
      _ = try linkStatus(of: path)
      return true
    } catch {
      if error.errno == .noSuchFile || error.errno == .notDirectory { return false }
      throw error
    }
  }

  /// Removes a name that is no directory.
  ///
  /// - Throws: What the system answered.
  public static func remove(_ path: Path) throws(IOError) {
    try call(.unlink, "remove", path) { name in unsafe unlink(name) }
  }

  /// Removes an empty directory.
  ///
  /// - Throws: What the system answered, such as `ENOTEMPTY`.
  public static func removeDirectory(_ path: Path) throws(IOError) {
    try call(.rmdir, "remove", path) { name in unsafe rmdir(name) }
  }

  /// Makes a directory; its parent must exist.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - mode: Its permission bits before the umask is taken away. Default: 0777.
  /// - Throws: What the system answered, such as `EEXIST`.
  public static func makeDirectory(_ path: Path, mode: FileMode = .all) throws(IOError) {
    try call(.mkdir, "make the directory", path) { name in unsafe mkdir(name, mode.rawValue) }
  }

  /// Gives a file another name on the same file system, replacing what has that name.
  ///
  /// - Throws: What the system answered, such as `EXDEV`.
  public static func rename(_ path: Path, to newPath: Path) throws(IOError) {
    try call(.rename, "rename", path, newPath) { from, to in unsafe Glibc.rename(from, to) }
  }

  /// Gives a file another name on the same file system, never replacing.
  ///
  /// Where the file system cannot rename so, the new name is made by a hard link and the old one removed.
  ///
  /// - Throws: `EEXIST` when the new name is taken; else what the system answered.
  public static func renameExclusively(_ path: Path, to newPath: Path) throws(IOError) {
    do throws(IOError) {
      try renameWithoutFallback(path, to: newPath)
      return
    } catch {
      guard needsLinkFallback(error.errno) else { throw error }
    }
    try makeHardLink(newPath, to: path)
    try remove(path)
  }

  /// Exchanges the names of two files or directories of one file system, at once: nobody sees either name missing.
  ///
  /// - Throws: `EINVAL` or `ENOSYS` where the system cannot do that; else what it answered.
  public static func exchange(_ path: Path, with other: Path) throws(IOError) {
    try call(.renameExchange, "exchange", path, other) { one, other in unsafe ccodecs_rename_exchange(one, other) }
  }

  /// Makes a second name for a file.
  ///
  /// - Throws: What the system answered, such as `EEXIST`.
  public static func makeHardLink(_ path: Path, to existing: Path) throws(IOError) {
    try call(.link, "link", existing, path) { from, to in unsafe link(from, to) }
  }

  /// Makes a symbolic link.
  ///
  /// - Parameters:
  ///   - path: The link.
  ///   - target: What it holds; nothing is checked.
  /// - Throws: What the system answered, such as `EEXIST`.
  public static func makeSymbolicLink(_ path: Path, to target: Path) throws(IOError) {
    try call(.symlink, "link", target, path) { from, to in unsafe symlink(from, to) }
  }

  /// What a symbolic link holds.
  ///
  /// - Throws: What the system answered; `EINVAL` for what is no link.
  public static func symbolicLinkTarget(of path: Path) throws(IOError) -> Path {
    var capacity = 256
    while true {
      var buffer = [CChar](repeating: 0, count: capacity)
      let count = try path.withCString("read the link") { (name: UnsafePointer<CChar>) throws(IOError) -> Int in
        try Syscalls.run(.readlink, "read the link", path: path, size: capacity) { _ in
          unsafe readlink(name, &buffer, capacity)
        }
      }
      if count < capacity { return Path(buffer[..<count].map { UInt8(bitPattern: $0) }) }
      // Full means perhaps cut; a link may be longer than PATH_MAX only on foreign file systems.
      if capacity >= 1 << 20 { throw IOError("read the link", path: path, errno: .nameTooLong) }
      capacity *= 4
    }
  }

  /// The absolute name without links, `.` and `..`; every component must exist.
  ///
  /// - Throws: What the system answered, such as `ENOENT` or `ELOOP`.
  public static func resolve(_ path: Path) throws(IOError) -> Path {
    var resolved: [UInt8] = []
    try call(.realpath, "resolve", path) { name in
      guard let text = unsafe realpath(name, nil) else { return -1 }
      unsafe resolved = Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
      unsafe free(text)
      return 0
    }
    return Path(resolved)
  }

  /// The whole content of a small file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - limit: The largest size that is read.
  /// - Returns: The bytes.
  /// - Throws: `EFBIG` when there is more than `limit`; else what the system answered.
  public static func contents(of path: Path, limit: Int) throws(IOError) -> [UInt8] {
    let file = try FileHandle.open(path)
    let ceiling = min(max(limit, 0), Int.max - 1)
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: min(ceiling + 1, 1 << 16))
    while true {
      // One byte more than allowed is asked for, to see whether there is more.
      let count = try unsafe piece.withUnsafeMutableBufferPointer {
        (buffer: inout UnsafeMutableBufferPointer<UInt8>) throws(IOError) -> Int in
        var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
        return try file.readFully(into: &output)
      }
      bytes += piece.prefix(count)
      if bytes.count > ceiling { throw IOError("read", path: path, errno: .fileTooLarge) }
      if count < piece.count { break }
    }
    try file.close()
    return bytes
  }
}

extension FileSystem {
  /// The exclusive rename itself; throws `EINVAL` or `ENOSYS` where there is none.
  static func renameWithoutFallback(_ path: Path, to newPath: Path) throws(IOError) {
    try call(.renameExclusive, "rename", path, newPath) { from, to in unsafe ccodecs_rename_exclusive(from, to) }
  }

  /// EINVAL: the file system does not know the flag; ENOSYS: the kernel does not know the call.
  static func needsLinkFallback(_ error: Errno) -> Bool {
    error == .invalidArgument || error == .notImplemented
  }

  @safe
  static func call(
    _ kind: SyscallKind, _ operation: String, _ path: Path, _ body: (UnsafePointer<CChar>) -> Int32
  ) throws(IOError) {
    try path.withCString(operation) { (name: UnsafePointer<CChar>) throws(IOError) in
      _ = try Syscalls.run(kind, operation, path: path) { _ in unsafe Int(body(name)) }
    }
  }

  @safe
  static func call(
    _ kind: SyscallKind, _ operation: String, _ path: Path, _ newPath: Path,
    _ body: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
  ) throws(IOError) {
    let result = try path.withCString(operation) { (from: UnsafePointer<CChar>) throws(IOError) -> Int in
      try newPath.withCString(operation) { (to: UnsafePointer<CChar>) throws(IOError) -> Int in
        Syscalls.call(kind, .paths(path, newPath)) { _ in unsafe Int(body(from, to)) }
      }
    }
    if result < 0 { throw IOError(operation, path: newPath, errno: Errno(result: result)) }
  }

  private static func status(of path: Path, follow: Bool) throws(IOError) -> FileStatus {
    var raw = Glibc.stat()
    try call(.stat, "get the status", path) { name in
      unsafe fstatat(AT_FDCWD, name, &raw, follow ? 0 : AT_SYMLINK_NOFOLLOW)
    }
    return FileStatus(raw)
  }
}
