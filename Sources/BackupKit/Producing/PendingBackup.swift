// SPDX-License-Identifier: Apache-2.0

/// A backup that was asked for and is not made yet.
internal import SystemIO

/// A backup that waits for its turn. Its record is queued; its instance is locked until it is made or given up.
public final class PendingBackup: Sendable {
  /// The record as it was when the backup was asked for.
  public let record: BackupRecord
  private let repository: Repository
  private let request: BackupRequest
  private let parent: BackupRecord?
  private let locks: HeldLocks
  private let isTaken = Monitor(false)

  init(
    _ repository: Repository, _ request: BackupRequest, _ record: BackupRecord, _ parent: BackupRecord?,
    _ locks: HeldLocks
  ) {
    self.repository = repository
    self.request = request
    self.record = record
    self.parent = parent
    self.locks = locks
  }

  deinit { cancel("it was not begun") }

  /// Makes the backup.
  ///
  /// - Parameters:
  ///   - producer: delivers the content; asked again after a failure as often as the request says, if it can.
  ///   - observer: who is told, and who may end it.
  /// - Returns: the record of the complete backup. Its `sizes.warnings` says how much could not be taken as it is.
  /// - Throws: ``BackupError``: `sourceFailed`; `cancelled`, also when it has been made or given up before; what archive
  ///   and storage throw.
  public func run(
    from producer: any BackupProducer, _ observer: BackupObserver = .init()
  ) throws(BackupError) -> BackupRecord {
    guard take() else {
      throw BackupError(.cancelled, "the backup '\(record.name)' was given up", backups: [record.id])
    }
    defer { locks.release() }
    return try repository.run(record.id, request, parent, producer, observer)
  }

  /// Gives it up; nothing happens when it is being made, or was.
  ///
  /// - Parameter reason: why, for the record.
  public func cancel(_ reason: String) {
    guard take() else { return }
    // The failure to write it down is told where the record is read: nobody holds its lock any more.
    try? repository.fail(record.id, BackupError(.cancelled, reason, backups: [record.id]), as: .canceled)
    locks.release()
  }

  private func take() -> Bool {
    isTaken.withLock { isTaken in
      defer { isTaken = true }
      return !isTaken
    }
  }
}
