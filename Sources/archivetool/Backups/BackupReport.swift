// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// The record of a backup, for people and for machines.
struct BackupReport {
  let record: BackupRecord
  /// The name of its parent, when it has one that is known.
  var parentName: String?

  /// `full` or `incremental`.
  var form: String { record.parent == nil ? "full" : "incremental" }

  /// The day and the minute, in UTC.
  static func minute(_ time: Timestamp) -> String {
    let text = time.rfc3339()
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
  }

  /// What keeps it, or what became of it.
  var keep: String {
    if record.state != .complete {
      if let failure = record.failure {
        return Escaping.visible(failure.reason) + (record.isResumable ? " (resume with --resume)" : "")
      }
      return record.state.isActive ? "" : "-"
    }
    if record.isProtected { return "protected" }
    if record.isKeptForever { return "forever" }
    return record.expiresAt.map { "until \($0.rfc3339().prefix(10))" } ?? "until deleted"
  }

  /// One JSON object.
  func json(command: String) -> JSONValue {
    var object: JSONValue = [
      "type": "backup", "v": 1, "command": .string(command), "id": .string(record.id.description),
      "name": .string(record.name), "instance": .string(record.instance), "state": .string(record.state.rawValue),
      "form": .string(form), "kind": .string(record.kind.rawValue),
      "created": .string(record.createdAt.rfc3339(fractionDigits: 9)),
    ]
    if let description = record.description { object.add("description", .string(description)) }
    if let parent = record.parent { object.add("parent", .string(parent.description)) }
    object.add("depth", .uint(UInt64(clamping: record.depth)))
    if let time = record.endedAt { object.add("ended", .string(time.rfc3339(fractionDigits: 9))) }
    object.add("protected", .bool(record.isProtected))
    if let retention = record.retention { object.add("retention", .string(retention.description)) }
    if let time = record.expiresAt { object.add("expires", .string(time.rfc3339(fractionDigits: 9))) }
    if let time = record.verifiedAt { object.add("verified", .string(time.rfc3339(fractionDigits: 9))) }
    if !record.engine.isEmpty { object.add("engine", .string(record.engine)) }
    if !record.databases.isEmpty { object.add("databases", .array(record.databases.map { .string($0) })) }
    if !record.codec.isEmpty { object.add("codec", .string(record.codec)) }
    if let position = record.position { object.add("position", .string(position)) }
    if record.state == .complete {
      object.add("logical_bytes", .uint(record.sizes.logical))
      object.add("unique_bytes", .uint(record.sizes.unique))
      object.add("stored_bytes", .uint(record.sizes.stored))
      object.add("freed_bytes", .uint(record.sizes.freed))
      object.add("entries", .uint(record.sizes.entries))
      object.add("warnings", .uint(record.sizes.warnings))
      object.add("content_root", .string(record.contentRoot))
    }
    if let failure = record.failure, record.state != .complete {
      object.add("failure", ["code": .string(failure.code), "reason": .string(failure.reason)])
    }
    guard command == "backup show" else { return object }
    if !record.log.isEmpty { object.add("log", .string(record.log)) }
    object.add(
      "history",
      .array(
        record.history.map { event in
          var step: JSONValue = [
            "time": .string(event.time.rfc3339(fractionDigits: 9)), "state": .string(event.state.rawValue),
          ]
          if let reason = event.reason { step.add("reason", .string(reason)) }
          return step
        }))
    return object
  }

  /// All there is to say, line by line.
  var lines: [String] {
    var rows: [(String, String)] = [
      ("name", record.name), ("id", record.id.description), ("instance", Escaping.visible(record.instance)),
    ]
    if let description = record.description { rows.append(("description", Escaping.visible(description))) }
    rows.append(("state", record.state.rawValue))
    rows.append(("kind", "\(form), \(record.kind == .automatic ? "by a timer or a policy" : "manual")"))
    if let parent = record.parent {
      rows.append(("parent", parentName.map { "\($0) (\(parent))" } ?? parent.description))
      rows.append(("ancestors", "\(record.depth)"))
    }
    rows.append(("created", "\(record.createdAt)"))
    if let time = record.endedAt { rows.append(("ended", "\(time)")) }
    rows.append(("kept", keptText))
    if let time = record.verifiedAt { rows.append(("verified", "\(time)")) }
    if !record.engine.isEmpty { rows.append(("engine", Escaping.visible(record.engine))) }
    if !record.databases.isEmpty {
      rows.append(("databases", record.databases.map { Escaping.visible($0) }.joined(separator: ", ")))
    }
    if !record.codec.isEmpty { rows.append(("codec", Escaping.visible(record.codec))) }
    if let position = record.position { rows.append(("position", Escaping.visible(position))) }
    if record.state == .complete {
      let sizes = record.sizes
      rows.append(("entries", NumberText.grouped(sizes.entries)))
      rows.append(("logical", size(sizes.logical, "a restore writes")))
      rows.append(("unique", size(sizes.unique, "of it new, not packed")))
      rows.append(("stored", size(sizes.stored, "in the repository")))
      rows.append(("freed", size(sizes.freed, "when it alone is deleted")))
      if sizes.warnings > 0 { rows.append(("warnings", NumberText.grouped(sizes.warnings))) }
      rows.append(("content root", record.contentRoot))
    }
    if let failure = record.failure, record.state != .complete {
      rows.append(("failure", Escaping.visible(failure.reason)))
    }
    for event in record.history {
      let reason = event.reason.map { ": \(Escaping.visible($0))" } ?? ""
      rows.append(("history", "\(event.time)  \(event.state.rawValue)\(reason)"))
    }
    for line in record.log.split(whereSeparator: \.isNewline) { rows.append(("log", Escaping.visible(String(line)))) }
    var last = ""
    return rows.map { row in
      // What has several lines is named once.
      let title = row.0 == last ? "" : row.0
      last = row.0
      return DisplayWidth.padded(title, to: 14, isRightAligned: false) + row.1
    }
  }

  private var keptText: String {
    if record.isProtected { return "protected" }
    return record.expiresAt.map { "until \($0)" } ?? "until it is deleted"
  }

  private func size(_ bytes: UInt64, _ meaning: String) -> String {
    "\(ByteCount(bytes)) (\(NumberText.grouped(bytes)) bytes) \(meaning)"
  }
}
