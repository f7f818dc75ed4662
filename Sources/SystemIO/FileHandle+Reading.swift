// SPDX-License-Identifier: Apache-2.0

/// Reading from a file, in order and by position.
internal import Glibc

extension FileHandle {
  /// Reads what one call delivers, appending it to `output`.
  ///
  /// - Parameter output: The buffer; only its free part is used, at most 1 GiB of it.
  /// - Returns: The number of bytes; 0 means the end of the file, or that `output` is full.
  /// - Throws: What the system answered, such as `EIO` or `EISDIR`.
  public func read(into output: inout OutputRawSpan) throws(IOError) -> Int {
    try unsafe appending(to: &output) { (free: UnsafeMutableRawBufferPointer) throws(IOError) -> Int in
      try unsafe readOnce(free)
    }
  }

  /// Reads until `output` is full or the file ends.
  ///
  /// - Parameter output: The buffer; only its free part is used.
  /// - Returns: The number of bytes; fewer than the buffer had room for only at the end of the file.
  /// - Throws: What the system answered; the bytes read before stay in `output`.
  public func readFully(into output: inout OutputRawSpan) throws(IOError) -> Int {
    var total = 0
    while output.freeCapacity > 0 {
      let count = try read(into: &output)
      if count == 0 { break }
      total += count
    }
    return total
  }

  /// Reads what one call delivers at a position, without moving the file's own position.
  ///
  /// - Parameters:
  ///   - output: The buffer; only its free part is used, at most 1 GiB of it.
  ///   - offset: Where to read.
  /// - Returns: The number of bytes; 0 means at or after the end, or that `output` is full.
  /// - Throws: What the system answered, such as `ESPIPE` for a pipe.
  public func read(into output: inout OutputRawSpan, at offset: Int64) throws(IOError) -> Int {
    try unsafe appending(to: &output) { (free: UnsafeMutableRawBufferPointer) throws(IOError) -> Int in
      let target = descriptor
      return try Syscalls.run(
        .pread, "read", path: path, descriptor: target, offset: offset,
        size: min(free.count, FileHandle.largestTransfer)
      ) { allowed in
        unsafe Glibc.pread(target, free.baseAddress, allowed, off_t(offset))
      }
    }
  }

  /// Reads at a position until `output` is full or the file ends.
  ///
  /// - Parameters:
  ///   - output: The buffer; only its free part is used.
  ///   - offset: Where to read.
  /// - Returns: The number of bytes.
  /// - Throws: What the system answered; the bytes read before stay in `output`.
  public func readFully(into output: inout OutputRawSpan, at offset: Int64) throws(IOError) -> Int {
    var total = 0
    while output.freeCapacity > 0 {
      let count = try read(into: &output, at: offset &+ Int64(total))
      if count == 0 { break }
      total += count
    }
    return total
  }

  /// Tells the kernel that the file will be read from front to back. Advice alone: nothing depends on it, so nothing
  /// is reported.
  public func adviseSequential() {
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  /// Whether reading would find something, or the end, within a time. An error counts as something: reading tells it.
  ///
  /// - Parameter milliseconds: How long to wait for it at most.
  public func isReadable(within milliseconds: Int32) -> Bool {
    let target = descriptor
    let ready = Syscalls.call(.poll, .descriptor(target)) { _ in
      var request = pollfd(fd: target, events: Int16(truncatingIfNeeded: POLLIN), revents: 0)
      return unsafe Int(poll(&request, 1, milliseconds))
    }
    return ready != 0
  }

  /// Waits until a non-blocking descriptor is ready.
  func waitUntilReady(for events: Int32, _ operation: String) throws(IOError) {
    let target = descriptor
    try Syscalls.run(.poll, operation, path: path, descriptor: target) { _ in
      var request = pollfd(fd: target, events: Int16(truncatingIfNeeded: events), revents: 0)
      return unsafe Int(poll(&request, 1, -1))
    }
  }

  private func readOnce(_ free: UnsafeMutableRawBufferPointer) throws(IOError) -> Int {
    let target = descriptor
    while true {
      let result = Syscalls.call(
        .read, .descriptor(target), size: min(free.count, FileHandle.largestTransfer)
      ) { allowed in
        unsafe Glibc.read(target, free.baseAddress, allowed)
      }
      if result >= 0 { return result }
      // Standard input may be non-blocking because another process that shares it made it so.
      guard result == -Int(EAGAIN) else { throw IOError("read", path: path, errno: Errno(result: result)) }
      try waitUntilReady(for: POLLIN, "read")
    }
  }

  private func appending(
    to output: inout OutputRawSpan, _ body: (UnsafeMutableRawBufferPointer) throws(IOError) -> Int
  ) throws(IOError) -> Int {
    if output.isFull { return 0 }
    return try unsafe output.withUnsafeMutableBytes {
      (whole: UnsafeMutableRawBufferPointer, initialized: inout Int) throws(IOError) -> Int in
      let count = try unsafe body(UnsafeMutableRawBufferPointer(rebasing: whole[initialized...]))
      initialized += count
      return count
    }
  }
}
