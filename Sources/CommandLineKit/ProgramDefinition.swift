// SPDX-License-Identifier: Apache-2.0

/// The plain data of a whole program, from which help, man pages, completions and the JSON dump are made.
public struct ProgramDefinition: Hashable, Sendable {
  /// The name of the program.
  public var name: String
  /// The text that `--version` shows.
  public var version: String
  /// One line, lower case, no full stop.
  public var summary: String
  /// Paragraphs, separated by empty lines.
  public var discussion: String
  /// All commands, the built-in ones last.
  public var commands: [CommandDefinition]
  /// The words that have commands of their own.
  public var groups: [CommandGroup]
  /// Other names under which the program can be called.
  public var invocationNames: [InvocationName]
  /// The flags that every command has.
  public var globalFlags: [FlagDefinition]
  /// Environment variables besides those that set a flag.
  public var environment: [Note]
  /// Files that the program reads by itself.
  public var files: [Note]
  /// The libraries that the program is made of, with their versions.
  public var parts: [Note]
  /// The exit codes.
  public var exitCodes: [ExitCode.Row]

  /// A term and its explanation.
  public struct Note: Hashable, Sendable {
    /// The variable or file.
    public let term: String
    /// One sentence or more.
    public let text: String

    /// Creates a note.
    ///
    /// - Parameters:
    ///   - term: The variable or file.
    ///   - text: What it does.
    public init(_ term: String, _ text: String) {
      self.term = term
      self.text = text
    }
  }

  /// The command with a name or alias.
  ///
  /// - Parameter name: The name, with its group.
  /// - Returns: The command, or `nil`.
  public func command(named name: String) -> CommandDefinition? { commands.first { $0.names.contains(name) } }

  /// What is wrong with the definition: a test should find this empty.
  ///
  /// - Returns: One line for each name that is used twice, each summary that is missing or too long for one line of
  ///   short help, and each call name that leads nowhere.
  public func problems() -> [String] {
    var problems: [String] = []
    func unique(_ names: [String], _ kind: String) {
      var seen: Set<String> = []
      for name in names where !seen.insert(name).inserted { problems.append("\(kind) '\(name)' is used twice") }
    }
    unique(commands.flatMap(\.names), "command")
    for command in commands {
      let flags = command.globalFlags(globalFlags) + command.flags
      unique(flags.flatMap(\.longSpellings), "\(command.name): option")
      unique(flags.compactMap { $0.short.map(String.init) }, "\(command.name): option")
      if flags.filter(\.isLevel).count > 1 { problems.append("\(command.name): two options take levels as digits") }
      if command.summary.isEmpty { problems.append("\(command.name): no summary") }
      for flag in flags {
        if flag.summary.isEmpty { problems.append("\(command.name): --\(flag.long): no summary") }
        if let short = flag.short, short.asciiValue.map({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2D }) != true {
          problems.append("\(command.name): -\(short): not an ASCII letter")
        }
      }
      for line in Help.shortFlagLines(command, self) where line.contains("\n") {
        problems.append("\(command.name): more than one line of short help: \(line.prefix { $0 != "\n" })")
      }
      if let group = command.group, !groups.contains(where: { $0.name == group }) {
        problems.append("\(command.name): the group '\(group)' is not described")
      }
    }
    for alias in invocationNames {
      for target in [alias.command] + alias.alternatives.map(\.command) where command(named: target) == nil {
        problems.append("\(alias.name): no command '\(target)'")
      }
    }
    return problems
  }
}

/// A name under which the program can be called instead of naming a command.
public struct InvocationName: Hashable, Sendable {
  /// A flag that chooses another command, as `-d` does for a compressing filter.
  public struct Alternative: Hashable, Sendable {
    /// The one-letter flag.
    public let short: Character
    /// The long flag.
    public let long: String
    /// The command that runs instead.
    public let command: String
    /// Arguments put before the typed ones.
    public let arguments: [String]

    /// Creates an alternative.
    ///
    /// - Parameters:
    ///   - short: The one-letter flag.
    ///   - long: The long flag.
    ///   - command: The command that runs instead.
    ///   - arguments: Arguments put before the typed ones.
    public init(short: Character, long: String, command: String, arguments: [String] = []) {
      self.short = short
      self.long = long
      self.command = command
      self.arguments = arguments
    }
  }

  /// The name.
  public let name: String
  /// The command that runs.
  public let command: String
  /// Arguments put before the typed ones.
  public let arguments: [String]
  /// Flags that choose another command.
  public let alternatives: [Alternative]

  /// Creates a name.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - command: The command that runs.
  ///   - arguments: Arguments put before the typed ones.
  ///   - alternatives: Flags that choose another command.
  public init(_ name: String, command: String, arguments: [String] = [], alternatives: [Alternative] = []) {
    self.name = name
    self.command = command
    self.arguments = arguments
    self.alternatives = alternatives
  }
}
