// SPDX-License-Identifier: Apache-2.0

/// A backup in the queue.
internal import BackupKit
internal import SystemIO

/// Makes a backup when its turn comes.
final class BackupWork: WorkQueue.Work {
  private let pending: PendingBackup
  private let instance: InstanceConfiguration
  private let activity: Activity
  private let log: ServiceLog
  private let groups: ChildGroups

  /// - Parameters:
  ///   - pending: the backup.
  ///   - instance: what is backed up.
  ///   - activity: what is said of it, and how far it is.
  ///   - log: what the service says.
  ///   - groups: where its command is ended.
  init(
    _ pending: PendingBackup, of instance: InstanceConfiguration, _ activity: Activity, _ log: ServiceLog,
    _ groups: ChildGroups
  ) {
    self.pending = pending
    self.instance = instance
    self.activity = activity
    self.log = log
    self.groups = groups
  }

  private var subject: String { "backup \(pending.record.id) of '\(instance.id)'" }

  func run() -> UInt64? {
    activity.add("the backup of \(instance.id) begins")
    let observer = BackupObserver { [activity] in
      $0.progress = { activity.progress = $0 }
      $0.isCancelled = { activity.isCancelled }
      $0.warn = { activity.add("warning: \($0)") }
      $0.note = { activity.add($0) }
    }
    do throws(BackupError) {
      switch try pending.attempt(from: producer(), observer) {
      case .waiting(let nanoseconds):
        log.add("\(subject) waits for its next attempt")
        return nanoseconds
      case .complete(let record):
        activity.add("complete: \(record.sizes.stored) bytes stored, \(record.sizes.warnings) warnings")
        log.add("\(subject) is complete: \(record.sizes.stored) bytes")
      }
    } catch {
      // Given up is only what the end of the service does not wait for.
      let isCanceled = error.code == .cancelled
      activity.add("\(isCanceled ? "canceled" : "failed"): \(error.reason)")
      log.add(isCanceled ? "\(subject) is canceled" : "\(subject) has failed: \(error.reason)")
    }
    activity.end()
    return nil
  }

  /// The backup.
  var id: BackupID { pending.record.id }

  /// Gives it up for good, unless it is being made.
  ///
  /// - Returns: whether it was given up.
  func cancel(_ reason: String) -> Bool {
    guard pending.cancel(reason) else { return false }
    activity.add("canceled: \(reason)")
    activity.end()
    return true
  }

  func giveUp(_ reason: String) {
    // The next service makes it: its record is as it was.
    pending.leave()
    activity.add("left for later: \(reason)")
    log.add("\(subject) is left for later: \(reason)")
    activity.end()
  }

  private func producer() -> any BackupProducer {
    let variables = instance.environment.map { ($0.name, $0.value) }
    return switch instance.source {
    case .folder(let folder): TreeProducer([Path(".")], from: folder)
    case .file(let file, let command):
      CommandProducer(command, as: Array(file.utf8), variables: variables, in: groups)
    case .members(let form, let command):
      CommandProducer(command, members: form, variables: variables, in: groups)
    }
  }
}
