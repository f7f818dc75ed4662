// SPDX-License-Identifier: Apache-2.0

/// An open directory, and operations on the names directly in it.
internal import CCodecs
internal import Glibc

/// An open directory.
///
/// Every name given to it is one component: empty, `.`, `..`, and a name with a slash or a NUL throw `EINVAL` before any
/// call is made, and a symbolic link of that name is never followed. So nothing done through the handle can reach
/// outside, whatever happens to the tree meanwhile.
public struct DirectoryHandle: ~Copyable, Sendable {
  private let handle: FileHandle

  /// Opens a directory; links on the way, also the last one, are followed.
  ///
  /// - Throws: What the system answered, such as `ENOTDIR`.
  public init(_ path: Path) throws(IOError) {
    handle = try FileHandle.open(path, .directory)
  }

  private init(_ handle: consuming FileHandle) {
    self.handle = handle
  }

  /// The name it was opened by, for messages.
  public var path: Path { handle.path ?? "." }

  /// The attributes of the directory itself.
  ///
  /// - Throws: What the system answered.
  public func status() throws(IOError) -> FileStatus { try handle.status() }

  /// Waits until the names in it are on the device; same meaning as `FileSystem.syncDirectory`.
  ///
  /// - Throws: What the system answered. A failure is final.
  public func sync() throws(IOError) {
    do throws(IOError) {
      try handle.sync()
    } catch {
      guard error.errno == .invalidArgument || error.errno == .notSupported else { throw error }
    }
  }

  /// Sets owner, mode and times of the directory itself.
  ///
  /// - Throws: What the system answered.
  public func apply(_ attributes: FileAttributes) throws(IOError) {
    try handle.apply(attributes)
  }

  /// Closes the directory.
  ///
  /// - Throws: What the system answered.
  public consuming func close() throws(IOError) {
    try handle.close()
  }
}

extension DirectoryHandle {
  /// Opens a directory in this one.
  ///
  /// - Throws: `ENOTDIR` or `ELOOP` when the name is something else or a link; else what the system answered.
  public func openDirectory(_ name: [UInt8]) throws(IOError) -> DirectoryHandle {
    DirectoryHandle(try open(name, "open", O_RDONLY | O_DIRECTORY, .ownerOnly))
  }

  /// Opens a file for reading.
  ///
  /// - Parameters:
  ///   - name: The file.
  ///   - options: How; `noFollow` is always on.
  /// - Throws: `ELOOP` when the name is a link; else what the system answered.
  public func openFile(_ name: [UInt8], _ options: FileHandle.OpenOptions = []) throws(IOError) -> FileHandle {
    try open(name, "open", options.flags, .ownerOnly)
  }

  /// Creates a file for reading and writing that was not there before.
  ///
  /// - Parameters:
  ///   - name: The file.
  ///   - mode: Its permission bits before the umask is taken away. Default: 0600.
  /// - Throws: `EEXIST` when the name is taken, also by a link; else what the system answered.
  public func createFile(_ name: [UInt8], mode: FileMode = .ownerOnly) throws(IOError) -> FileHandle {
    try open(name, "create", O_RDWR | O_CREAT | O_EXCL, mode)
  }

  /// The attributes of what the name itself stands for.
  ///
  /// - Throws: What the system answered, such as `ENOENT`.
  public func status(of name: [UInt8]) throws(IOError) -> FileStatus {
    var raw = Glibc.stat()
    try call(.stat, "get the status", name) { directory, name in
      unsafe fstatat(directory, name, &raw, AT_SYMLINK_NOFOLLOW)
    }
    return FileStatus(raw)
  }

  /// Makes a directory.
  ///
  /// - Throws: What the system answered, such as `EEXIST`.
  public func makeDirectory(_ name: [UInt8], mode: FileMode = .privateDirectory) throws(IOError) {
    try call(.mkdir, "make the directory", name) { directory, name in unsafe mkdirat(directory, name, mode.rawValue) }
  }

  /// Makes a FIFO.
  ///
  /// - Throws: What the system answered, such as `EEXIST`.
  public func makeFIFO(_ name: [UInt8], mode: FileMode = .ownerOnly) throws(IOError) {
    try call(.mknod, "make the FIFO", name) { directory, name in unsafe mkfifoat(directory, name, mode.rawValue) }
  }

  /// Makes a symbolic link; what it holds is not checked.
  ///
  /// - Throws: What the system answered, such as `EEXIST`.
  public func makeSymbolicLink(_ name: [UInt8], to target: Path) throws(IOError) {
    try target.withCString("link") { (text: UnsafePointer<CChar>) throws(IOError) in
      try call(.symlink, "link", name) { directory, name in unsafe symlinkat(text, directory, name) }
    }
  }

  /// Makes a second name for a file of this or another directory. If the existing name is a symbolic link, the link
  /// itself gets the second name.
  ///
  /// - Throws: What the system answered, such as `EEXIST`.
  public func makeHardLink(
    _ name: [UInt8], to existing: [UInt8], in other: borrowing DirectoryHandle
  ) throws(IOError) {
    let from = other.handle.descriptor
    try other.component(existing, "link").withCString("link") { (old: UnsafePointer<CChar>) throws(IOError) in
      try call(.link, "link", name) { directory, name in unsafe linkat(from, old, directory, name, 0) }
    }
  }

