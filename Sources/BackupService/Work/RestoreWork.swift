// SPDX-License-Identifier: Apache-2.0

/// A restore in the queue, and what is known of it afterwards.
internal import ArchiveKit
internal import BackupKit
internal import CodecKit
internal import SystemIO

/// What is known of a restore.
struct RestoreRecord: Hashable, Sendable {
  /// Where it is in its life.
  enum State: Hashable, Sendable {
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
  /// Where it is in its life.
  var state = State.queued
  /// When it was asked for.
  let createdAt: Timestamp
  /// When it ended.
  var endedAt: Timestamp?
  /// Why it failed.
  var failure: String?
}

/// Brings a backup back into an instance when its turn comes.
final class RestoreWork: WorkQueue.Work {
  let log: ActivityLog
  private let repository: Repository
  private let target: InstanceConfiguration
  private let record: Monitor<RestoreRecord>

  init(_ record: RestoreRecord, from repository: Repository, into target: InstanceConfiguration, _ log: ActivityLog) {
    self.record = Monitor(record)
    self.repository = repository
    self.target = target
    self.log = log
  }

  /// What is known of it now.
  var state: RestoreRecord { record.withLock { $0 } }

  func run() {
    record.withLock { $0.state = .running }
    log.add("restore into \(target.id) begins")
    do throws(BackupError) {
      try restore(try repository.open(state.backup.id))
      end(.complete, nil)
      log.add("complete")
    } catch {
      end(.failed, error.reason)
      log.add("failed: \(error.reason)")
    }
    log.complete()
  }

  func giveUp(_ reason: String) {
    end(.failed, reason)
    log.add("given up: \(reason)")
    log.complete()
  }

  private func end(_ state: RestoreRecord.State, _ failure: String?) {
    record.withLock { record in
      record.state = state
      record.endedAt = WallClock.now
      record.failure = failure
    }
  }

  private func restore(_ backup: OpenedBackup) throws(BackupError) {
    switch target.restore {
    case .folder(let folder, let after):
      let log = log
      let report = try backup.extract(
        into: folder,
        .init {
          $0.overwrite = .changed
          $0.threads = 0
        }
      ) { (progress) throws(ArchiveError) in
        if log.isCancelled { throw ArchiveError(.cancelled, "the restore was given up") }
        var done = BackupObserver.Progress()
        done.bytesRead = progress.bytesRead
        done.bytesWritten = progress.bytesWritten
        log.progress = done
      }
      for problem in report.problems { log.add("warning: \(problem.error.reason)") }
      guard report.problems.isEmpty else {
        throw BackupError(.sourceFailed, "\(report.problems.count) entries could not be restored")
      }
      if let after { try run(after, nil) }
    case .command(let command):
      guard case .command(_, let file) = target.source else {
        throw BackupError(.unsupported, "the instance '\(target.id)' is not restored from one file")
      }
      try run(command, (backup, Array(file.utf8)))
    case nil: throw BackupError(.unsupported, "the instance '\(target.id)' names no way to restore it")
    }
  }

  /// Runs a command, with a file of a backup as its input.
  private func run(_ command: String, _ input: (backup: OpenedBackup, file: [UInt8])?) throws(BackupError) {
    let variables: [(name: String, value: String)] = [
      ("RESTORE_ID", state.id.description), ("RESTORE_INSTANCE", target.id),
      ("BACKUP_ID", state.backup.id.description), ("BACKUP_NAME", state.backup.name),
    ]
    let filter = try CommandFilter(command, variables, log)
    if let input {
      let log = log
      var reads = true
      try input.backup.read(input.file) { (bytes: RawSpan) throws(ArchiveError) in
        if log.isCancelled { throw ArchiveError(.cancelled, "the restore was given up") }
        if reads { do throws(BackupError) { reads = try filter.write(bytes) } catch { reads = false } }
      }
    }
    try filter.finish()
  }
}
