// SPDX-License-Identifier: Apache-2.0

/// A program: its commands and everything that is known about its command line.
///
/// A run has two steps, so that parsing stays pure: ``parse(_:)`` looks at the arguments only and says which
/// configuration file was named; the caller reads files and environment; ``PendingCommand/resolve(_:)`` merges them.
public struct Program<Context>: Sendable {
  /// The commands.
  public let commands: [CommandEntry<Context>]
  /// The flags that every command has.
  public let globalFlags: [Flag<GlobalOptions>]
  /// Everything but the commands: a run must not pay for the commands that it does not use.
  private let frame: ProgramDefinition
  private let parts: @Sendable () -> [ProgramDefinition.Note]

  /// Creates a program; `help`, `version`, `completions` and `man` are added to its commands.
  ///
  /// - Parameters:
  ///   - name: The name of the program.
  ///   - version: The text that `--version` shows.
  ///   - summary: One line, lower case, no full stop.
  ///   - discussion: Paragraphs, separated by empty lines.
  ///   - commands: The commands, in the order of the help.
  ///   - groups: The words that have commands of their own.
  ///   - invocationNames: Other names under which the program can be called.
  ///   - environmentPrefix: The first part of the names of environment variables, such as `ARCHIVETOOL`.
  ///   - environment: Environment variables besides those that set a flag.
  ///   - files: Files that the program reads by itself.
  ///   - parts: The libraries that the program is made of, with their versions.
  ///   - exitCodes: The exit codes to document.
  public init(
    name: String,
    version: String,
    summary: String,
    discussion: String = "",
    commands: [CommandEntry<Context>],
    groups: [CommandGroup] = [],
    invocationNames: [InvocationName] = [],
    environmentPrefix: String,
    environment: [ProgramDefinition.Note] = [],
    files: [ProgramDefinition.Note] = [],
    parts: @escaping @Sendable () -> [ProgramDefinition.Note] = { [] },
    exitCodes: [ExitCode.Row] = ExitCode.table
  ) {
    self.commands = commands
    globalFlags = GlobalOptions.flags(environmentPrefix: environmentPrefix)
    frame = ProgramDefinition(
      name: name, version: version, summary: summary, discussion: discussion, commands: [], groups: groups,
      invocationNames: invocationNames, globalFlags: globalFlags.map(\.definition), environment: environment,
      files: files, parts: [], exitCodes: exitCodes)
    self.parts = parts
  }

  /// The plain data of the whole program, the built-in commands included. Makes every command.
  public var definition: ProgramDefinition {
    var whole = frameWithParts
    whole.commands = commands.map { $0.make().definition } + BuiltinCommand.allCases.map(\.definition)
    return whole
  }

  /// Enough for `version -v`.
  private var frameWithParts: ProgramDefinition {
    var frame = frame
    frame.parts = parts()
    return frame
  }

  /// What is wrong with the definition: a test should find this empty.
  ///
  /// - Returns: What ``ProgramDefinition/problems()`` finds, and a line for each command that is listed under other names
  ///   than its own.
  public func problems() -> [String] {
    let misnamed = commands.filter { $0.names != $0.make().definition.names }
    return definition.problems() + misnamed.map { "\($0.names[0]): listed under other names than its own" }
  }

  /// Finds the command and cuts its arguments.
  ///
  /// - Parameter arguments: The whole argument vector, the program's name first; it may be empty.
  /// - Returns: A text to show, or a command that still needs environment and configuration.
  /// - Throws: ``UsageError`` `.unknownCommand`, `.missingCommand`, and those that a command line can cause.
  public func parse(_ arguments: [[UInt8]]) throws(UsageError) -> Parsed<Context> {
    let typed = Array(arguments.dropFirst())
    let path = arguments.first ?? []
    let base = path.lastIndex(of: UInt8(ascii: "/")).map { Array(path[($0 + 1)...]) } ?? path
    if let alias = frame.invocationNames.first(where: { Array($0.name.utf8) == base }) {
      return try parse(alias, typed)
    }

    let scanner = ArgumentScanner(flags: frame.globalFlags)
    var scanned: ScannedArguments
    do { scanned = try scanner.scan(typed, stopsAtPositional: true) } catch {
      throw definition.pointingToHelp(error, of: "COMMAND")
    }
    var rest = Array(typed[scanned.consumed...])
    guard let first = rest.first else { return textWithoutCommand(scanned.values) }
    let word = Escaping.visible(first)
    if frame.groups.contains(where: { $0.name == word }) {
      let inner: ScannedArguments
      do { inner = try scanner.scan(Array(rest.dropFirst()), stopsAtPositional: true) } catch { throw error.at(word) }
      scanned.values += inner.values
      rest = Array(rest.dropFirst(1 + inner.consumed))
      guard let second = rest.first else { return try textWithoutCommand(scanned.values, group: word) }
      return try parse("\(word) \(Escaping.visible(second))", Array(rest.dropFirst()), scanned.values)
    }
    return try parse(word, Array(rest.dropFirst()), scanned.values)
  }

