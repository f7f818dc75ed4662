// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// Deletes as a plan says, or only tells that plan, in the same words.
struct DeletionReport {
  private let plan: DeletionPlan
  private let command: String
  private let isDryRun: Bool
  /// Why each goes, where there is a reason.
  private let reasons: [BackupID: String]

  init(_ plan: DeletionPlan, command: String, isDryRun: Bool, reasons: [BackupID: String] = [:]) {
    self.plan = plan
    self.command = command
    self.isDryRun = isDryRun
    self.reasons = reasons
  }

  /// Does it, or tells it.
  func run(_ repository: OpenRepository, _ session: Session) throws(Failure) {
    if isDryRun {
      for record in plan.members { tell(record, session) }
    } else {
      try repository.attempt { (repository) throws(BackupError) in
        try repository.delete(plan) { tell($0, session) }
      }
    }
    repository.tellWarnings(session)
    let verb = isDryRun ? "would be freed" : "freed"
    session.reporter.detail(
      "\(plan.members.count) \(plan.members.count == 1 ? "backup" : "backups"), \(ByteCount(plan.freed)) \(verb)")
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
