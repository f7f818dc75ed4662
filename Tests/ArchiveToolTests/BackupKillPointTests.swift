// SPDX-License-Identifier: Apache-2.0

// The tool is killed right before each system call that changes anything, as strace counts them: no place is left out,
// those of the database included.
import Foundation
import TestSupport
import Testing

@Suite("kills at every system call that changes a repository")
struct BackupKillPointTests {
  enum Operation: String, CaseIterable, Sendable {
    case create, increment, update, cascade, mergeFirst, prune, replace, merge, rebuild

    var words: [String] {
      switch self {
      case .create: ["create", "fresh-one", "source", "--instance", "db"]
      case .increment: ["create", "fresh-one", "source", "--instance", "db", "--parent", "kept-one"]
      case .update: ["update", "victim-one", "--protect", "--description", "text"]
      case .cascade: ["delete", "victim-one", "--cascade"]
      case .mergeFirst: ["delete", "victim-one", "--merge-first"]
      case .prune: ["prune", "--keep-last", "1"]
      case .replace: ["merge", "child-one", "--replace"]
      case .merge: ["merge", "child-one", "--name", "fresh-one"]
      case .rebuild: ["rebuild"]
      }
    }

    /// Those that must be there afterwards.
    var keeps: [String] {
      switch self {
      case .cascade, .prune: ["kept-one"]
      case .mergeFirst, .replace: ["kept-one", "child-one"]
      default: ["kept-one", "child-one", "victim-one"]
      }
    }

    /// Places that a run must have been killed at, as `call folder`.
    var points: Set<String> {
      let archive: Set<String> = [
        "write partial", "fsync partial", "fsync archives", "fsync indexes", "fsync state", "write state",
      ]
      return switch self {
      case .create, .increment, .merge: archive.union(["renameat2 archives", "rename indexes", "rename state"])
      case .replace, .mergeFirst:
        archive.union(["rename archives", "rename indexes", "unlink archives", "unlink indexes", "unlink state"])
      case .update: ["write state", "fsync state", "rename state", "write locks"]
      case .cascade, .prune:
        [
          "unlink archives", "unlink indexes", "unlink state", "fsync archives", "fsync indexes", "fsync state",
          "write locks",
        ]
      case .rebuild: ["write locks", "pwrite64 catalogue"]
      }
    }
  }

  private static let isLong = ProcessInfo.processInfo.environment["CODECKIT_LONG"] != nil
  private static let canTrace: Bool = {
    guard let strace = ToolRunner.find("strace") else { return false }
    return (try? ToolRunner.run(strace, ["-o", "/dev/null", "true"]))?.status == 0
  }()

  /// Calls that change files, or say that something is to last. strace counts each by itself.
  private static let changing = [
    "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "unlink", "ftruncate", "link", "mkdir",
  ]

  @Test(
    "before whichever call that changes anything a command is killed, what was complete is restored and life goes on",
    .enabled(if: canTrace, "needs strace"), arguments: Operation.allCases)
  func everyCall(_ operation: Operation) throws {
    let backups = try BackupTool()
    try backups.run(["init"])
    for name in ["victim-one", "kept-one"] { try backups.backUp(name, of: "db") }
    try backups.backUp("child-one", of: "db", parent: "victim-one")
    // The newest one, for prune.
    try backups.must(["delete", "kept-one", "-q"])
    try backups.backUp("kept-one", of: "db")
    try backups.must(["update", "kept-one", "--protect", "--retention", "1y"])
    var hit: Set<String> = []
    var kills = 0
    var random = SeededRandom("kill points of \(operation.rawValue)")
    for name in Self.changing {
      var call = 1
      while let place = try kill(backups, operation, before: call, of: name) {
        kills += 1
        hit.insert("\(name) \(place)")
        // All of them take minutes: otherwise each run has places of its own.
        call += Self.isLong ? 1 : Int.random(in: 1...40, using: &random)
      }
    }
    let places = hit.sorted().joined(separator: ", ")
    print("kill points: \(operation.rawValue): \(kills) kills, \(hit.count) kinds of places: \(places)")
    if Self.isLong {
      #expect(operation.points.isSubset(of: hit), "never killed at \(operation.points.subtracting(hit).sorted())")
    }
    #expect(kills >= 3)
  }

