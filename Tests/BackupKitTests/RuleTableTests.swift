// SPDX-License-Identifier: Apache-2.0

// Each rule of backups by its name: that it holds, and what is said to whoever breaks it. The same table stands in
// Documentation/Reliability.md.
import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import BackupKit

@Suite("the table of rules")
struct RuleTableTests {
  /// A rule, and somebody who breaks it.
  struct Rule: Sendable, CustomTestStringConvertible {
    /// As the table calls it.
    var name: String
    var code: BackupError.Code
    /// What is said. `*` stands for what is another text each time.
    var message: String
    var breaks: @Sendable (TestRepository) throws -> Void

    var testDescription: String { name }
  }

  static let rules: [Rule] = [
    Rule(name: "name: length", code: .invalidValue, message: "a name has 4 to 64 characters, not 3: 'abc'") {
      try $0.backUp("abc")
    },
    Rule(name: "name: first letter", code: .invalidValue, message: "a name begins with a letter, not with '9': '9abc'")
    {
      try $0.backUp("9abc")
    },
    Rule(
      name: "name: characters", code: .invalidValue,
      message: "a name has letters, digits, - and _, not '.': 'back.up'"
    ) { try $0.backUp("back.up") },
    Rule(name: "name: unique", code: .nameInUse, message: "the name 'full' belongs to another backup") {
      try $0.backUp("full", of: "elsewhere")
    },
    Rule(
      name: "description: length", code: .invalidValue, message: "a description has at most 256 characters, not 257"
    ) { try $0.backUp("next") { $0.description = String(repeating: "a", count: 257) } },
    Rule(
      name: "description: characters", code: .invalidValue, message: "a description must not have a '=' in it: 'a=b'"
    ) { try $0.backUp("next") { $0.description = "a=b" } },
    Rule(name: "parent: exists", code: .parentUnusable, message: "the parent * does not exist") {
      try $0.backUp("next", parent: .backup(.random()))
    },
    Rule(name: "parent: complete", code: .parentUnusable, message: "the parent 'failed' is failed, not complete") {
      try $0.backUp("next", parent: .backup($0.repository.find("failed").id))
    },
    Rule(
      name: "parent: same instance", code: .parentUnusable,
      message: "the parent 'full' is a backup of 'db', not of 'elsewhere'"
    ) { try $0.backUp("next", of: "elsewhere", parent: .backup($0.repository.find("full").id)) },
    Rule(
      name: "parent: same content", code: .parentUnusable,
      message: "the parent 'full' cannot be used: the archive holds something else than its record says"
    ) { test in
      let full = try test.repository.find("full").id
      try test.repository.change(full) { (record) throws(BackupError) in record.contentRoot = "another" }
      try test.backUp("next", parent: .backup(full))
    },
    Rule(
      name: "chain: length", code: .parentUnusable, message: "the parent 'child' has 1 ancestors: 1 are allowed"
    ) { test in
      let child = try test.repository.find("child").id
      let request = BackupRequest(instance: "db") { $0.parent = .backup(child) }
      _ = try test.reopened(.init { $0.maximumDepth = 1 }).backUp(request, from: ScriptedProducer("x"))
    },
    Rule(
      name: "one at a time", code: .locked,
      message: "'db' is locked: create on *, process *, since 2026-04-12T02:00:00Z"
    ) { test in
      test.clock.set("2026-04-12T02:00:00Z")
      let locks = try test.repository.lock("db", .exclusive, "create")
      defer { locks.release() }
      try test.backUp("next")
    },
    Rule(name: "state: complete", code: .illegalMove, message: "the backup 'failed' is failed, not complete") { test in
      _ = try test.repository.open(test.repository.find("failed").id)
    },
    Rule(
      name: "state: legal moves", code: .illegalMove, message: "the backup 'full' is complete and cannot become running"
    ) { test in
      try test.repository.change(test.repository.find("full").id) { (record) throws(BackupError) in
        try record.move(to: .running, at: test.clock.now)
      }
    },
    Rule(
      name: "retention: range", code: .invalidValue,
      message: "a retention is 1 to 1000 hours, days, weeks, months or years, not 1001"
    ) { _ in _ = try Retention(parsing: "1001d") },
    Rule(
      name: "retention: unit", code: .invalidValue,
      message: "'5x' is no retention: a number and h, d, w, mo or y is one, such as 30d or 1y"
    ) { _ in _ = try Retention(parsing: "5x") },
    Rule(name: "delete: needed", code: .isNeeded, message: "'full' is needed by 'child'") { test in
      _ = try test.repository.deletionPlan(for: test.repository.find("full").id)
    },
    Rule(name: "delete: protected", code: .isProtected, message: "'other' is protected") { test in
      _ = try test.repository.deletionPlan(for: test.repository.find("other").id)
    },
    Rule(
      name: "delete: protected member", code: .isProtected,
      message: "'child', which would have to go with 'full', is protected"
    ) { test in
      _ = try test.repository.update(test.repository.find("child").id, .init { $0.isProtected = true })
      _ = try test.repository.deletionPlan(for: test.repository.find("full").id, children: .delete)
    },
    Rule(
      name: "delete: as planned", code: .isNeeded, message: "'late' needs one that was to be deleted"
    ) { test in
      let child = try test.repository.find("child").id
      let plan = try test.repository.deletionPlan(for: child)
      try test.backUp("late", parent: .backup(child))
      try test.repository.delete(plan)
    },
    Rule(
      name: "merge: has a parent", code: .illegalMove,
      message: "the backup 'full' builds on no other: there is nothing to merge"
    ) { test in _ = try test.repository.merge(test.repository.find("full").id, named: "merged") },
    Rule(
      name: "source: status", code: .sourceFailed, message: "the command ended with status 3: no database"
    ) { test in
      // Lines may end as those of other systems do: the last one is told alone.
      let command = CommandProducer(
        #"echo half; printf 'begun\r\nno database\r\n' >&2; exit 3"#, as: Array("file".utf8))
      _ = try test.repository.backUp(BackupRequest(instance: "db"), from: command)
    },
    Rule(
      name: "source: size", code: .sourceFailed, message: "the stream has 5 bytes, not the 7 that were announced"
    ) { test in
      let command = CommandProducer("echo half", as: Array("file".utf8), .init(size: 7))
      _ = try test.repository.backUp(BackupRequest(instance: "db"), from: command)
    },
    Rule(
      name: "source: digest", code: .sourceFailed, message: "the stream has the SHA-256 *, not * as was announced"
    ) { test in
      let digest = SHA256.hash(Array("other".utf8))
      let command = CommandProducer("echo half", as: Array("file".utf8), .init(digest: digest))
      _ = try test.repository.backUp(BackupRequest(instance: "db"), from: command)
    },
  ]

  @Test("whoever breaks a rule is told which one, of what, and where", arguments: rules)
  func rule(_ rule: Rule) throws {
    let test = try TestRepository()
    let full = try test.backUp("full")
    try test.backUp("child", parent: .backup(full.id))
    try test.backUp("other", of: "web") { $0.isProtected = true }
    expectError(.sourceFailed) {
      try test.repository.backUp(
        BackupRequest(instance: "db") { $0.name = "failed" },
        from: ScriptedProducer("x", failures: [BackupError(.sourceFailed, "no")]))
    }
    let error = try #require(expectError(rule.code) { try rule.breaks(test) })
    let parts = rule.message.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    var rest = error.reason[...]
    var fits = rest.hasPrefix(parts[0])
    for part in parts where fits {
      let place = part.isEmpty ? rest.startIndex..<rest.startIndex : rest.range(of: part)
      fits = place != nil
      if let place { rest = rest[place.upperBound...] }
    }
    #expect(fits && (rest.isEmpty || rule.message.hasSuffix("*")), "\(error.reason)")
    // A refusal leaves everything as it was.
    let names = try test.reopened().records().filter { $0.state == .complete }.map(\.name)
    #expect(Set(names).isSuperset(of: ["full", "child", "other"]))
    #expect(!names.contains("next") && !names.contains("merged"))
  }

  @Test("the table in the documentation has each rule with its message")
  func documentation() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(contentsOf: root.appending(path: "Documentation/Reliability.md"), encoding: .utf8)
    for rule in Self.rules {
      let row = "| \(rule.name) | \(rule.message.replacingOccurrences(of: "*", with: "…")) |"
      #expect(page.contains(row), "missing: \(row)")
    }
  }
}