  /// Gives a file another name in this directory, replacing what has that name.
  ///
  /// - Throws: What the system answered.
  public func rename(_ name: [UInt8], to newName: [UInt8]) throws(IOError) {
    let target = try component(newName, "rename")
    try target.withCString("rename") { (new: UnsafePointer<CChar>) throws(IOError) in
      try call(.rename, "rename", name, newPath: path.joining(newName)) { directory, name in
        unsafe renameat(directory, name, directory, new)
      }
    }
  }

  /// Gives a file another name in this directory, never replacing.
  ///
  /// Where the file system cannot rename so, the new name is made by a hard link and the old one removed.
  ///
  /// - Throws: `EEXIST` when the new name is taken; else what the system answered.
  public func renameExclusively(_ name: [UInt8], to newName: [UInt8]) throws(IOError) {
    let target = try component(newName, "rename")
    do throws(IOError) {
      try target.withCString("rename") { (new: UnsafePointer<CChar>) throws(IOError) in
        try call(.renameExclusive, "rename", name, newPath: path.joining(newName)) { directory, name in
          unsafe ccodecs_renameat_exclusive(directory, name, new)
        }
      }
      return
    } catch {
      guard FileSystem.needsLinkFallback(error.errno) else { throw error }
    }
    let from = handle.descriptor
    try component(name, "link").withCString("link") { (old: UnsafePointer<CChar>) throws(IOError) in
      try call(.link, "link", newName) { directory, name in unsafe linkat(from, old, directory, name, 0) }
    }
    try remove(name)
  }

  /// Removes a name that is no directory.
  ///
  /// - Throws: What the system answered.
  public func remove(_ name: [UInt8]) throws(IOError) {
    try call(.unlink, "remove", name) { directory, name in unsafe unlinkat(directory, name, 0) }
  }

  /// Removes an empty directory.
  ///
  /// - Throws: What the system answered, such as `ENOTEMPTY`.
  public func removeDirectory(_ name: [UInt8]) throws(IOError) {
    try call(.rmdir, "remove", name) { directory, name in unsafe unlinkat(directory, name, AT_REMOVEDIR) }
  }

  /// Sets the owner of what the name itself stands for; nil leaves one as it is.
  ///
  /// - Throws: What the system answered.
  public func setOwner(uid: UInt32?, gid: UInt32?, of name: [UInt8]) throws(IOError) {
    try call(.chown, "set the owner", name) { directory, name in
      unsafe fchownat(directory, name, uid ?? UInt32.max, gid ?? UInt32.max, AT_SYMLINK_NOFOLLOW)
    }
  }

  /// Sets the times of what the name itself stands for; nil leaves one as it is.
  ///
  /// - Throws: What the system answered.
  public func setTimes(access: Timestamp?, modification: Timestamp?, of name: [UInt8]) throws(IOError) {
    let times = [access?.rawTime ?? unchangedTime, modification?.rawTime ?? unchangedTime]
    try call(.utimens, "set the times", name) { directory, name in
      unsafe utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW)
    }
  }
}

extension DirectoryHandle {
  /// The same directory again, whatever has become of its name.
  func reopen() throws(IOError) -> DirectoryHandle {
    let directory = handle.descriptor
    let path = handle.path
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    let result = try Path(".").withCString("open") { (text: UnsafePointer<CChar>) throws(IOError) -> Int in
      try Syscalls.run(.openat, "open", path: path ?? ".") { _ in
        unsafe Int(ccodecs_openat(directory, text, flags, 0))
      }
    }
    return DirectoryHandle(FileHandle(owning: Int32(result), path: path))
  }

  /// The name as a path of one component.
  private func component(_ name: [UInt8], _ operation: String) throws(IOError) -> Path {
    let dot = UInt8(ascii: ".")
    if name.isEmpty || name == [dot] || name == [dot, dot] || name.contains(Path.slash) || name.contains(0) {
      throw IOError(operation, path: path.joining(name), errno: .invalidArgument)
    }
    return Path(name)
  }

  private func open(
    _ name: [UInt8], _ operation: String, _ flags: Int32, _ mode: FileMode
  ) throws(IOError) -> FileHandle {
    let directory = handle.descriptor
    let full = path.joining(name)
    let allFlags = flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY
    let result = try component(name, operation).withCString(operation) {
      (text: UnsafePointer<CChar>) throws(IOError) -> Int in
      try Syscalls.run(.openat, operation, path: full) { _ in
        unsafe Int(ccodecs_openat(directory, text, allFlags, mode.rawValue))
      }
    }
    return FileHandle(owning: Int32(result), path: full)
  }

  @safe
  private func call(
    _ kind: SyscallKind, _ operation: String, _ name: [UInt8], newPath: Path? = nil,
    _ body: (Int32, UnsafePointer<CChar>) -> Int32
  ) throws(IOError) {
    let directory = handle.descriptor
    let full = path.joining(name)
    let result = try component(name, operation).withCString(operation) {
      (text: UnsafePointer<CChar>) throws(IOError) -> Int in
      Syscalls.call(kind, newPath.map { .paths(full, $0) } ?? .path(full)) { _ in unsafe Int(body(directory, text)) }
    }
    if result < 0 { throw IOError(operation, path: full, errno: Errno(result: result)) }
  }
}
