// SPDX-License-Identifier: Apache-2.0

// The tool is killed at random times while it works on a repository: what was complete before stays restorable.
import Foundation
import TestSupport
import Testing

@Suite("kills while a repository is changed")
struct BackupKillTests {
  /// What the test knows of the repository, which the killed process cannot spoil.
  private struct Model {
    /// The backups that are complete, with what their one file holds.
    var complete: [String: String] = [:]
    /// Those that the operation at hand may remove.
    var doomed: Set<String> = []
    var number = 0
  }

  /// When to kill: at random within a reach that follows what the machine does, so that about half of the runs are
  /// killed, whatever else it has to do.
  private struct KillTime {
    private var reach = 50_000.0

    func next(_ random: inout SeededRandom) -> UInt32 { UInt32.random(in: 0..<UInt32(reach), using: &random) }

    mutating func note(wasKilled: Bool) { reach = min(max(reach * (wasKilled ? 1.25 : 0.8), 1000), 60_000_000) }
  }

  private static let isLong = ProcessInfo.processInfo.environment["CODECKIT_LONG"] != nil
  private static let rounds = isLong ? 2400 : 40
  /// How many kills are enough.
  private static let wanted = isLong ? 800 : 40

  private let folder: TemporaryFolder
  private let tool: String

  init() throws {
    folder = try TemporaryFolder(inMemory: true)
    tool = try #require(ToolBinary.location, "there is no built tool")
  }

  /// Runs the tool; kills it after some microseconds, unless it has ended before.
  ///
  /// - Returns: its status, `nil` when it was killed, and what it wrote.
  @discardableResult
  private func run(_ words: [String], killedAfter microseconds: UInt32? = nil) throws -> (status: Int32?, text: String)
  {
    let process = Process()
    process.executableURL = URL(filePath: tool)
    process.arguments = ["backup"] + words + ["-R", folder.location("repo")]
    process.environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"]
    let output = folder.location("output")
    _ = FileManager.default.createFile(atPath: output, contents: nil)
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    if let microseconds {
      // The time is the random part of the test, nothing is synchronised by it.
      usleep(microseconds)
      kill(process.processIdentifier, SIGKILL)
    }
    process.waitUntilExit()
    let text = String(decoding: folder.contents("output") ?? [], as: UTF8.self)
    return (process.terminationReason == .exit ? process.terminationStatus : nil, text)
  }

  /// The bytes of a file of a backup.
  private func restored(_ backup: String, _ path: String) throws -> [UInt8]? {
    guard try run(["restore", backup, "--stdout", path]).status == 0 else { return nil }
    return folder.contents("output")
  }

  private func list() throws -> [(name: String, state: String)] {
    let (status, text) = try run(["list", "--json"])
    #expect(status == 0)
    return try text.split(separator: "\n").compactMap { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard object?["type"] as? String == "backup" else { return nil }
      return (object?["name"] as? String ?? "", object?["state"] as? String ?? "")
    }
  }

  /// Chooses an operation.
  private func operation(_ model: inout Model, _ random: inout SeededRandom) throws -> [String] {
    model.doomed = []
    let victim = model.complete.keys.sorted().randomElement(using: &random)
    switch (UInt8.random(in: 0..<14, using: &random), victim) {
    case (0, let victim?):
      model.doomed = [victim]
      return ["delete", victim, "--merge-first"]
    case (1, _), (8, _):
      model.doomed = Set(model.complete.keys)
      return ["prune", "--keep-last", "3"]
    case (4, _):
      model.doomed = Set(model.complete.keys)
      return ["prune", "--keep-last", "3", "--merge-first"]
    case (5, let victim?), (6, let victim?):
      // Those below it may go, the victim itself may not. Of a full one there is nothing to merge.
      model.doomed = Set(model.complete.keys).subtracting([victim])
      return ["merge", victim, "--replace"]
    case (7, let victim?):
      model.number += 1
      try folder.write("source", Array((model.complete[victim] ?? "").utf8))
      return ["merge", victim, "--name", "backup-\(model.number)"]
    case (2, let victim?): return ["update", victim, "--description", "round \(model.number)"]
    case (3, _): return ["rebuild"]
    default:
      model.number += 1
      let text =
        "content \(model.number) "
        + String(repeating: "x\(model.number)", count: Int.random(in: 0..<200_000, using: &random))
      try folder.write("source", Array(text.utf8))
      let parent = Bool.random(using: &random) ? "auto" : "none"
      return [
        "create", "backup-\(model.number)", "source", "-C", folder.location(""), "--instance", "db", "--parent", parent,
      ]
    }
  }

