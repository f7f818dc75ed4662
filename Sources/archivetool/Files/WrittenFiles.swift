// SPDX-License-Identifier: Apache-2.0

import SystemIO

/// Remembers the outputs of a run, so that none of them is replaced by a later one: two inputs whose outputs have the
/// same name would leave one, and with --rm the other would be lost.
final class WrittenFiles {
  private struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  private var known: Set<Identity> = []

  /// Notes an output that is in place.
  func insert(_ file: CommittedFile) {
    known.insert(Identity(device: file.device, inode: file.inode))
  }

  /// Whether what has this name now was put there by this run.
  func contains(_ path: Path) -> Bool {
    guard !known.isEmpty, let status = try? FileSystem.linkStatus(of: path) else { return false }
    return known.contains(Identity(device: status.device, inode: status.inode))
  }
}
