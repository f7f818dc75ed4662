// SPDX-License-Identifier: Apache-2.0

/// What an archiver of trees needs beyond the usual: the names of an open directory, links, devices, modes, renames.
internal import CCodecs
internal import Glibc

extension DirectoryHandle {
  /// A second handle of the same open directory.
  ///
  /// - Throws: What the system answered, such as `EMFILE`.
  public func duplicate() throws(IOError) -> DirectoryHandle {
    DirectoryHandle(try handle.duplicate())
  }

  /// A reader of the names in this directory, from the first.
  ///
  /// It has a position of its own, so that several may read at once, and leaves
  /// the time of the last read alone if the handle does. Only where the directory may be read but not
  /// searched does it share the position of the handle, which is put to the start.
  ///
  /// - Throws: What the system answered.
  public func reader() throws(IOError) -> DirectoryReader {
    let directory = handle.descriptor
    let kept = try handle.statusFlags() & ccodecs_no_access_time_flag()
    let flags = FileHandle.OpenOptions.directory.flags | O_NOFOLLOW | kept
    let dot: Path = "."
    do throws(IOError) {
      let result = try dot.withCString("open") { (name: UnsafePointer<CChar>) throws(IOError) -> Int in
        try FileHandle.opening(flags) { (flags: Int32) throws(IOError) -> Int in
          try Syscalls.run(.openat, "open", path: path) { _ in unsafe Int(ccodecs_openat(directory, name, flags, 0)) }
        }
      }
      return DirectoryReader(FileHandle(owning: Int32(result), path: path))
    } catch {
      guard error.errno == .accessDenied else { throw error }
      let shared = try handle.duplicate()
      try shared.seek(to: 0)
      return DirectoryReader(shared)
    }
  }

  /// All names in this directory without `.` and `..`.
  ///
  /// - Parameter sorted: Whether they come in the order of their bytes. Default: `true`.
  /// - Returns: The names.
  /// - Throws: What the system answered.
  public func entries(sorted: Bool = true) throws(IOError) -> [DirectoryEntry] {
    var reader = try reader()
    return try reader.remaining(sorted: sorted)
  }

  /// What a symbolic link holds.
  ///
  /// - Throws: `EINVAL` when the name is something else; else what the system answered.
  public func readLink(_ name: [UInt8]) throws(IOError) -> [UInt8] {
    let operation = "read the link"
    let directory = handle.descriptor
    let full = path.joining(name)
    let link = try component(name, operation)
    var capacity = 256
    while true {
      var buffer = [CChar](repeating: 0, count: capacity)
      let count = try link.withCString(operation) { (text: UnsafePointer<CChar>) throws(IOError) -> Int in
        try Syscalls.run(.readlink, operation, path: full, size: capacity) { _ in
          unsafe readlinkat(directory, text, &buffer, capacity)
        }
      }
      if count < capacity { return buffer[..<count].map { UInt8(bitPattern: $0) } }
      // Full means perhaps cut; a link may be longer than PATH_MAX only on foreign file systems.
      if capacity >= 1 << 20 { throw IOError(operation, path: full, errno: .nameTooLong) }
      capacity *= 4
    }
  }

  /// Makes a device node.
  ///
  /// - Parameters:
  ///   - name: The node.
  ///   - kind: How the device is used.
  ///   - number: The device.
  ///   - mode: Its permission bits before the umask is taken away. Default: 0600.
  /// - Throws: What the system answered: `EPERM` for who is not root, `EEXIST` and others.
  public func makeDevice(
    _ name: [UInt8], kind: DeviceKind, number: DeviceNumber, mode: FileMode = .ownerOnly
  ) throws(IOError) {
    let type = kind == .character ? S_IFCHR : S_IFBLK
    try call(.mknod, "make the device", name) { directory, name in
      unsafe mknodat(directory, name, type | mode.rawValue, dev_t(number.rawValue))
    }
  }

  /// Sets the permission bits of what the name itself stands for; the umask has no part in it.
  ///
  /// - Throws: `EOPNOTSUPP` for a symbolic link, which has no mode of its own, and where the process file system is
  ///   missing; else what the system answered.
  public func setMode(_ mode: FileMode, of name: [UInt8]) throws(IOError) {
    try call(.chmod, "set the mode", name) { directory, name in
      unsafe fchmodat(directory, name, mode.rawValue, AT_SYMLINK_NOFOLLOW)
    }
  }

  /// The time of birth of what the name itself stands for; nil where the file system keeps none.
  ///
  /// - Throws: What the system answered, such as `ENOENT`.
  public func birthTime(of name: [UInt8]) throws(IOError) -> Timestamp? {
    var birth = BirthTime()
    try call(.statx, "get the time of birth", name) { directory, name in birth.read(directory, name) }
    return birth.timestamp
  }

  /// The time of birth of the directory itself; nil where the file system keeps none.
  ///
  /// - Throws: What the system answered.
  public func birthTime() throws(IOError) -> Timestamp? { try handle.birthTime() }
}

extension DirectoryHandle {
  /// Gives a file another name in another directory of the same file system, replacing what has that name.
  ///
  /// - Parameters:
  ///   - name: The name in this directory.
  ///   - newName: The new name.
  ///   - other: The directory of the new name.
  /// - Throws: What the system answered, such as `EXDEV`.
  public func rename(
    _ name: [UInt8], to newName: [UInt8], in other: borrowing DirectoryHandle
  ) throws(IOError) {
    try move(.rename, name, to: newName, in: other) { from, old, to, new in unsafe renameat(from, old, to, new) }
  }

  /// Gives a file another name in this directory, never replacing; same meaning as the form with a second directory.
  ///
  /// - Throws: `EEXIST` when the new name is taken; else what the system answered.
  public func renameExclusively(_ name: [UInt8], to newName: [UInt8]) throws(IOError) {
    try renameExclusively(name, to: newName, in: self)
  }

  /// Gives a file another name in another directory of the same file system, never replacing.
  ///
  /// Where the file system cannot rename so, the new name is made by a hard link and the old one removed, which does
  /// not work for a directory.
  ///
  /// - Parameters:
  ///   - name: The name in this directory.
  ///   - newName: The new name.
  ///   - other: The directory of the new name.
  /// - Throws: `EEXIST` when the new name is taken; else what the system answered.
  public func renameExclusively(
    _ name: [UInt8], to newName: [UInt8], in other: borrowing DirectoryHandle
  ) throws(IOError) {
    // Names that are none must not reach the second way, which would begin with the same error.
    _ = try (component(name, "rename"), other.component(newName, "rename"))
    do throws(IOError) {
      try move(.renameExclusive, name, to: newName, in: other) { from, old, to, new in
        unsafe ccodecs_rename_exclusive_at(from, old, to, new)
      }
      return
    } catch {
      guard FileSystem.needsLinkFallback(error.errno) else { throw error }
    }
    try other.makeHardLink(newName, to: name, in: self)
    try remove(name)
  }

  @safe
  private func move(
    _ kind: SyscallKind, _ name: [UInt8], to newName: [UInt8], in other: borrowing DirectoryHandle,
    _ body: (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>) -> Int32
  ) throws(IOError) {
    let target = other.handle.descriptor
    let newPath = other.path.joining(newName)
    try other.component(newName, "rename").withCString("rename") { (new: UnsafePointer<CChar>) throws(IOError) in
      try call(kind, "rename", name, newPath: newPath) { directory, old in unsafe body(directory, old, target, new) }
    }
  }
}
