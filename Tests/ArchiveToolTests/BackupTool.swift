// SPDX-License-Identifier: Apache-2.0

// Runs `archivetool backup` on a repository in a fresh folder, and looks at what is in it.
import Foundation
import TestSupport
import Testing

/// A repository that the built tool works on.
struct BackupTool {
  let folder: TemporaryFolder
  let tool: String

  init() throws {
    folder = try TemporaryFolder(inMemory: true)
    tool = try #require(ToolBinary.location, "there is no built tool")
  }

  /// The words of a call.
  func arguments(_ words: [String], in repository: String = "repo") -> [String] {
    ["backup"] + words + ["-R", folder.location(repository)]
  }

  /// Prepares a run; its output goes to a file.
  func process(_ program: String, _ arguments: [String], output: String) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"]
    for name in [output, output + ".errors"] {
      _ = FileManager.default.createFile(atPath: folder.location(name), contents: nil)
    }
    process.standardOutput = FileHandle(forWritingAtPath: folder.location(output))
    process.standardError = FileHandle(forWritingAtPath: folder.location(output + ".errors"))
    process.standardInput = FileHandle.nullDevice
    return process
  }

  /// Runs the tool to its end.
  @discardableResult
  func run(_ words: [String], in repository: String = "repo") throws -> (status: Int32, text: String, errors: String) {
    let process = try process(tool, arguments(words, in: repository), output: "output")
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, text("output"), text("output.errors"))
  }

  /// A file of the folder as text.
  func text(_ name: String) -> String { String(decoding: folder.contents(name) ?? [], as: UTF8.self) }

  /// Runs the tool, which must succeed.
  func must(_ words: [String]) throws {
    let (status, _, errors) = try run(words)
    try #require(status == 0, "\(words): \(errors)")
  }

  /// Names and states of all backups.
  func list(in repository: String = "repo") throws -> [String: String] {
    let (status, text, errors) = try run(["list", "--json"], in: repository)
    #expect(status == 0, "\(errors)")
    var states: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard object?["type"] as? String == "backup", let name = object?["name"] as? String else { continue }
      #expect(states[name] == nil, "two backups have the name \(name)")
      states[name] = object?["state"] as? String
    }
    return states
  }

  /// Writes a file that is to be backed up.
  func write(_ name: String, _ text: String) throws { try folder.write(name, Array(text.utf8)) }

  /// Makes a backup of the file `source` with its name in it.
  func backUp(_ name: String, of instance: String, parent: String = "none") throws {
    try write("source", "\(name) " + String(repeating: "content of \(name) ", count: 2000))
    try must(["create", name, "source", "-C", folder.location(""), "--instance", instance, "--parent", parent, "-q"])
  }

  /// Expects of a backup that it holds what it was given.
  func expectContent(_ name: String, in repository: String = "repo", _ label: String) throws {
    let (status, text, errors) = try run(["restore", name, "--stdout", "source"], in: repository)
    #expect(status == 0, "\(label): \(name): \(errors)")
    #expect(text.hasPrefix("\(name) content of \(name) "), "\(label): \(name)")
  }
}
