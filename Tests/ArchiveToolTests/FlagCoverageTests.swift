// SPDX-License-Identifier: Apache-2.0

// Every flag of every command is exercised by a scenario.
import Foundation
import Testing

@Suite("flags")
struct FlagCoverageTests {
  /// The words of all scenarios' calls, by the command that they call.
  private func calls(_ description: CommandLineDescription) throws -> [String: Set<String>] {
    var names: [String: String] = [:]
    for command in description.commands {
      for name in [command.name] + command.aliases { names["archivetool " + name] = command.name }
    }
    for name in description.invocationNames { names[name.name] = name.command }
    var calls: [String: Set<String>] = [:]
    for scenario in try ScenarioFile.all().flatMap(\.scenarios) {
      // A line that ends in a backslash goes on; pipes, lists and parentheses separate calls.
      let text = scenario.script.joined(separator: "\n").replacingOccurrences(of: "\\\n", with: " ")
        .replacingOccurrences(of: #""$ARCHIVETOOL""#, with: "archivetool")
      for call in text.split(whereSeparator: { "\n|;&()`".contains($0) }) {
        let words = call.split(separator: " ").map(String.init)
        for (index, word) in words.enumerated() {
          let rest = words[(index + 1)...]
          if let command = names[word] { calls[command, default: []].formUnion(rest) }
          guard word == "archivetool", let command = command(in: Array(rest), names) else { continue }
          calls[command, default: []].formUnion(rest)
        }
      }
    }
    return calls
  }

  /// The command that words behind the program's name call; one of a group has two words.
  private func command(in words: [String], _ names: [String: String]) -> String? {
    for (index, word) in words.enumerated() {
      if index + 1 < words.count, let command = names["archivetool \(word) \(words[index + 1])"] { return command }
      if let command = names["archivetool \(word)"] { return command }
    }
    return nil
  }

  private func isUsed(_ spelling: String, _ kind: String, in words: Set<String>) -> Bool {
    words.contains { word in
      if spelling.hasPrefix("--") { return word == spelling || word.hasPrefix(spelling + "=") }
      guard word.hasPrefix("-"), !word.hasPrefix("--") else { return false }
      // A bundle of letters counts for each of them.
      let letters = word.dropFirst()
      return letters.allSatisfy(\.isLetter) ? letters.contains(spelling.dropFirst()) : word.hasPrefix(spelling)
    }
  }

  @Test("each flag is used by a scenario of its command, in its long and in its short form")
  func flags() throws {
    let description = try CommandLineDescription.read()
    let calls = try calls(description)
    for command in description.commands {
      let words = calls[command.name] ?? []
      #expect(!words.isEmpty || command.flags.isEmpty, "no scenario calls \(command.name)")
      for flag in command.flags {
        #expect(
          isUsed("--" + flag.long, flag.kind, in: words)
            || flag.spellings.contains { isUsed($0, flag.kind, in: words) }
            || (flag.kind == "level"
              && words.contains { $0.range(of: "^-[0-9]+$", options: .regularExpression) != nil }),
          "no scenario uses --\(flag.long) of \(command.name)")
      }
    }
    let all = calls.values.reduce(into: Set<String>()) { $0.formUnion($1) }
    for flag in description.globalFlags + description.commands.flatMap(\.flags) {
      for spelling in flag.spellings {
        #expect(isUsed(spelling, flag.kind, in: all), "no scenario writes \(spelling)")
      }
    }
  }

  @Test("each environment variable that sets a flag is used by a scenario")
  func environment() throws {
    let description = try CommandLineDescription.read()
    let text = try ScenarioFile.all().flatMap(\.scenarios).flatMap(\.script).joined(separator: "\n")
    for name in Set((description.globalFlags + description.commands.flatMap(\.flags)).compactMap(\.environment)) {
      #expect(text.contains(name + "="), "no scenario sets \(name)")
    }
  }

  /// The codes of commands that are not there yet, or that only a bug can bring about.
  private static let outOfReach: Set<String> = ["70", "128+N"]

  @Test("each exit code is the expectation of a scenario")
  func exitCodes() throws {
    let description = try CommandLineDescription.read()
    let seen = Set(try ScenarioFile.all().flatMap(\.scenarios).map { String($0.exit) })
    for row in description.exitCodes where !Self.outOfReach.contains(row.code) {
      #expect(seen.contains(row.code), "no scenario ends with \(row.code), \(row.name)")
    }
  }
}
