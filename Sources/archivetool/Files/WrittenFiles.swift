// SPDX-License-Identifier: Apache-2.0

import SystemIO

/// Remembers the outputs of a run, so that none of them is replaced by a later one: two inputs whose outputs have the
/// same name would leave one, and with --rm the other would be lost.
final class WrittenFiles: Sendable {
  private struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  private let known = Monitor<Set<Identity>>([])

  /// Notes an output that is in place.
  func insert(_ file: FileStatus) {
    known.withLock { _ = $0.insert(Identity(device: file.device, inode: file.inode)) }
  }

  /// Whether a file was put in place by this run.
  func contains(_ file: FileStatus) -> Bool {
    known.withLock { $0.contains(Identity(device: file.device, inode: file.inode)) }
  }

  /// Whether what has this name now was put there by this run.
  func contains(_ path: Path) -> Bool {
    known.withLock { Self.contains(path, $0) }
  }

  private static func contains(_ path: Path, _ known: Set<Identity>) -> Bool {
    guard !known.isEmpty, let status = try? FileSystem.linkStatus(of: path) else { return false }
    return known.contains(Identity(device: status.device, inode: status.inode))
  }

  /// Puts an output in place that may replace another, one at a time, so that two files that are worked on at once
  /// cannot replace each other.
  ///
  /// - Parameters:
  ///   - path: the name of the output.
  ///   - commit: puts it in place; not called when what has the name was put there by this run.
  /// - Returns: whether it was called.
  func replace(_ path: Path, _ commit: () throws(IOError) -> CommittedFile?) throws(IOError) -> Bool {
    try known.withLock { (known: inout Set<Identity>) throws(IOError) -> Bool in
      if Self.contains(path, known) { return false }
      if let file = try commit() { known.insert(Identity(device: file.device, inode: file.inode)) }
      return true
    }
  }
}