  private func parse(
    _ name: String, _ arguments: [[UInt8]], _ before: [ResolvedValue]
  ) throws(UsageError) -> Parsed<Context> {
    if let entry = commands.first(where: { $0.names.contains(name) }) {
      return try parse(entry.make(), arguments, before)
    }
    if let builtin = BuiltinCommand(rawValue: name) { return try parse(builtin, arguments, before) }
    throw definition.unknownCommand(name)
  }

  private func parse(
    _ command: AnyCommand<Context>, _ arguments: [[UInt8]], _ before: [ResolvedValue]
  ) throws(UsageError) -> Parsed<Context> {
    let scanner = ArgumentScanner(flags: command.definition.globalFlags(frame.globalFlags) + command.definition.flags)
    var scanned: ScannedArguments
    do { scanned = try scanner.scan(arguments) } catch {
      throw definition.pointingToHelp(error, of: command.definition.name).at(command.definition.name)
    }
    scanned.values = before + scanned.values
    if let text = requestedText(scanned.values, .command(command.definition)) { return .text(text, .ok) }
    // What a command has in a form of its own is not the program's.
    let own = Set(command.definition.flags.map(\.long))
    let globals = globalOptions(scanned.values.filter { !own.contains($0.flag) })
    return .command(
      PendingCommand(
        command: command, scanned: scanned, globalFlags: globalFlags, program: self, typedGlobals: globals))
  }

  private func parse(
    _ builtin: BuiltinCommand, _ arguments: [[UInt8]], _ before: [ResolvedValue]
  ) throws(UsageError) -> Parsed<Context> {
    do {
      var scanned = try ArgumentScanner(flags: frame.globalFlags).scan(arguments)
      scanned.values = before + scanned.values
      if let text = requestedText(scanned.values, .command(builtin.definition)) { return .text(text, .ok) }
      let words = scanned.positionals.map { Escaping.visible($0) }
      return .text(
        try builtin.text(words, globalOptions(scanned.values), builtin == .version ? frameWithParts : definition), .ok)
    } catch {
      throw error.at(builtin.rawValue)
    }
  }

  private func parse(_ alias: InvocationName, _ typed: [[UInt8]]) throws(UsageError) -> Parsed<Context> {
    var (name, implied, rest) = (alias.command, alias.arguments, typed)
    for alternative in alias.alternatives {
      let flags = frame.globalFlags + (command(named: alias.command)?.definition.flags ?? [])
      guard let remaining = alternative.removing(from: typed, flags: flags) else { continue }
      (name, implied, rest) = (alternative.command, alternative.arguments, remaining)
      break
    }
    guard let command = command(named: name) else { throw definition.unknownCommand(name) }
    let scanner = ArgumentScanner(flags: command.definition.globalFlags(frame.globalFlags) + command.definition.flags)
    let bytes = implied.map { Array($0.utf8) }
    let values = try scanner.scan(bytes, origin: .invocationName(alias.name)).values
    return try parse(command, rest, values)
  }

  private func command(named name: String) -> AnyCommand<Context>? {
    commands.first { $0.names.contains(name) }?.make()
  }

  private func globalOptions(_ values: [ResolvedValue]) -> GlobalOptions {
    var options = GlobalOptions()
    for value in values {
      // The global flags never refuse a value that has been parsed.
      try? globalFlags.first { $0.definition.long == value.flag }?.apply(value.value, &options)
    }
    return options
  }

  private func requestedText(_ values: [ResolvedValue], _ topic: HelpTopic) -> String? {
    let options = globalOptions(values)
    if options.help {
      let isShort = values.last { $0.flag == "help" }?.spelling == "-h"
      return isShort ? Help.short(topic, definition) : Help.long(topic, definition)
    }
    return options.version
      ? BuiltinCommand.versionText(options.verbose > 0 ? frameWithParts : frame, inFull: options.verbose > 0) : nil
  }

  private func textWithoutCommand(_ values: [ResolvedValue]) -> Parsed<Context> {
    if let text = requestedText(values, .program) { return .text(text, .ok) }
    return .text(Help.short(.program, definition), .usage)
  }

