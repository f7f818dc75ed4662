// SPDX-License-Identifier: Apache-2.0

/// Making a file durable.
internal import Glibc

extension FileHandle {
  /// Waits until content and attributes are on the device.
  ///
  /// A failure is final: the kernel marks the pages that it could not write as clean, so a second call would succeed
  /// without having written them. The operation that needed the file durable has failed.
  ///
  /// - Throws: What the system answered, such as `EIO`.
  public func sync() throws(IOError) {
    let target = descriptor
    try Syscalls.run(.fsync, "sync", path: path, descriptor: target) { _ in Int(fsync(target)) }
  }

  /// Waits until the content, and what is needed to read it back, is on the device; times may be late.
  ///
  /// A failure is final, as for `sync()`.
  ///
  /// - Throws: What the system answered, such as `EIO`.
  public func syncData() throws(IOError) {
    let target = descriptor
    try Syscalls.run(.fdatasync, "sync", path: path, descriptor: target) { _ in Int(fdatasync(target)) }
  }
}
