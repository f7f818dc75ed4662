// SPDX-License-Identifier: Apache-2.0

/// A restore in the queue.
internal import ArchiveKit
internal import BackupKit
internal import CodecKit
internal import SystemIO

/// Brings a backup back into an instance when its turn comes.
final class RestoreWork: WorkQueue.Work {
  private let repository: Repository
  private let hold: BackupHold
  private let target: InstanceConfiguration
  private let activity: Activity
  private let log: ServiceLog
  private let groups: ChildGroups
  private let record: Monitor<RestoreRecord>
  private let ended: @Sendable () -> Void

  /// - Parameters:
  ///   - record: what is known of it.
  ///   - hold: keeps the backup from going away.
  ///   - repository: where the backup is.
  ///   - target: where it comes.
  ///   - activity: what is said of it.
  ///   - log: what the service says.
  ///   - groups: where its commands are ended.
  ///   - ended: is called when it is over, however.
  init(
    _ record: RestoreRecord, of hold: BackupHold, from repository: Repository, into target: InstanceConfiguration,
    _ activity: Activity, _ log: ServiceLog, _ groups: ChildGroups, ended: @escaping @Sendable () -> Void
  ) {
    self.record = Monitor(record)
    self.hold = hold
    self.repository = repository
    self.target = target
    self.activity = activity
    self.log = log
    self.groups = groups
    self.ended = ended
  }

  /// What is known of it now.
  var state: RestoreRecord { record.withLock { $0 } }

  func run() -> UInt64? {
    record.withLock { $0.state = .running }
    activity.add("the restore into \(target.id) begins")
    do throws(BackupError) {
      try restore(try repository.open(state.backup.id))
      end(.complete, nil)
    } catch {
      end(.failed, error.reason)
    }
    return nil
  }

  func giveUp(_ reason: String) { end(.failed, reason) }

  private func end(_ state: RestoreRecord.State, _ failure: String?) {
    // Who sees that it is over may go on at once.
    hold.release()
    ended()
    let record = record.withLock { record in
      record.state = state
      record.endedAt = WallClock.now
      record.failure = failure
      return record
    }
    activity.add(failure.map { "failed: \($0)" } ?? "complete")
    activity.end()
    let what = failure.map { "has failed: \($0)" } ?? "is complete"
    log.add("restore \(record.id) of \(record.backup.id) into '\(target.id)' \(what)")
  }

  private func restore(_ backup: OpenedBackup) throws(BackupError) {
    switch target.restore {
    case .folder(let folder, let before, let after):
      try replace(folder, by: backup, before)
      if let after { try run(after) }
    case .command(let command): try feed(backup, to: command)
    case nil: throw BackupError(.unsupported, "the instance '\(target.id)' names no way to restore it")
    }
  }

  // MARK: - Into a folder

  /// Writes the tree beside the folder, and gives it the folder's name when it is complete.
  private func replace(_ folder: Path, by backup: OpenedBackup, _ before: String?) throws(BackupError) {
    let swap: FolderSwap
    do throws(IOError) { swap = try FolderSwap(folder, state.id) } catch { throw BackupError(error) }
    do throws(BackupError) {
      try extract(backup, into: swap.fresh)
      if let before { try run(before) }
      do throws(IOError) { try swap.swap() } catch { throw BackupError(error) }
    } catch {
      do throws(IOError) { try swap.removeFresh() } catch { activity.add("warning: \(error)") }
      throw error
    }
    // What was replaced and cannot be removed makes the restore no worse.
    do throws(IOError) { try swap.removeOld() } catch { activity.add("warning: \(error)") }
  }

  private func extract(_ backup: OpenedBackup, into folder: Path) throws(BackupError) {
    let activity = activity
    let report = try backup.extract(
      into: folder,
      .init {
        $0.threads = 0
        $0.overwrite = .always
        $0.sync = true
      }
    ) { (progress) throws(ArchiveError) in
      if activity.isCancelled { throw ArchiveError(.cancelled, "the restore was given up") }
      var done = BackupObserver.Progress()
      (done.bytesRead, done.bytesWritten) = (progress.bytesRead, progress.bytesWritten)
      activity.progress = done
    }
    for problem in report.problems.prefix(100) { activity.add("warning: \(problem.error.reason)") }
    guard report.problems.isEmpty else {
      throw BackupError(.sourceFailed, "\(report.problems.count) entries could not be restored")
    }
  }

  // MARK: - By a command

  /// What commands find in their environment: the instance's own variables, and what is restored.
  private var variables: [(name: String, value: String)] {
    let record = state
    return target.environment.map { ($0.name, $0.value) } + [
      ("RESTORE_ID", record.id.description), ("RESTORE_INSTANCE", target.id),
      ("BACKUP_ID", record.backup.id.description), ("BACKUP_NAME", record.backup.name),
      ("BACKUP_INSTANCE", record.backup.instance), ("BACKUP_DATABASES", record.backup.databases.joined(separator: ",")),
    ]
  }

  private func run(_ command: String) throws(BackupError) {
    try CommandFilter(command, variables, activity, groups).finish()
  }

  private func feed(_ backup: OpenedBackup, to command: String) throws(BackupError) {
    guard case .file(let file, _) = target.source else {
      throw BackupError(.unsupported, "the instance '\(target.id)' is not restored from one file")
    }
    let activity = activity
    let filter = try CommandFilter(command, variables, activity, groups)
    var (isRead, failure, progress) = (true, BackupError?.none, BackupObserver.Progress())
    do throws(BackupError) {
      try backup.read(Array(file.utf8)) { (bytes: RawSpan) throws(ArchiveError) in
        if activity.isCancelled { throw ArchiveError(.cancelled, "the restore was given up") }
        progress.bytesRead += UInt64(bytes.byteCount)
        activity.progress = progress
        guard isRead else { return }
        do throws(BackupError) { isRead = try filter.write(bytes) } catch {
          throw ArchiveError(.io, error.reason)
        }
      }
    } catch {
      failure = error
    }
    // The end of its input must not look like the end of the data.
    if let failure {
      filter.abort()
      throw failure
    }
    try filter.finish()
  }
}
