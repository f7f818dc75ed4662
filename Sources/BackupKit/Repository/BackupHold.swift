// SPDX-License-Identifier: Apache-2.0

/// A backup that must not go, because it is about to be read.
internal import SystemIO

/// Keeps a complete backup from being deleted as long as it is there, like ``OpenedBackup``, but on any thread.
public final class BackupHold: Sendable {
  /// The record.
  public let record: BackupRecord
  private let locks: HeldLocks

  init(_ record: BackupRecord, _ locks: HeldLocks) {
    self.record = record
    self.locks = locks
  }

  /// Lets it go.
  public func release() { locks.release() }
}

extension Repository {
  /// Keeps a complete backup, and those that it builds on, from being deleted.
  ///
  /// - Parameter id: the backup.
  /// - Throws: ``BackupError`` with `notFound`; `illegalMove` when it is not complete; `locked`; what the storage throws.
  public func hold(_ id: BackupID) throws(BackupError) -> BackupHold {
    let instance = try record(id).instance
    let locks = try lock(instance, .shared, "read")
    let record = try record(id)
    guard record.state == .complete else {
      locks.release()
      throw BackupError(
        .illegalMove, "the backup '\(record.name)' is \(record.state.rawValue), not complete", backups: [id])
    }
    return BackupHold(record, locks)
  }
}
