// SPDX-License-Identifier: Apache-2.0

// Two processes on one repository: each command while another one holds a lock, and each pair of commands at once.
import Foundation
import SystemIO
import TestSupport
import Testing

@Suite("two processes on a repository")
struct BackupPairTests {
  /// A command, with what it adds and removes when it succeeds.
  private struct Call {
    var words: [String]
    var adds: Set<String> = []
    var removes: Set<String> = []
    /// What it removes depends on what it finds.
    var mayRemove: Set<String> = []
    var status: Lock = .none

    var name: String { words.prefix(1).joined() + (words.contains("--replace") ? " --replace" : "") }

    /// What it needs of the instance `db`.
    enum Lock { case none, shared, exclusive, whole }
  }

  private static let isLong = ProcessInfo.processInfo.environment["CODECKIT_LONG"] != nil
  private static let names: Set<String> = ["full-one", "child-one", "other-one", "web-one"]

  private let backups: BackupTool

  init() throws {
    backups = try BackupTool()
    try backups.run(["init"])
    try backups.backUp("full-one", of: "db")
    try backups.backUp("child-one", of: "db", parent: "full-one")
    try backups.backUp("other-one", of: "db")
    try backups.backUp("web-one", of: "web")
    try backups.write("source", "fresh-one content of fresh-one ")
    try backups.folder.makeFolder("out")
  }

  private var calls: [Call] {
    let db: Set<String> = ["full-one", "child-one", "other-one"]
    let place = ["source", "-C", backups.folder.location(""), "--instance", "db"]
    return [
      Call(words: ["create", "fresh-one"] + place + ["--parent", "auto"], adds: ["fresh-one"], status: .exclusive),
      Call(words: ["update", "child-one", "--description", "text"], status: .exclusive),
      Call(words: ["delete", "other-one"], removes: ["other-one"], status: .exclusive),
      Call(words: ["merge", "child-one", "--replace"], removes: ["full-one"], status: .exclusive),
      Call(words: ["merge", "child-one", "--name", "merged-one"], adds: ["merged-one"], status: .exclusive),
      Call(words: ["prune", "--keep-last", "1", "--instance", "db"], mayRemove: db, status: .exclusive),
      Call(
        words: ["restore", "child-one", "--target", backups.folder.location("out"), "--overwrite", "always"],
        status: .shared),
      Call(words: ["verify", "-T1"], status: .shared),
      Call(words: ["find", "source"], status: .shared),
      Call(words: ["diff", "full-one", "child-one"], status: .shared),
      Call(words: ["list"]), Call(words: ["show", "child-one"]), Call(words: ["stats"]),
      Call(words: ["rebuild"], status: .whole), Call(words: ["unlock"]),
    ]
  }

  // MARK: - While somebody holds a lock

  private func isLocked(_ call: Call, _ name: String, _ mode: FileLock.Mode) -> Bool {
    switch (call.status, name, mode) {
    case (.none, _, _): false
    case (.shared, "db", .shared): false
    case (.whole, "db", _): false
    case (.shared, "%all", .shared), (.exclusive, "%all", .shared): false
    default: true
    }
  }

