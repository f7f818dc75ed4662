// SPDX-License-Identifier: Apache-2.0

/// The space that is left.
internal import Glibc

extension FileSystem {
  /// The bytes that this user can still write on the file system that holds `path`.
  ///
  /// - Throws: What the system answered, such as `ENOENT`.
  public static func freeSpace(at path: Path) throws(IOError) -> UInt64 {
    var raw = Glibc.statvfs()
    try call(.statvfs, "get the free space", path) { name in unsafe statvfs(name, &raw) }
    return available(raw)
  }

  static func available(_ raw: Glibc.statvfs) -> UInt64 {
    let (bytes, overflow) = UInt64(raw.f_bavail).multipliedReportingOverflow(by: UInt64(raw.f_frsize))
    return overflow ? UInt64.max : bytes
  }
}

extension FileHandle {
  /// The bytes that this user can still write on the file system of the open file.
  ///
  /// - Throws: What the system answered.
  public func freeSpace() throws(IOError) -> UInt64 {
    let target = descriptor
    var raw = Glibc.statvfs()
    try Syscalls.run(.statvfs, "get the free space", path: path, descriptor: target) { _ in
      unsafe Int(fstatvfs(target, &raw))
    }
    return FileSystem.available(raw)
  }
}

extension DirectoryHandle {
  /// The bytes that this user can still write on the file system of the directory.
  ///
  /// - Throws: What the system answered.
  public func freeSpace() throws(IOError) -> UInt64 { try handle.freeSpace() }
}
