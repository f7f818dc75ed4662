// SPDX-License-Identifier: Apache-2.0

// The help and the manual of every command are what is committed, so that a change of them is seen in a review.
import Foundation
import Testing

@Suite("help")
struct HelpSnapshotTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Snapshots")

  private func texts() throws -> [(name: String, text: String)] {
    let commands = try CommandLineDescription.read().commands.map(\.name)
    var texts = [("archivetool.txt", try ToolBinary.output(["--help"])), ("short.txt", try ToolBinary.output(["-h"]))]
    for command in commands {
      let words = command.split(separator: " ").map(String.init)
      let name = words.joined(separator: "-")
      // What all commands have in common is in the text of the program.
      let long = try ToolBinary.output(words + ["--help"]).components(separatedBy: "\nGlobal options:\n")
      let rest = long.dropFirst().joined().components(separatedBy: "\n\n").dropFirst()
        .filter { !$0.hasPrefix("Exit codes:") && !$0.isEmpty }
      texts.append(("\(name).txt", ([long[0]] + rest).joined(separator: "\n")))
    }
    return texts
  }

  @Test("the help of every command is the committed one")
  func help() throws {
    for (name, text) in try texts() {
      let location = Self.folder.appending(path: name)
      if ScenarioTests.isUpdating {
        try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
        try text.write(to: location, atomically: true, encoding: .utf8)
      } else {
        let committed = try String(contentsOf: location, encoding: .utf8)
        #expect(text == committed, "the help differs from Snapshots/\(name); CODECKIT_UPDATE_SCENARIOS=1 rewrites it")
      }
    }
  }

  @Test("no line of help is wider than 79 columns")
  func width() throws {
    for (name, text) in try texts() {
      for line in text.split(separator: "\n") { #expect(line.count <= 79, "\(name): \(line)") }
    }
  }

  @Test("every command, option and environment variable has a summary, and no two have one name")
  func definition() throws {
    let description = try CommandLineDescription.read()
    let names = description.commands.flatMap { [$0.name] + $0.aliases }
    #expect(Set(names).count == names.count)
    for command in description.commands {
      #expect(!command.summary.isEmpty)
      // A flag of the command takes the place of a global one of the same name.
      let own = Set(command.flags.map(\.long))
      let flags = description.globalFlags.filter { !own.contains($0.long) } + command.flags
      let spellings = flags.flatMap(\.spellings)
      #expect(Set(spellings).count == spellings.count, "\(command.name) has an option twice")
      for flag in flags { #expect(!flag.summary.isEmpty && flag.summary.count <= 60, "\(command.name): \(flag.long)") }
    }
  }

  @Test("the manual page of every command says what each of its options is")
  func manual() throws {
    for command in try CommandLineDescription.read().commands {
      let page = try ToolBinary.output(["man"] + command.name.split(separator: " ").map(String.init))
        .replacingOccurrences(of: #"\-"#, with: "-")
      for flag in command.flags { #expect(page.contains("--" + flag.long), "\(command.name): \(flag.long)") }
    }
  }
}
