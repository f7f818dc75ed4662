// SPDX-License-Identifier: Apache-2.0

/// A shell for which a completion script can be written.
public enum Shell: String, CaseIterable, Hashable, Sendable {
  /// GNU Bash, without further packages.
  case bash
  /// Z shell.
  case zsh
  /// fish.
  case fish
}

/// Completion scripts, made from the definition of a program.
public enum Completions {
  /// The script for a shell: completes commands, options, words of a choice, and file names.
  ///
  /// - Parameters:
  ///   - shell: The shell.
  ///   - program: The program.
  /// - Returns: The text of the script.
  public static func script(for shell: Shell, _ program: ProgramDefinition) -> String {
    switch shell {
    case .bash: bash(program)
    case .zsh: zsh(program)
    case .fish: fish(program)
    }
  }

  /// What completion offers for one value.
  enum Source: Hashable {
    case words([String])
    case files
    case directories
    case nothing
  }

  static func source(_ value: ValueKind, _ suggestions: [String] = []) -> Source {
    switch value {
    case .choice(let words): .words(words)
    case .path: .files
    case .directory: .directories
    case .pair(let first, _): source(first)
    case .level, .int, .size, .duration, .calendar, .text: suggestions.isEmpty ? .nothing : .words(suggestions)
    case .none: .nothing
    }
  }

  /// The source for positionals: that of the first one, since shells are not told how many came before.
  static func source(_ command: CommandDefinition, _ program: ProgramDefinition) -> Source {
    switch BuiltinCommand(rawValue: command.name) {
    case .help, .man: .words(program.commands.map(\.name).filter { !$0.contains(" ") } + program.groups.map(\.name))
    default: command.positionals.first.map { source($0.value, $0.suggestedValues) } ?? .nothing
    }
  }

  /// The name of the program as part of a function's name.
  static func identifier(_ name: String) -> String {
    String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  /// A word in single quotes for bash and zsh.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// The first words that can follow the program's name.
  static func firstWords(_ program: ProgramDefinition) -> [(word: String, summary: String)] {
    var words: [(word: String, summary: String)] = []
    for command in program.commands where command.group == nil {
      for name in command.names { words.append((name, command.summary)) }
    }
    return words + program.groups.map { ($0.name, $0.summary) }
  }

  /// The words that can follow the name of a group.
  static func secondWords(_ program: ProgramDefinition, group: String) -> [(word: String, summary: String)] {
    var words: [(word: String, summary: String)] = []
    for command in program.commands where command.group == group {
      for name in command.names where name.hasPrefix("\(group) ") {
        words.append((String(name.dropFirst(group.count + 1)), command.summary))
      }
    }
    return words
  }

  /// The flags by which a call name chooses another command, each with the summary of that command.
  static func alternatives(
    _ name: InvocationName, _ program: ProgramDefinition
  ) -> [(short: Character, long: String, summary: String)] {
    name.alternatives.map { ($0.short, $0.long, program.command(named: $0.command)?.summary ?? "") }
  }

  /// Every spelling of a flag with its dashes.
  static func spellings(_ flag: FlagDefinition) -> [String] {
    (flag.short.map { ["-\($0)"] } ?? []) + flag.longSpellings.map { "--\($0)" }
  }
}
