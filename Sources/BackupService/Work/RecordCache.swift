// SPDX-License-Identifier: Apache-2.0

/// The records, as they were when the catalogue last changed.
internal import BackupKit
internal import SystemIO

/// Keeps the records between two changes of the catalogue, whoever makes them: lists are asked for far more often.
final class RecordCache: Sendable {
  private struct Kept {
    var stamp: Repository.ChangeStamp
    var records: [BackupRecord]
    var time: UInt64
  }

  /// Nanoseconds after which records of backups that are being made are looked at again, in case nobody makes them.
  private static let patience: UInt64 = 5_000_000_000

  private let repository: Repository
  private let kept = Monitor<Kept?>(nil)

  init(_ repository: Repository) { self.repository = repository }

  /// All records, oldest first.
  func all() throws(BackupError) -> [BackupRecord] {
    let stamp = try repository.changeStamp()
    let now = MonotonicClock.now
    let known: [BackupRecord]? = kept.withLock { kept in
      guard let kept, kept.stamp == stamp else { return nil }
      guard now < kept.time + Self.patience || !kept.records.contains(where: { $0.state.isActive }) else { return nil }
      return kept.records
    }
    if let known { return known }
    let records = try repository.records()
    // Looking may have changed something: the stamp of before is then another one the next time.
    kept.withLock { $0 = Kept(stamp: stamp, records: records, time: now) }
    return records
  }
}
