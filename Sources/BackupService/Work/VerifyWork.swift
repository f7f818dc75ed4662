// SPDX-License-Identifier: Apache-2.0

/// A check in the queue.
internal import ArchiveKit
internal import BackupKit

/// Checks all of a backup when its turn comes.
final class VerifyWork: WorkQueue.Work {
  private let repository: Repository
  private let hold: BackupHold
  private let activity: Activity
  private let log: ServiceLog
  private let ended: @Sendable () -> Void

  /// - Parameters:
  ///   - hold: keeps the backup from going away.
  ///   - repository: where it is.
  ///   - activity: what is said of it.
  ///   - log: what the service says.
  ///   - ended: is called when it is over, however.
  init(
    _ hold: BackupHold, in repository: Repository, _ activity: Activity, _ log: ServiceLog,
    ended: @escaping @Sendable () -> Void
  ) {
    self.hold = hold
    self.repository = repository
    self.activity = activity
    self.log = log
    self.ended = ended
  }

  func run() -> UInt64? {
    let activity = activity
    activity.add("the check begins")
    var result: String
    do throws(BackupError) {
      let found = try repository.verify(hold.record.id, .full, threads: 0) { (report) throws(ArchiveError) in
        if activity.isCancelled { throw ArchiveError(.cancelled, "the check was given up") }
        var progress = BackupObserver.Progress()
        progress.bytesRead = report.bytes
        activity.progress = progress
      }
      result = found.isSound ? "it is sound" : "it is damaged: \(found.failure?.reason ?? "see the archive")"
    } catch {
      result = "it could not be checked: \(error.reason)"
    }
    end(result)
    return nil
  }

  func giveUp(_ reason: String) { end(reason) }

  private func end(_ result: String) {
    // Who sees that it is over may go on at once.
    hold.release()
    ended()
    activity.add(result)
    activity.end()
    log.add("check of backup \(hold.record.id): \(result)")
  }
}
