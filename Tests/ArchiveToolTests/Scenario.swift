// SPDX-License-Identifier: Apache-2.0

// A scenario: a shell script that calls the tool, and what it must say and leave behind.
import Foundation
import Testing

/// One scenario of a `.scenarios` file.
///
/// A file holds any number of them, each in this form; everything after the script may be missing:
///
///     === a title, one sentence
///     needs: strace, root
///     tty: 80x24
///     echo hello >a
///     archivetool compress -c a | archivetool decompress
///     --- stdin
///     --- stdout
///     hello
///     --- stderr
///     --- tty
///     --- exit 0
///
/// A missing expectation means: nothing, and 0. How lines are compared is said at `LinePattern`.
struct Scenario: Sendable {
  /// The parts that hold text.
  enum Section: String, CaseIterable, Sendable {
    case stdin, stdout, stderr, tty
  }

  /// The file it is in, without suffix.
  var group: String
  var title: String
  /// Programs and permissions without which it is skipped.
  var needs: [String] = []
  /// Columns and rows of the terminal at `$TTY`, if it has one.
  var terminal: (columns: Int, rows: Int)?
  var script: [String] = []
  var sections: [Section: [String]] = [:]
  var exit: Int32 = 0

  /// The lines of a section; none when it is not there.
  func lines(_ section: Section) -> [String] { sections[section] ?? [] }
}

extension Scenario: CustomTestStringConvertible {
  var testDescription: String { "\(group): \(title)" }
}

/// A `.scenarios` file.
struct ScenarioFile: Sendable {
  let location: URL
  /// The lines before the first scenario.
  var header: [String] = []
  var scenarios: [Scenario] = []

  /// Something that does not fit the form.
  struct FormError: Error, CustomStringConvertible {
    let description: String
  }

  /// Reads a file.
  init(_ location: URL) throws {
    self.location = location
    let group = location.deletingPathExtension().lastPathComponent
    var section: Scenario.Section?
    var (isScript, isClosed) = (false, false)
    let text = try String(contentsOf: location, encoding: .utf8)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    for (index, line) in lines.enumerated() {
      if line.hasPrefix("=== ") {
        endScenario(isClosed)
        scenarios.append(Scenario(group: group, title: String(line.dropFirst(4))))
        (section, isScript, isClosed) = (nil, true, false)
      } else if scenarios.isEmpty {
        header.append(line)
      } else if let name = Self.sectionName(line) {
        (section, isScript) = (name, false)
        scenarios[scenarios.count - 1].sections[name] = []
      } else if line.hasPrefix("--- exit ") {
        guard let status = Int32(line.dropFirst(9)) else { throw error(index, "no number after exit") }
        scenarios[scenarios.count - 1].exit = status
        (section, isScript, isClosed) = (nil, false, true)
      } else if let section {
        scenarios[scenarios.count - 1].sections[section]?.append(line)
      } else if isScript {
        try addScript(line, index)
      } else if !line.isEmpty {
        throw error(index, "text after the exit status")
      }
    }
    endScenario(isClosed)
  }

  private static func sectionName(_ line: String) -> Scenario.Section? {
    line.hasPrefix("--- ") ? Scenario.Section(rawValue: String(line.dropFirst(4))) : nil
  }

  private func error(_ index: Int, _ text: String) -> FormError {
    FormError(description: "\(location.lastPathComponent):\(index + 1): \(text)")
  }

  private mutating func addScript(_ line: String, _ index: Int) throws {
    let last = scenarios.count - 1
    if scenarios[last].script.isEmpty {
      if line.hasPrefix("needs: ") {
        scenarios[last].needs = line.dropFirst(7).split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        return
      }
      if line.hasPrefix("tty: ") {
        let numbers = line.dropFirst(5).split(separator: "x").compactMap { Int($0) }
        guard numbers.count == 2 else { throw error(index, "a terminal has COLUMNSxROWS") }
        scenarios[last].terminal = (numbers[0], numbers[1])
        return
      }
    }
    scenarios[last].script.append(line)
  }

  /// The empty lines between scenarios belong to none, unless the exit status stands between.
  private mutating func endScenario(_ isClosed: Bool) {
    guard !isClosed, let last = scenarios.indices.last else { return }
    let hasSections = !scenarios[last].sections.isEmpty
    while !hasSections, scenarios[last].script.last == "" { scenarios[last].script.removeLast() }
    // Dictionaries have no order: the last section is the one that the form puts last.
    for section in Scenario.Section.allCases.reversed() where scenarios[last].sections[section] != nil {
      while scenarios[last].sections[section]?.last == "" { scenarios[last].sections[section]?.removeLast() }
      break
    }
  }

  /// The text of the file.
  var text: String {
    var lines = header
    for scenario in scenarios {
      if let last = lines.last, !last.isEmpty { lines.append("") }
      lines.append("=== " + scenario.title)
      if !scenario.needs.isEmpty { lines.append("needs: " + scenario.needs.joined(separator: ", ")) }
      if let size = scenario.terminal { lines.append("tty: \(size.columns)x\(size.rows)") }
      lines += scenario.script
      for section in Scenario.Section.allCases where !scenario.lines(section).isEmpty {
        lines.append("--- " + section.rawValue)
        lines += scenario.lines(section)
      }
      if scenario.exit != 0 || lines.last == "" { lines.append("--- exit \(scenario.exit)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Where the files are.
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scenarios")

  /// All files, sorted by name.
  static func all() throws -> [ScenarioFile] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "scenarios" }
      .sorted { $0.path < $1.path }
      .map { try ScenarioFile($0) }
  }
}
