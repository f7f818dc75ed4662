// SPDX-License-Identifier: Apache-2.0

/// A backup in the queue.
internal import BackupKit
internal import SystemIO

/// Makes a backup when its turn comes.
final class BackupWork: WorkQueue.Work {
  let pending: PendingBackup
  let log: ActivityLog
  private let producer: @Sendable () -> any BackupProducer
  private let ended: @Sendable (BackupID) -> Void

  /// - Parameters:
  ///   - pending: the backup.
  ///   - log: what it says.
  ///   - producer: makes what delivers the content.
  ///   - ended: is told when it has ended, however.
  init(
    _ pending: PendingBackup, _ log: ActivityLog, from producer: @escaping @Sendable () -> any BackupProducer,
    ended: @escaping @Sendable (BackupID) -> Void
  ) {
    self.pending = pending
    self.log = log
    self.producer = producer
    self.ended = ended
  }

  func run() {
    log.add("backup of \(pending.record.instance) begins")
    let observer = BackupObserver { [log] in
      $0.progress = { log.progress = $0 }
      $0.isCancelled = { log.isCancelled }
      $0.warn = { warning in log.add("warning: \(warning)") }
      $0.note = { log.add($0) }
    }
    do throws(BackupError) {
      let record = try pending.run(from: producer(), observer)
      log.add("complete: \(record.sizes.stored) bytes stored, \(record.sizes.warnings) warnings")
    } catch {
      log.add("failed: \(error.reason)")
    }
    log.complete()
    ended(pending.record.id)
  }

  func giveUp(_ reason: String) {
    pending.cancel(reason)
    log.add("given up: \(reason)")
    log.complete()
    ended(pending.record.id)
  }
}