  private func textWithoutCommand(_ values: [ResolvedValue], group: String) throws(UsageError) -> Parsed<Context> {
    guard let found = frame.groups.first(where: { $0.name == group }) else {
      throw definition.unknownCommand(group)
    }
    if let text = requestedText(values, .group(found)) { return .text(text, .ok) }
    return .text(Help.short(.group(found), definition), .usage)
  }
}

/// What the arguments of a program ask for.
public enum Parsed<Context>: Sendable {
  /// A text: to stdout if the code is ``ExitCode/ok``, else to stderr; the program ends with the code.
  case text(String, ExitCode)
  /// A command.
  case command(PendingCommand<Context>)
}

/// A command whose arguments are cut, before environment and configuration are known.
public struct PendingCommand<Context>: Sendable {
  let command: AnyCommand<Context>
  let scanned: ScannedArguments
  let globalFlags: [Flag<GlobalOptions>]
  let program: Program<Context>
  /// The global options as far as they were typed: `config` and `ignoresConfig` say which files to read.
  public let typedGlobals: GlobalOptions

  /// The plain data of the command.
  public var commandDefinition: CommandDefinition { command.definition }

  /// Merges arguments, environment and configuration.
  ///
  /// - Parameter inputs: Environment and configuration; the file with the highest precedence first.
  /// - Returns: A command that is ready to run.
  /// - Throws: ``UsageError``: for a value that does not fit, for missing or superfluous arguments, and for every mistake
  ///   in a configuration file.
  public func resolve(_ inputs: ParseInputs) throws(UsageError) -> Invocation<Context> {
    var inputs = inputs
    if !inputs.configs.isEmpty {
      let definition = program.definition
      for config in inputs.configs { try config.check(against: definition) }
      inputs.configs = inputs.configs.map { $0.canonical(definition) }
    }
    let bound = try command.bind(scanned, globalFlags, inputs)
    return Invocation(
      command: command.definition, globals: bound.result.globals, values: bound.result.values,
      warnings: bound.result.warnings, body: bound.run)
  }
}

/// A command that is ready to run.
public struct Invocation<Context>: Sendable {
  /// The plain data of the command.
  public let command: CommandDefinition
  /// The options that every command has, fully resolved.
  public let globals: GlobalOptions
  /// The flags that were set, with their origins; for `-v`.
  public let values: [ResolvedValue]
  /// One line for each environment variable that was ignored, without the program's name.
  public let warnings: [String]
  let body: @Sendable (Context) throws -> ExitCode

  /// Runs the command.
  ///
  /// - Parameter context: What the program hands to its commands.
  /// - Returns: The exit code.
  /// - Throws: What the command throws; ``UsageError`` then carries the name of the command.
  public func run(_ context: Context) throws -> ExitCode {
    do {
      return try body(context)
    } catch let error as UsageError {
      throw error.at(command.name)
    }
  }
}

extension ProgramDefinition {
  /// The error with a hint where options are listed, if it is about an unknown one and nothing is like it.
  func pointingToHelp(_ error: UsageError, of command: String) -> UsageError {
    guard error.code == .unknownOption, error.hint == nil else { return error }
    return UsageError(error.code, error.message, hint: "\(name) \(command) -h lists the options")
  }

  func unknownCommand(_ name: String) -> UsageError {
    let near = Suggestions.best(for: name, among: commands.flatMap(\.names) + groups.map(\.name))
    let hint = near.map { "did you mean \($0)?" } ?? "\(self.name) -h lists the commands"
    return UsageError(.unknownCommand, "unknown command '\(name)'", hint: hint)
  }
}

extension InvocationName.Alternative {
  /// The arguments without this flag, or `nil` if it is not among them.
  func removing(from arguments: [[UInt8]], flags: [FlagDefinition]) -> [[UInt8]]? {
    guard let letter = short.asciiValue else { return nil }
    let dash = UInt8(ascii: "-")
    for (index, argument) in arguments.enumerated() {
      if argument == [dash, dash] { return nil }
      var rest = arguments
      if argument == Array("--\(long)".utf8) {
        rest.remove(at: index)
        return rest
      }
      guard argument.count > 1, argument[0] == dash, argument[1] != dash else { continue }
      // In a bundle the letter counts up to the first flag that takes the rest as its value.
      let switches = argument[1...].prefix { byte in
        !flags.contains { $0.short?.asciiValue == byte && $0.value != .none }
      }
      guard let position = switches.firstIndex(of: letter) else { continue }
      if argument.count == 2 { rest.remove(at: index) } else { rest[index].remove(at: position) }
      return rest
    }
    return nil
  }
}
