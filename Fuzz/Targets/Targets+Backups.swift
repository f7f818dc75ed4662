// SPDX-License-Identifier: Apache-2.0

// Repositories: what their files say, and what names and rules may be.

import ArchiveKit
import BackupKit
import SystemIO
import TextFormats

extension FuzzTarget {
  private static let now = Timestamp(seconds: 1_800_000_000)

  static let backups: [FuzzTarget] = [
    FuzzTarget(
      "backup_records", "a repository whose records say anything, in any relation to each other",
      longestInput: 4 << 10,
      words: [
        "\"state\":\"complete\"", "\"parent\":", "\"depth\":", "\"retention\":\"30 days\"", "\"protected\":false",
        "\"format\":1", "\"created\":", "\"history\":[]", "deleting", "merging", "running", "failed",
        "9999-12-31T23:59:59Z",
      ],
      seeds: {
        let first = record(1)
        let second = record(2, parent: 1)
        let third = record(3, parent: 2, "merging")
        return [
          first, first + [10] + second,
          [first, second, third, record(4, "deleting")].joined(separator: [10]).map(\.self),
        ]
      }, check: checkRecords),
    FuzzTarget(
      "backup_settings", "what a repository says of itself", longestInput: 1 << 10,
      words: ["\"format\":1", "\"id\":", "\"created\":", "\"defaults\":{\"retention\":\"7 days\"}"],
      seeds: {
        let storage = MemoryStorage()
        try Repository.create(in: storage, .init(createdAt: now, retention: try Retention(30, .day)))
        return [try storage.contents(of: .repository, limit: 1 << 20) ?? []]
      },
      check: { input in
        let storage = MemoryStorage()
        try storage.prepare()
        try storage.put(.repository, input)
        guard let repository = try? Repository(opening: storage, clock: { now }, pause: { _ in }) else { return }
        try require(try repository.records().isEmpty, "backups out of nothing")
      }),
    FuzzTarget(
      "backup_rules", "names and descriptions of backups: what is accepted keeps the rules", longestInput: 400,
      seeds: { ["nightly-0413", "ab", "1abc", "with space", "a<b", "é\u{301}llo"].map { [0] + Array($0.utf8) } },
      check: { input in
        var choices = OptionBytes(input)
        let flags = choices.byte()
        let text = String(decoding: choices.data, as: UTF8.self)
        let rules = BackupRules {
          $0.nameForm = flags & 1 == 0 ? .identifier : .text
          $0.nameLength = flags & 2 == 0 ? 4...64 : 1...8
          if flags & 4 != 0 { $0.forbiddenInDescriptions = [] }
        }
        if (try? rules.check(name: text)) != nil {
          try require(rules.nameLength.contains(text.unicodeScalars.count), "a name of another length")
          try require(
            text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
            "a name with control characters"
          )
          if flags & 1 == 0 { try require(text.utf8.allSatisfy { $0 < 128 && $0 > 32 && $0 != 47 }, "no identifier") }
        }
        if (try? rules.check(description: text)) != nil {
          try require(
            text.unicodeScalars.count <= rules.maximumDescriptionLength, "a description that is too long")
          try require(
            !text.unicodeScalars.contains { rules.forbiddenInDescriptions.contains($0) }, "a forbidden character")
        }
      }),
  ]

  private static func id(_ number: Int) -> BackupID {
    BackupID(ArchiveUUID([UInt8](repeating: UInt8(number), count: 16)))
  }

  private static func record(_ number: Int, parent: Int? = nil, _ state: String = "complete") -> [UInt8] {
    var object: JSONValue = [
      "format": 1, "id": .string(id(number).description), "name": .string("backup-\(number)"), "instance": "main",
      "origin": "here", "created": "2027-01-0\(number)T00:00:00Z", "updated": "2027-01-0\(number)T01:00:00Z",
      "state": .string(state), "protected": false, "retention": "7 days", "depth": .uint(UInt64(parent ?? 0)),
      "logical": 1000, "stored": 500, "history": [["time": "2027-01-01T00:00:00Z", "state": "running"]],
    ]
    if let parent { object.add("parent", .string(id(parent).description)) }
    return Array(JSONWriter.text(object).utf8)
  }

  @Sendable private static func checkRecords(_ input: [UInt8]) throws {
    let storage = MemoryStorage()
    try Repository.create(in: storage, .init(createdAt: now))
    for (number, line) in input.split(separator: 10).prefix(8).enumerated() {
      // Under the name that it claims, or under another one.
      let claimed = (try? JSONReader.value(Array(line)))?["id"]?.text.flatMap { BackupID($0) }
      try storage.put(.state(claimed ?? id(number)), Array(line))
    }
    // What is said of records that cannot be used comes as problems. Nothing here may fail for what they say, but for
    // records of versions to come: who does not know them leaves all as it is.
    let rebuilt: (backups: Int, restored: [BackupRecord], problems: [String])
    do throws(BackupError) { rebuilt = try Repository.rebuild(storage, clock: { now }) } catch {
      if error.code == .unsupportedVersion { return }
      throw error
    }
    let repository = try Repository(opening: storage, clock: { now }, pause: { _ in })
    let written = try repository.writtenRecords()
    try require(written.count == rebuilt.backups, "\(written.count) records of \(rebuilt.backups)")
    // A deletion that was interrupted comes to its end.
    let records = try repository.records()
    try require(
      records.allSatisfy { written.map(\.id).contains($0.id) && $0.state != .deleting }, "a deletion that stays")
    _ = try repository.statistics()
    for record in records {
      try require(try repository.record(record.id).id == record.id, "another record")
      _ = record.isExpired(at: now)
      if let chain = try? repository.chain(of: record) {
        try require(Set(chain.map(\.id)).count == chain.count, "a chain that runs in a circle")
      }
      for children in [DeletionPlan.Children.refuse, .delete, .merge] {
        guard let plan = try? repository.deletionPlan(for: record.id, children: children) else { continue }
        try require(!plan.members.contains(where: \.isProtected), "a protected backup would go")
        _ = plan.freed
      }
      _ = try? repository.find(record.name)
    }
    for policy in [PrunePolicy { $0.removesExpired = true }, PrunePolicy { $0.last = 1 }, PrunePolicy { $0.daily = 2 }]
    {
      guard let plan = try? repository.prunePlan(policy) else { continue }
      try require(!plan.deletion.members.contains(where: \.isProtected), "a protected backup would go")
      let leaving = Set(plan.deletion.members.map(\.id))
      let merged = Set(plan.deletion.merges.map(\.id))
      for record in records where !leaving.contains(record.id) && !merged.contains(record.id) {
        guard record.state == .complete, let parent = record.parent else { continue }
        try require(!leaving.contains(parent), "what \(record.name) is made upon would go")
      }
    }
  }
}
