// SPDX-License-Identifier: Apache-2.0

import SystemIO
import Testing

// What names and descriptions may be, and which moves states make.
@testable import BackupKit

@Suite("rules of names, descriptions and states")
struct BackupRulesTests {
  private static let strict = BackupRules()

  @Test(
    "a name has 4 to 64 characters, a letter first, then letters, digits, - and _",
    arguments: [
      ("abcd", true), ("Abc-9_x", true), ("abc", false), ("1abc", false), ("-abc", false), ("ab cd", false),
      ("abcé", false), ("abc.d", false), ("abc/d", false), (String(repeating: "a", count: 64), true),
      (String(repeating: "a", count: 65), false), ("", false), ("abc\u{1B}[0m", false), ("ábcd", false),
    ])
  func names(_ name: String, _ isGood: Bool) {
    if isGood {
      #expect(throws: Never.self) { try Self.strict.check(name: name) }
    } else {
      expectError(.invalidValue) { try Self.strict.check(name: name) }
    }
  }

  @Test("the message says which rule, and which character")
  func message() {
    #expect(expectError(.invalidValue) { try Self.strict.check(name: "back up") }?.reason.contains("not ' '") == true)
    #expect(expectError(.invalidValue) { try Self.strict.check(name: "9abc") }?.reason.contains("with '9'") == true)
    #expect(expectError(.invalidValue) { try Self.strict.check(description: "a<b") }?.reason.contains("'<'") == true)
  }

  @Test("a description has at most 256 characters and none of > ! < \" & ' =", arguments: Array(">!<\"&'="))
  func descriptions(_ character: Character) {
    expectError(.invalidValue) { try Self.strict.check(description: "a\(character)b") }
    #expect(throws: Never.self) { try Self.strict.check(description: String(repeating: "é", count: 256)) }
    expectError(.invalidValue) { try Self.strict.check(description: String(repeating: "a", count: 257)) }
  }

  @Test("a character that must not be there is found under an accent too, and one that cannot be printed is named")
  func hiddenCharacters() {
    expectError(.invalidValue) { try Self.strict.check(description: "a=\u{301}b") }
    expectError(.invalidValue) { try Self.strict.check(description: "a&\u{200D}b") }
    let rules = BackupRules { $0.nameForm = .text }
    #expect(expectError(.invalidValue) { try rules.check(name: "back\u{1B}up") }?.reason.contains("U+001B") == true)
  }

  @Test("rules are a value: a front may allow names with blanks, and two of one name")
  func otherRules() throws {
    let rules = BackupRules {
      $0.nameForm = .text
      $0.nameLength = 1...64
      $0.uniqueness = .none
    }
    try rules.check(name: "My backup, 2026!")
    expectError(.invalidValue) { try rules.check(name: "a\nb") }
    let test = try TestRepository()
    let other = try test.reopened(rules)
    for _ in 0..<2 {
      _ = try other.backUp(BackupRequest(instance: "db") { $0.name = "My backup" }, from: ScriptedProducer("x"))
    }
    let error = expectError(.ambiguous) { try other.find("My backup") }
    #expect(error?.backups.count == 2)
  }

  @Test("states make the legal moves and no others")
  func moves() {
    let legal: [BackupState: Set<BackupState>] = [
      .queued: [.running, .skipped, .canceled], .running: [.complete, .failed, .canceled, .waiting],
      .waiting: [.running, .failed, .canceled], .complete: [.deleting], .failed: [.running, .deleting],
      .canceled: [.deleting], .skipped: [.deleting], .deleting: [.deleteFailed], .deleteFailed: [.deleting],
    ]
    for from in BackupState.allCases {
      for to in BackupState.allCases {
        #expect(from.mayBecome(to) == legal[from]?.contains(to), "\(from) to \(to)")
        var record = BackupRecord(
          id: .random(), name: "test", instance: "db", origin: "cli", time: Timestamp(seconds: 1))
        record.state = from
        if from.mayBecome(to) {
          #expect(throws: Never.self) { try record.move(to: to, at: Timestamp(seconds: 2), "why") }
          #expect(record.history.last == BackupEvent(Timestamp(seconds: 2), to, "why"))
        } else {
          expectError(.illegalMove) { try record.move(to: to, at: Timestamp(seconds: 2)) }
          #expect(record.state == from)
        }
      }
    }
  }

  @Test("a record is read as it was written")
  func records() throws {
    var record = BackupRecord(
      id: .random(), name: "nightly", instance: "/srv/\u{1B}é", origin: "cli",
      time: Timestamp(seconds: 1_776_000_000, nanoseconds: 123_456_789))
    record.description = "before the \\upgrade\n"
    record.parent = .random()
    record.depth = 3
    record.kind = .automatic
    record.databases = ["a", "b,c"]
    record.retries = 3
    record.retryInterval = 1 << 60
    record.retention = try Retention(3, .month)
    record.isProtected = true
    record.failure = .init(code: "io", reason: "full")
    record.log = "line\nline 💾"
    record.sizes.stored = .max
    record.contentRoot = "ab"
    record.position = "binlog.1"
    record.verifiedAt = Timestamp(seconds: 5)
    #expect(try BackupRecord(stateFile: record.stateFile) == record)
  }

  @Test(
    "what is no record is refused, and a newer one is told apart",
    arguments: [
      ("", BackupError.Code.catalogueDamaged), ("{}", .catalogueDamaged), ("{\"format\":2}", .unsupportedVersion),
      ("[", .catalogueDamaged),
    ])
  func badRecords(_ text: String, _ code: BackupError.Code) {
    expectError(code) { try BackupRecord(stateFile: Array(text.utf8)) }
  }
}
