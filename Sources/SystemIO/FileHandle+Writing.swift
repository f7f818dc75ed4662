// SPDX-License-Identifier: Apache-2.0

/// Writing to a file, in order and by position.
internal import CCodecs
internal import Glibc

extension FileHandle {
  /// Writes all of `bytes` at the file's position.
  ///
  /// - Parameter bytes: What to write.
  /// - Throws: What the system answered, such as `ENOSPC`; a part may have been written then.
  public func write(_ bytes: RawSpan) throws(IOError) {
    try unsafe bytes.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(IOError) in
      try unsafe writeAll(buffer, at: nil)
    }
  }

  /// Writes all of `bytes` at the file's position.
  ///
  /// - Parameter bytes: What to write.
  /// - Throws: What the system answered, such as `ENOSPC`; a part may have been written then.
  public func write(_ bytes: [UInt8]) throws(IOError) {
    // Bytes have no padding, so their raw view holds nothing that was not written.
    try unsafe write(bytes.span.bytes)
  }

  /// Writes all of `bytes` at a position, without moving the file's own position.
  ///
  /// - Parameters:
  ///   - bytes: What to write.
  ///   - offset: Where to write; ignored by the kernel for a file opened for appending.
  /// - Throws: What the system answered, such as `ENOSPC`; a part may have been written then.
  public func write(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
    try unsafe bytes.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(IOError) in
      try unsafe writeAll(buffer, at: offset)
    }
  }

  /// Writes all of `bytes` at a position, without moving the file's own position.
  ///
  /// - Parameters:
  ///   - bytes: What to write.
  ///   - offset: Where to write; ignored by the kernel for a file opened for appending.
  /// - Throws: What the system answered, such as `ENOSPC`; a part may have been written then.
  public func write(_ bytes: [UInt8], at offset: Int64) throws(IOError) {
    try unsafe write(bytes.span.bytes, at: offset)
  }

  /// Copies bytes from another file inside the kernel, sharing storage where the file system can.
  ///
  /// - Parameters:
  ///   - source: The file to read.
  ///   - sourceOffset: Where to read.
  ///   - offset: Where to write.
  ///   - count: How many bytes.
  /// - Returns: How many were copied; fewer than `count` only when the source ended.
  /// - Throws: What the system answered. `EXDEV`, `EINVAL`, `ENOSYS`, `EOPNOTSUPP` and `ETXTBSY` mean that these two
  ///   files cannot be copied so; read and write then.
  public func copy(
    from source: borrowing FileHandle, at sourceOffset: Int64, to offset: Int64, count: Int64
  ) throws(IOError) -> Int64 {
    let from = source.descriptor
    let target = descriptor
    var copied: Int64 = 0
    while copied < count {
      let wanted = Int(min(count - copied, Int64(FileHandle.largestTransfer)))
      let done = copied
      let result = try Syscalls.run(
        .copyRange, "copy to", path: path, descriptor: target, offset: offset &+ done, size: wanted
      ) { allowed in
        Int(ccodecs_copy_file_range(from, sourceOffset &+ done, target, offset &+ done, allowed))
      }
      if result == 0 { break }
      copied += Int64(result)
    }
    return copied
  }

  /// Writes all of a buffer; `offset` nil means the file's own position.
  func writeAll(_ buffer: UnsafeRawBufferPointer, at offset: Int64?) throws(IOError) {
    let target = descriptor
    guard let base = buffer.baseAddress else { return }
    var done = 0
    while done < buffer.count {
      let start = unsafe base + done
      let wanted = min(buffer.count - done, FileHandle.largestTransfer)
      let result: Int
      if let offset {
        let position = offset &+ Int64(done)
        result = Syscalls.call(
          .pwrite, .descriptor(target), offset: position, size: wanted, payload: unsafe SyscallPayload(start)
        ) { allowed in
          unsafe Glibc.pwrite(target, start, allowed, off_t(position))
        }
      } else {
        result = Syscalls.call(.write, .descriptor(target), size: wanted, payload: unsafe SyscallPayload(start)) {
          allowed in
          unsafe Glibc.write(target, start, allowed)
        }
      }
      if result > 0 {
        done += result
      } else if result == -Int(EAGAIN) {
        try waitUntilReady(for: POLLOUT, "write")
      } else {
        // A write of nothing without an error would make this loop endless.
        let error = result == 0 ? Errno.inputOutput : Errno(result: result)
        if error == .brokenPipe { Signals.outputIsClosed(descriptor: target) }
        throw IOError("write", path: path, errno: error)
      }
    }
  }
}
