// SPDX-License-Identifier: Apache-2.0

/// The commands that every program has: they only turn the program's own definition into text.
enum BuiltinCommand: String, CaseIterable {
  case completions, man, help, version

  var definition: CommandDefinition {
    var definition = CommandDefinition(rawValue, summary: summary)
    switch self {
    case .completions:
      definition.positionals = [
        PositionalDefinition(
          "SHELL", value: .choice(Shell.allCases.map(\.rawValue)), count: 1...1, summary: "the shell")
      ]
      definition.discussion = "The script is written to standard output; where it belongs depends on the shell."
    case .man, .help:
      definition.positionals = [
        PositionalDefinition("COMMAND", value: .text, count: 0...2, summary: "the command, with its group")
      ]
      if self == .help {
        definition.discussion = "With --json, a description of the whole command line is written as one JSON object."
      }
    case .version:
      definition.discussion = "With -v, also the versions of the libraries that the program is made of."
    }
    return definition
  }

  private var summary: String {
    switch self {
    case .completions: "write the completion script of a shell"
    case .man: "write a manual page (roff)"
    case .help: "show help on the program or on a command"
    case .version: "show the version"
    }
  }

  /// Name and version; in full also what the program is made of.
  static func versionText(_ program: ProgramDefinition, inFull: Bool) -> String {
    let parts = inFull ? program.parts.map { "  \($0.term) \($0.text)\n" } : []
    return "\(program.name) \(program.version)\n" + parts.joined()
  }

  func text(_ words: [String], _ global: GlobalOptions, _ program: ProgramDefinition) throws(UsageError) -> String {
    let json = global.json
    switch self {
    case .version:
      if let extra = words.first { throw UsageError(.unexpectedArgument, "unexpected argument '\(extra)'") }
      guard json else { return Self.versionText(program, inFull: global.verbose > 0) }
      return JSONWriter.line([
        "type": "version", "v": 1, "name": .string(program.name), "version": .string(program.version),
        "parts": .object(program.parts.map { .init($0.term, .string($0.text)) }),
      ])
    case .completions:
      let names = Shell.allCases.map(\.rawValue).joined(separator: ", ")
      guard let word = words.first else { throw UsageError(.missingArgument, "SHELL is missing: one of \(names)") }
      guard let shell = Shell(rawValue: word) else {
        throw UsageError(.invalidValue, "'\(word)' is not one of \(names)")
      }
      if words.count > 1 { throw UsageError(.unexpectedArgument, "unexpected argument '\(words[1])'") }
      return Completions.script(for: shell, program)
    case .man:
      return ManPage.page(try topic(words, program), program)
    case .help:
      if json { return JSONWriter.line(ProgramDump.json(program)) }
      return Help.long(try topic(words, program), program)
    }
  }

  private func topic(_ words: [String], _ program: ProgramDefinition) throws(UsageError) -> HelpTopic {
    if words.isEmpty { return .program }
    let name = words.joined(separator: " ")
    if let command = program.command(named: name) { return .command(command) }
    if let group = program.groups.first(where: { $0.name == name }) { return .group(group) }
    throw program.unknownCommand(name)
  }
}
