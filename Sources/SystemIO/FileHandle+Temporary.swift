// SPDX-License-Identifier: Apache-2.0

/// A file without a name, for what must not outlive its handle.
internal import CCodecs
internal import Glibc

extension FileHandle {
  /// Creates a file for reading and writing that has no name, with the mode 0600.
  ///
  /// Its space is free again when the handle is closed or the process ends, in whatever way. Where the file system has
  /// no such files, one is created under a name that nobody can guess, and the name removed at once.
  ///
  /// - Parameter directory: A directory on the file system that shall hold it; also the handle's name for messages.
  /// - Returns: The handle.
  /// - Throws: What the system answered, such as `ENOENT`, `EACCES` or `EROFS`.
  public static func temporary(in directory: Path) throws(IOError) -> FileHandle {
    // Exclusive means here that the file can never be given a name.
    let flags = ccodecs_unnamed_file_flag() | O_RDWR | O_EXCL | O_CLOEXEC
    do throws(IOError) {
      let result = try directory.withCString("create") { (name: UnsafePointer<CChar>) throws(IOError) -> Int in
        try Syscalls.run(.open, "create", path: directory) { _ in
          unsafe Int(ccodecs_open(name, flags, FileMode.ownerOnly.rawValue))
        }
      }
      return FileHandle(owning: Int32(result), path: directory)
    } catch {
      // EISDIR: the kernel does not know the flag and sees a directory that is to be written.
      guard error.errno == .notSupported || error.errno == .isDirectory || error.errno == .invalidArgument else {
        throw error
      }
    }
    let name = directory.joining(try TemporaryName.make())
    let file = try TemporaryRegistry.creating(name) { () throws(IOError) -> FileHandle in
      try FileHandle.create(name, mode: .ownerOnly)
    }
    // If this fails, the name is tried once more when the process ends by a signal.
    try TemporaryRegistry.finishing(name) { () throws(IOError) in try FileSystem.remove(name) }
    return file
  }
}
