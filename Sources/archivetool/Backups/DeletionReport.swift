// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CodecKit
import CommandLineKit
import SystemIO

/// Merges and deletes as a plan says, or only tells that plan, in the same words.
struct DeletionReport {
  private let plan: DeletionPlan
  private let command: String
  private let isDryRun: Bool
  private let options: BackupMergeOptions
  /// Why each goes, where there is a reason.
  private let reasons: [BackupID: String]

  init(
    _ plan: DeletionPlan, command: String, isDryRun: Bool, reasons: [BackupID: String] = [:],
    _ options: BackupMergeOptions = .init()
  ) {
    self.options = options
    self.plan = plan
    self.command = command
    self.isDryRun = isDryRun
    self.reasons = reasons
  }

  /// Does it, or tells it.
  func run(_ repository: OpenRepository, _ session: Session) throws(Failure) {
    if isDryRun {
      for record in plan.merges { tell(merge: record, session) }
      for record in plan.members { tell(record, session) }
    } else {
      let progress = session.progress
      if let first = plan.merges.first { progress.begin(first.name, total: nil) }
      let observer = BackupObserver {
        $0.progress = { state in
          progress.update(
            PumpProgress(bytesRead: state.bytesRead, bytesIn: state.bytesRead, bytesOut: state.bytesWritten))
        }
      }
      try repository.attempt { (repository) throws(BackupError) in
        try repository.delete(
          plan, options, observer, merged: { tell(merge: $0, session) }, removed: { tell($0, session) })
      }
    }
    repository.tellWarnings(session)
    let verb = isDryRun ? "would be freed" : "freed"
    session.reporter.detail(
      "\(plan.members.count) \(plan.members.count == 1 ? "backup" : "backups"), \(ByteCount(plan.freed)) \(verb)")
  }

  private func tell(merge record: BackupRecord, _ session: Session) {
    session.reporter.print("merge \(Escaping.visible(record.name))")
    if !isDryRun {
      session.reporter.detail(
        "needs no parent any more, \(ByteCount(record.sizes.freed)) in the repository", subject: record.name)
    }
    session.reporter.emit([
      "type": "backup_merge", "v": 1, "command": .string(command), "id": .string(record.id.description),
      "name": .string(record.name), "instance": .string(record.instance), "dry_run": .bool(isDryRun),
    ])
  }

  private func tell(_ record: BackupRecord, _ session: Session) {
    let reason = reasons[record.id].map { "  (\(Escaping.visible($0)))" } ?? ""
    session.reporter.print("delete \(Escaping.visible(record.name))  \(ByteCount(record.sizes.freed))\(reason)")
    var object: JSONValue = [
      "type": "backup_deletion", "v": 1, "command": .string(command), "id": .string(record.id.description),
      "name": .string(record.name), "instance": .string(record.instance),
      "freed_bytes": .uint(record.sizes.freed), "dry_run": .bool(isDryRun),
    ]
    if let reason = reasons[record.id] { object.add("reason", .string(reason)) }
    session.reporter.emit(object)
    session.reporter.count(bytesIn: record.sizes.freed, bytesOut: 0)
  }
}
