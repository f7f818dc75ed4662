// SPDX-License-Identifier: Apache-2.0

/// What the options of every command have in common.
public protocol CommandOptions: Sendable {
  /// Creates the defaults, without asking the machine.
  init()
  /// The options that every command has.
  var global: GlobalOptions { get set }
}

/// A command: its documentation, its flags, and what it does.
public struct Command<Options: CommandOptions, Context>: Sendable {
  /// The name; a command of a group has the group's name and a space before its own.
  public let name: String
  /// Other names.
  public let aliases: [String]
  /// One line.
  public let summary: String
  /// Paragraphs for long help and man page.
  public let discussion: String
  /// Command lines with what they do.
  public let examples: [Example]
  /// The flags of the command itself; the program adds the global ones.
  public let flags: [Flag<Options>]
  /// The positional arguments.
  public let positionals: [Positional<Options>]
  /// What the command does.
  public let run: @Sendable (Options, Context) throws -> ExitCode

  /// Creates a command.
  ///
  /// - Parameters:
  ///   - name: The name; `group name` for a command of a group.
  ///   - aliases: Other names; for a command of a group, complete with the group.
  ///   - summary: One line, lower case, no full stop.
  ///   - discussion: Paragraphs, separated by empty lines.
  ///   - examples: Command lines with what they do.
  ///   - flags: The flags of the command itself.
  ///   - positionals: The positional arguments.
  ///   - run: What the command does; it may throw ``UsageError`` for options that do not go together.
  public init(
    _ name: String,
    aliases: [String] = [],
    summary: String,
    discussion: String = "",
    examples: [Example] = [],
    flags: [Flag<Options>] = [],
    positionals: [Positional<Options>] = [],
    run: @escaping @Sendable (Options, Context) throws -> ExitCode
  ) {
    self.name = name
    self.aliases = aliases
    self.summary = summary
    self.discussion = discussion
    self.examples = examples
    self.flags = flags
    self.positionals = positionals
    self.run = run
  }

  /// The plain data of the command.
  public var definition: CommandDefinition {
    var definition = CommandDefinition(name, summary: summary)
    definition.aliases = aliases
    definition.discussion = discussion
    definition.examples = examples
    definition.flags = flags.map(\.definition)
    definition.positionals = positionals.map(\.definition)
    return definition
  }

  /// The command without its type of options.
  public var erased: AnyCommand<Context> { AnyCommand(self) }

  /// The command for the list of a program.
  public var entry: CommandEntry<Context> {
    let made = erased
    return CommandEntry(made.definition.name, aliases: made.definition.aliases) { made }
  }

  /// All flags: the global ones first, without those that the command has in a form of its own.
  func allFlags(_ global: [Flag<GlobalOptions>]) -> [Flag<Options>] {
    let kept = Set(definition.globalFlags(global.map(\.definition)).map(\.long))
    return global.lifted(\Options.global).filter { kept.contains($0.definition.long) } + flags
  }
}

/// A command whose type of options is hidden, so that a program can list commands of all kinds.
public struct AnyCommand<Context>: Sendable {
  /// What is left to do once all options are known.
  typealias Bound = (run: @Sendable (Context) throws -> ExitCode, result: AnyParseResult)

  /// The plain data.
  public let definition: CommandDefinition
  let bind: @Sendable (ScannedArguments, [Flag<GlobalOptions>], ParseInputs) throws(UsageError) -> Bound

  /// Hides the type of options.
  ///
  /// - Parameter command: The command.
  public init<Options>(_ command: Command<Options, Context>) {
    definition = command.definition
    bind = { (scanned, globals, inputs) throws(UsageError) in
      let parser = Parser<Options>(
        flags: command.allFlags(globals), positionals: command.positionals, command: command.name)
      let parsed = try parser.resolve(scanned, inputs)
      let result = AnyParseResult(globals: parsed.options.global, values: parsed.values, warnings: parsed.warnings)
      let options = parsed.options
      let run: @Sendable (Context) throws -> ExitCode = { try command.run(options, $0) }
      return (run, result)
    }
  }
}

/// What a program needs to know about parsed options of any type.
struct AnyParseResult: Sendable {
  let globals: GlobalOptions
  let values: [ResolvedValue]
  let warnings: [String]
}

/// A command in the list of a program: its names, and how to make it. Making a command costs time that only the command
/// that runs is worth.
public struct CommandEntry<Context>: Sendable {
  /// The name and the aliases.
  public let names: [String]
  /// Makes the command.
  public let make: @Sendable () -> AnyCommand<Context>

  /// Lists a command.
  ///
  /// - Parameters:
  ///   - name: The name, as in the command itself.
  ///   - aliases: The aliases, as in the command itself.
  ///   - make: Makes the command.
  public init(_ name: String, aliases: [String] = [], _ make: @escaping @Sendable () -> AnyCommand<Context>) {
    names = [name] + aliases
    self.make = make
  }
}