  /// Kills an operation on a copy of the repository before a call, and looks at what is left.
  ///
  /// - Returns: what the call was about; `nil` when there were not so many.
  private func kill(
    _ backups: BackupTool, _ operation: Operation, before call: Int, of name: String
  ) throws -> String? {
    let copy = backups.folder.location("copy")
    try? FileManager.default.removeItem(atPath: copy)
    try FileManager.default.copyItem(atPath: backups.folder.location("repo"), toPath: copy)
    try backups.write("source", "fresh-one content of fresh-one ")
    let trace = backups.folder.location("trace")
    let words = operation.words + (operation.words[0] == "create" ? ["-C", backups.folder.location("")] : [])
    let process = try backups.process(
      try #require(ToolRunner.find("strace")),
      [
        "-f", "-qq", "-y", "-s", "4096", "-o", trace, "-e", "trace=\(name)", "-e", "signal=none",
        "-e", "inject=\(name):signal=SIGKILL:when=\(call)", backups.tool,
      ] + backups.arguments(words, in: "copy"), output: "traced")
    try process.run()
    process.waitUntilExit()
    // strace ends by the signal that ended what it ran.
    let isKilled = process.terminationReason == .uncaughtSignal
    let place = Self.place(backups.text("trace"))
    let label = "\(operation.rawValue), killed before \(name) number \(call), \(place)"
    #expect(isKilled || process.terminationStatus == 0, "\(label): \(backups.text("traced.errors"))")
    if isKilled { try look(backups, operation, label) }
    return isKilled ? place : nil
  }

  /// What the next ones find.
  private func look(_ backups: BackupTool, _ operation: Operation, _ label: String) throws {
    let states = try backups.list(in: "copy")
    #expect(states.values.allSatisfy { ["complete", "failed", "skipped"].contains($0) }, "\(label): \(states)")
    let (status, _, errors) = try backups.run(["verify", "-T1"], in: "copy")
    #expect(status == 0, "\(label): \(errors)")
    for name in operation.keeps {
      #expect(states[name] == "complete", "\(label): \(name) is \(states[name] ?? "lost")")
      try backups.expectContent(name, in: "copy", label)
    }
    let shown = try backups.run(["show", "kept-one", "--json"], in: "copy").text
    #expect(shown.contains(#""protected":true,"retention":"1y""#), "\(label): \(shown)")
    // The next one of the instance tidies up.
    let (made, _, why) = try backups.run(
      ["create", "next-one", "source", "-C", backups.folder.location(""), "--instance", "db", "--parent", "auto"],
      in: "copy")
    #expect(made == 0, "\(label): \(why)")
    let left = try FileManager.default.contentsOfDirectory(atPath: backups.folder.location("copy/partial"))
    #expect(left.isEmpty, "\(label): \(left)")
    let archives = try FileManager.default.contentsOfDirectory(atPath: backups.folder.location("copy/archives"))
    let complete = try backups.list(in: "copy").values.count { $0 == "complete" }
    #expect(archives.count == complete, "\(label): \(archives.count) archives of \(complete) backups")
  }

  /// The folder that the last call of a trace was about, which was not made any more.
  private static func place(_ trace: String) -> String {
    let line = trace.split(separator: "\n").last { $0.contains("(") } ?? ""
    // Of a rename the new name, which comes last. What is written may be anything, and names stand before it.
    let names = line.prefix(600).split(whereSeparator: { "\"<>".contains($0) }).filter { $0.hasPrefix("/") }
    guard let name = names.last(where: { $0.contains("/copy/") }), let range = name.range(of: "/copy/") else {
      return names.isEmpty ? "elsewhere" : "the repository"
    }
    let rest = name[range.upperBound...]
    return rest.hasPrefix("catalogue") ? "catalogue" : String(rest.split(separator: "/").first ?? "")
  }
}