  @Test("a kill at any time loses nothing that was complete, and the next command goes on")
  func kills() throws {
    var random = SeededRandom("backup kills")
    try run(["init"])
    var model = Model()
    var kills: [String: Int] = [:]
    var rounds = 0
    var killTime = KillTime()
    for round in 0..<Self.rounds {
      if kills.values.reduce(0, +) == Self.wanted { break }
      rounds += 1
      if rounds.isMultiple(of: 500) { print("kills: \(kills.values.reduce(0, +)) in \(rounds) runs, so far") }
      let before = model.number
      let words = try operation(&model, &random)
      let (status, _) = try run(words, killedAfter: killTime.next(&random))
      killTime.note(wasKilled: status == nil)
      // A full backup cannot be merged: that is refused with status 8.
      let isFine = status == 0 || words[0] == "merge" && status == 8
      if status == nil { kills[words[0], default: 0] += 1 } else { #expect(isFine, "round \(round): \(words[0])") }
      let label = "round \(round): \(words.joined(separator: " ")), \(status == nil ? "killed" : "done")"

      let rows = try list()
      #expect(rows.allSatisfy { ["complete", "failed", "skipped"].contains($0.state) }, "\(label)")
      let there = Set(rows.filter { $0.state == "complete" }.map(\.name))
      for name in model.complete.keys where !there.contains(name) {
        #expect(model.doomed.contains(name), "\(label): \(name) is lost")
        model.complete[name] = nil
      }
      if model.number > before {
        let name = "backup-\(model.number)"
        if there.contains(name) {
          model.complete[name] = String(decoding: folder.contents("source") ?? [], as: UTF8.self)
        } else {
          #expect(status == nil || status == 8, "\(label): it was not made")
        }
      }
      #expect(there == Set(model.complete.keys), "\(label)")
      #expect(try run(["verify", "-T1"]).status == 0, "\(label)")
      if let name = model.complete.keys.sorted().randomElement(using: &random) {
        let (status, text) = try run(["restore", name, "--stdout", "source"])
        let isSame = text == model.complete[name]
        #expect(status == 0 && isSame, "\(label): \(name): \(text.prefix(40)), \(text.utf8.count) bytes")
      }
    }
    let total = kills.values.reduce(0, +)
    let parts = kills.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    print("kills at random times: \(total) of \(rounds) runs: \(parts)")
    #expect(total > 0, "no run was killed before its end")
    #expect(total < rounds, "no run came to its end")
    // Nothing is left but what belongs to somebody.
    #expect(try run(["prune", "--keep-last", "1", "--merge-first"]).status == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.location("repo/partial"))
    #expect(names.isEmpty, "\(names)")
    let complete = try list().filter { $0.state == "complete" }
    let archives = try FileManager.default.contentsOfDirectory(atPath: folder.location("repo/archives"))
    #expect(archives.count == complete.count && complete.count <= 2)
    #expect(try run(["verify", "-T1"]).status == 0)
  }

  @Test("create --resume comes to its end after any number of kills, with all that it should hold")
  func resumedKills() throws {
    var random = SeededRandom("resumed kills")
    try run(["init"])
    try FileManager.default.createDirectory(atPath: folder.location("tree"), withIntermediateDirectories: true)
    let words = { (number: Int) in
      [
        "create", "backup-\(number)", "tree", "-C", folder.location(""), "--instance", "tree", "--resume", "--parent",
        "auto",
      ]
    }
    var killTime = KillTime()
    for round in 0..<(Self.isLong ? 40 : 4) {
      for _ in 0..<20 {
        let name = "tree/file\(Int.random(in: 0..<40, using: &random))"
        try folder.write(name, (0..<8192).map { _ in UInt8.random(in: .min ... .max, using: &random) })
      }
      for _ in 0..<(round == 0 ? 0 : 3) {
        let (status, _) = try run(words(round), killedAfter: killTime.next(&random))
        killTime.note(wasKilled: status == nil)
        // Those that were complete before stay so, whatever is left of this one.
        #expect(try run(["verify", "-T1"]).status == 0, "round \(round)")
      }
      let (status, _) = try run(words(round))
      // It may have been complete when the kill came: then its name is taken.
      #expect(status == 0 || status == 8, "round \(round)")
      #expect(try list().filter { $0.state == "complete" }.count == round + 1, "round \(round)")
      #expect(try run(["verify", "backup-\(round)", "--deep", "--chain"]).status == 0, "round \(round)")
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.location("tree")).prefix(5) {
        let isSame = try restored("backup-\(round)", "tree/\(name)") == folder.contents("tree/\(name)")
        #expect(isSame, "round \(round): \(name)")
      }
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.location("repo/partial"))
    #expect(names.isEmpty, "\(names)")
  }
}
