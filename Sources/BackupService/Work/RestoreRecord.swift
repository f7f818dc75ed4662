// SPDX-License-Identifier: Apache-2.0

/// What is known of a restore.
internal import BackupKit
internal import SystemIO

/// A restore, as far as clients are told of it. It is forgotten when the service ends.
struct RestoreRecord: Hashable, Sendable {
  /// Where it is in its life.
  enum State: String, Hashable, Sendable, CaseIterable {
    case queued
    case running
    case complete
    case failed
  }

  /// Identifies it.
  let id: BackupID
  /// Of which backup.
  let backup: BackupRecord
  /// Into which instance.
  let instance: String
  /// By which interface it was asked for.
  let origin: String
  /// When it was asked for.
  let createdAt: Timestamp
  /// Where it is in its life.
  var state = State.queued
  /// When it ended.
  var endedAt: Timestamp?
  /// Why it failed.
  var failure: String?

  init(id: BackupID, of backup: BackupRecord, into instance: String, by origin: String, at time: Timestamp) {
    self.id = id
    self.backup = backup
    self.instance = instance
    self.origin = origin
    createdAt = time
  }
}