  @Test(
    "while another process holds a lock, each command that needs it ends with 11 and names the holder, all others work",
    arguments: [("db", FileLock.Mode.exclusive), ("db", .shared), ("%all", .exclusive), ("%all", .shared)])
  func held(_ name: String, _ mode: FileLock.Mode) throws {
    for call in calls {
      try copyRepository()
      let path = backups.folder.path("copy/locks/\(name)")
      guard let lock = try FileLock.take(path, mode) else {
        Issue.record("the lock \(name) of a copy is held")
        continue
      }
      if mode == .exclusive {
        try lock.write(
          Array(#"{"host":"elsewhere","pid":4711,"since":"2026-04-12T02:00:00Z","operation":"create"}"#.utf8))
      }
      let (status, text, errors) = try backups.run(call.words, in: "copy")
      let label =
        "\(call.name) while \(name) is held\(mode == .shared ? " for reading" : ""): \(status) \(text) \(errors)"
      // Who only tidies up says what is held, and who looks at several backups looks at the others.
      if call.words[0] == "unlock" {
        #expect(status == (mode == .exclusive ? 11 : 0), "\(label)")
      } else if isLocked(call, name, mode) {
        #expect(status == 11, "\(label)")
        if mode == .exclusive { #expect(errors.contains("create on elsewhere, process 4711, since 2026"), "\(label)") }
      } else {
        #expect(status == (call.words[0] == "diff" ? 1 : 0), "\(label)")
      }
      lock.release()
      // What was refused has changed nothing, and works now.
      if status == 11, call.words[0] != "unlock" {
        #expect(try Set(backups.list(in: "copy").keys) == Self.names, "\(label)")
        let (status, _, errors) = try backups.run(call.words, in: "copy")
        #expect(status == (call.words[0] == "diff" ? 1 : 0), "\(call.name) afterwards: \(errors)")
      }
    }
  }

  // MARK: - At once

  @Test("of each two commands that run at once both do what they say, or one says why it does not")
  func pairs() throws {
    var random = SeededRandom("pairs of commands")
    let calls = calls
    var refused = 0
    var runs = 0
    for _ in 0..<(Self.isLong ? 10 : 1) {
      for (index, left) in calls.enumerated() {
        // All of them take half a minute: otherwise each run has pairs of its own.
        for right in calls[index...] where Self.isLong || Int.random(in: 0..<4, using: &random) == 0 {
          try copyRepository()
          refused += try atOnce(left, right, delay: UInt32.random(in: 0..<8000, using: &random))
          runs += 1
        }
      }
    }
    print("pairs of commands: \(runs), of which \(refused) had one that was refused")
  }

  /// - Returns: how many of the two were refused.
  private func atOnce(_ left: Call, _ right: Call, delay: UInt32) throws -> Int {
    let first = try backups.process(
      backups.tool, backups.arguments(left.words, in: "copy"), output: "first")
    let second = try backups.process(
      backups.tool, backups.arguments(right.words, in: "copy"), output: "second")
    try first.run()
    // When the second one comes is the random part of the test, nothing is synchronised by it.
    usleep(delay)
    try second.run()
    first.waitUntilExit()
    second.waitUntilExit()
    let label = "\(left.name) and \(right.name)"
    var expected = Self.names
    var uncertain: Set<String> = []
    var refused = 0
    for (call, process, output) in [(left, first, "first"), (right, second, "second")] {
      let status = process.terminationStatus
      let errors = backups.text(output + ".errors")
      // 1 is what find, diff and restore say of what has gone meanwhile; 8 and 11 that it is not allowed now.
      #expect(process.terminationReason == .exit && [0, 1, 8, 11].contains(status), "\(label): \(status) \(errors)")
      let isDone = status == 0 || call.words[0] == "diff" && status == 1
      if !isDone {
        refused += 1
        #expect(errors.hasPrefix("archivetool: "), "\(label): \(call.name) says nothing")
      } else {
        expected.formUnion(call.adds)
        expected.subtract(call.removes)
        uncertain.formUnion(call.mayRemove)
        uncertain.formUnion(call.mayRemove.isEmpty ? [] : call.adds)
      }
    }
    // A newer one may make prune let go what it would have kept.
    if !uncertain.isEmpty { uncertain.formUnion(["fresh-one", "merged-one"]) }
    #expect(refused < 2, "\(label): \(backups.text("first.errors")) \(backups.text("second.errors"))")
    let states = try backups.list(in: "copy")
    #expect(states.values.allSatisfy { $0 == "complete" || $0 == "failed" }, "\(label): \(states)")
    let there = Set(states.filter { $0.value == "complete" }.keys)
    #expect(there.subtracting(uncertain) == expected.subtracting(uncertain), "\(label): \(states)")
    let (status, _, errors) = try backups.run(["verify", "-T1"], in: "copy")
    #expect(status == 0, "\(label): \(errors)")
    for name in there where name != "merged-one" { try backups.expectContent(name, in: "copy", label) }
    return refused
  }

  private func copyRepository() throws {
    let (from, to) = (backups.folder.location("repo"), backups.folder.location("copy"))
    try? FileManager.default.removeItem(atPath: to)
    try FileManager.default.copyItem(atPath: from, toPath: to)
  }
}
