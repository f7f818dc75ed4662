// SPDX-License-Identifier: Apache-2.0

/// Positions, holes and length of a file.
internal import CCodecs
internal import Glibc

extension FileHandle {
  /// Where a position is counted from.
  public enum Origin: Hashable, Sendable {
    /// From the first byte.
    case start
    /// From where the position is.
    case current
    /// From after the last byte.
    case end
  }

  /// Moves the file's position.
  ///
  /// - Parameters:
  ///   - offset: The distance, which may be negative.
  ///   - origin: From where. Default: from the start.
  /// - Returns: The new position, from the start.
  /// - Throws: What the system answered: `ESPIPE` for a pipe, `EINVAL` for a position before the start.
  @discardableResult
  public func seek(to offset: Int64, from origin: Origin = .start) throws(IOError) -> Int64 {
    let target = descriptor
    let whence =
      switch origin {
      case .start: SEEK_SET
      case .current: SEEK_CUR
      case .end: SEEK_END
      }
    let result = try Syscalls.run(.lseek, "seek in", path: path, descriptor: target, offset: offset) { _ in
      Int(lseek(target, off_t(offset), Int32(whence)))
    }
    return Int64(result)
  }

  /// The first position at or after `offset` that holds data. Moves the file's position.
  ///
  /// - Parameter offset: Where to begin.
  /// - Returns: The position; nil when there is only hole up to the end.
  /// - Throws: What the system answered, such as `ESPIPE`.
  public func seekData(from offset: Int64) throws(IOError) -> Int64? {
    try seekExtent("seek data in", from: offset) { target, from in ccodecs_seek_data(target, from) }
  }

  /// The first position at or after `offset` that is in a hole; the end of the file counts as one. Moves the file's
  /// position.
  ///
  /// - Parameter offset: Where to begin.
  /// - Returns: The position; nil when `offset` is not before the end.
  /// - Throws: What the system answered, such as `ESPIPE`.
  public func seekHole(from offset: Int64) throws(IOError) -> Int64? {
    try seekExtent("seek a hole in", from: offset) { target, from in ccodecs_seek_hole(target, from) }
  }

  /// Cuts the file to a length, or extends it by a hole.
  ///
  /// - Parameter length: The new length.
  /// - Throws: What the system answered, such as `EINVAL` for what is no regular file, or `EFBIG`.
  public func truncate(to length: Int64) throws(IOError) {
    let target = descriptor
    try Syscalls.run(.ftruncate, "truncate", path: path, descriptor: target, offset: length) { _ in
      Int(ftruncate(target, off_t(length)))
    }
  }

  private func seekExtent(
    _ operation: String, from offset: Int64, _ seek: (Int32, Int64) -> Int64
  ) throws(IOError) -> Int64? {
    let target = descriptor
    let result = Syscalls.call(.lseek, .descriptor(target), offset: offset) { _ in Int(seek(target, offset)) }
    if result == -Int(ENXIO) { return nil }
    if result < 0 { throw IOError(operation, path: path, errno: Errno(result: result)) }
    return Int64(result)
  }
}
