// SPDX-License-Identifier: Apache-2.0

// The tool itself on everything hostile there is: each with its status and its reason, in bounded memory and time.

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Hostile catalogue")
struct HostileCatalogueTests {
  /// What is expected: a line for each run, `group | case | status of verb | what the tool says`.
  static let table = Vectors.packageRoot.appending(path: "Tests/ArchiveKitTests/Catalogue/expected.txt")

  /// The address space that a run may take. The tool alone takes about a third of it, for stacks and arenas.
  static let memoryLimit = 768 << 10

  /// A guard against endless work, not a measurement.
  static let timeLimit = 120

  /// The lines of one file, one for each run; a run that breaks a promise says so in its line.
  static func lines(_ hostile: HostileFile, tool: String) throws -> [String] {
    let folder = try TemporaryFolder()
    let (bytes, others) = try hostile.make()
    try folder.makeFolder("w")
    try folder.write("w/\(hostile.file)", bytes)
    for other in others { try folder.write("w/\(other.name)", other.bytes) }
    return try hostile.runs.map { arguments in
      try folder.makeFolder("w/out")
      let script = "ulimit -v \(memoryLimit); ulimit -f 4194304; exec timeout -s KILL \(timeLimit) \"$@\""
      let result = try ToolRunner.run(
        "/bin/sh",
        ["-c", script, "sh", tool] + arguments + ["-T1", "--no-progress", "--color", "never", "--no-config"],
        environment: ["LC_ALL": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no"],
        directory: URL(filePath: folder.location("w")), timeout: Double(timeLimit) * 2)
      let first = result.errorText.split(separator: "\n").first.map(String.init) ?? ""
      var text = first
      for prefix in ["archivetool: ", "\(hostile.file): "] where text.hasPrefix(prefix) {
        text = String(text.dropFirst(prefix.count))
      }
      // Nothing may appear but what was asked for, and no output of a stream that was refused.
      var expected = [hostile.file, "out"] + others.map(\.name)
      if result.status < 2 { expected.append("made.cka") }
      let strangers = Set(try FileManager.default.contentsOfDirectory(atPath: folder.location("w"))).subtracting(
        expected)
      if !strangers.isEmpty || folder.names != ["w"] { text += " LEFT \(strangers.sorted()) \(folder.names)" }
      try FileManager.default.removeItem(atPath: folder.location("w/out"))
      try? FileManager.default.removeItem(atPath: folder.location("w/made.cka"))
      return "\(hostile.group) | \(hostile.name) | \(arguments[0]) \(result.status) | \(text)"
        .replacing("\n", with: "\\n")
    }
  }

  /// The status in a line.
  private static func status(_ line: Substring) -> Int? {
    let parts = line.split(separator: " | ", omittingEmptySubsequences: false)
    return parts.count < 3 ? nil : parts[parts.count - 2].split(separator: " ").last.flatMap { Int($0) }
  }

  @Test("each ends with its status and its reason, in bounded memory, and leaves nothing")
  func catalogue() throws {
    let tool = try #require(BuiltTool.location, "there is no built tool")
    let files = try HostileCatalogue.all()
    let found = Mutex<[Int: [String]]>([:])
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: files.count) { index in
      do {
        let lines = try Self.lines(files[index], tool: tool)
        found.withLock { $0[index] = lines }
      } catch {
        failures.withLock { $0.append("\(files[index].name): \(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    let lines = found.withLock { found in files.indices.flatMap { found[$0] ?? [] } }
    let text = lines.map { $0 + "\n" }.joined()
    if ProcessEnvironment.isSet("CODECKIT_UPDATE_SCENARIOS") {
      try text.write(to: Self.table, atomically: true, encoding: .utf8)
      return
    }
    let expected = try String(contentsOf: Self.table, encoding: .utf8).split(separator: "\n").map(String.init)
    for (line, wanted) in zip(lines, expected) where line != wanted {
      Issue.record("expected: \(wanted)\nfound:    \(line)")
    }
    #expect(lines.count == expected.count)
  }

  @Test("the table holds more than 120 refusals, each with a documented status and a reason")
  func table() throws {
    let lines = try String(contentsOf: Self.table, encoding: .utf8).split(separator: "\n")
    var refusals = Set<String>()
    for line in lines {
      let status = Self.status(line)
      // Passed, with a warning, damaged, unsupported, not to be written here, and limited: nothing else comes of a file.
      #expect([0, 1, 3, 4, 5, 7].contains(status), "\(line)")
      guard status != 0 else { continue }
      #expect(!line.hasSuffix("| "), "no reason: \(line)")
      #expect(!line.contains("LEFT"), "\(line)")
      refusals.insert(line.split(separator: " | ").prefix(3).joined(separator: " | "))
    }
    #expect(refusals.count >= 120, "\(refusals.count)")
    let files = try HostileCatalogue.all()
    #expect(
      Set(files.map { "\($0.group) \($0.name) \($0.file) \($0.runs)" }).count == files.count, "a case is there twice")
  }
}
