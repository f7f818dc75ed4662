// SPDX-License-Identifier: Apache-2.0

/// The one error type of the module: what was tried, on which file, and what the system answered.

/// A system call that failed.
public struct IOError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried, as a verb that can follow "cannot": `open`, `write`, `rename`, `sync`.
  public let operation: String

  /// The file it was tried on, if it has a name. It is not part of `description`, because a name from outside must be
  /// escaped by whoever prints it.
  public let path: Path?

  /// What the system answered.
  public let errno: Errno

  /// Makes an error.
  ///
  /// - Parameters:
  ///   - operation: A verb that can follow "cannot".
  ///   - path: The file, if it has a name.
  ///   - errno: The answer of the system.
  public init(_ operation: String, path: Path? = nil, errno: Errno) {
    self.operation = operation
    self.path = path
    self.errno = errno
  }

  /// Whether the file system has no room left, or its owner may not use any more of it.
  public var isLackOfRoom: Bool { errno == .noSpace || errno == .quotaExceeded }

  /// One sentence without the path, such as `cannot write: No space left on device (ENOSPC)`.
  public var description: String { "cannot \(operation): \(errno)" }
}
