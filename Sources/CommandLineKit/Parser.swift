// SPDX-License-Identifier: Apache-2.0

/// Everything besides the arguments that can set a flag; handed in, so that parsing touches no machine state.
public struct ParseInputs: Sendable {
  /// Looks up an environment variable.
  public var environment: @Sendable (String) -> [UInt8]?
  /// Configuration files, the one with the highest precedence first.
  public var configs: [ConfigFile]

  /// Creates inputs.
  ///
  /// - Parameters:
  ///   - environment: Looks up an environment variable; finds none by default.
  ///   - configs: Configuration files, the one with the highest precedence first.
  public init(
    environment: @escaping @Sendable (String) -> [UInt8]? = { _ in nil }, configs: [ConfigFile] = []
  ) {
    self.environment = environment
    self.configs = configs
  }

  /// Creates inputs from a table of variables.
  ///
  /// - Parameters:
  ///   - variables: The environment.
  ///   - configs: Configuration files, the one with the highest precedence first.
  public init(variables: [String: String], configs: [ConfigFile] = []) {
    self.init(environment: { variables[$0].map { Array($0.utf8) } }, configs: configs)
  }
}

/// Options after parsing, and where each of them comes from.
public struct ParseResult<Options> {
  /// The options.
  public let options: Options
  /// The flags that were set, those of lower precedence first; flags that are at their default are missing.
  public let values: [ResolvedValue]
  /// One line for each environment variable that was ignored, without the program's name.
  public let warnings: [String]

  /// Where the value of a flag comes from.
  ///
  /// - Parameter flag: The long name.
  /// - Returns: The origin of the last value, `.default` if there is none.
  public func origin(of flag: String) -> ValueOrigin { values.last { $0.flag == flag }?.origin ?? .default }
}

/// Turns arguments into the options of one command.
public struct Parser<Options: CommandOptions>: Sendable {
  private let flags: [Flag<Options>]
  private let positionals: [Positional<Options>]
  private let command: String?

  /// Creates a parser.
  ///
  /// - Parameters:
  ///   - flags: All flags, the global ones included.
  ///   - positionals: The positional arguments.
  ///   - command: The name of the command, for messages and for its group in configuration files.
  public init(flags: [Flag<Options>], positionals: [Positional<Options>] = [], command: String? = nil) {
    self.flags = flags
    self.positionals = positionals
    self.command = command
  }

  /// Parses arguments; precedence is command line, environment, configuration files in their order, default.
  ///
  /// A flag that is set in several places takes its values, lists included, only from the place of highest precedence.
  ///
  /// - Parameters:
  ///   - arguments: The arguments after the name of the command.
  ///   - inputs: Environment and configuration.
  /// - Returns: The options.
  /// - Throws: ``UsageError`` with any code but those about commands.
  public func parse(_ arguments: [[UInt8]], _ inputs: ParseInputs = ParseInputs()) throws(UsageError)
    -> ParseResult<Options>
  {
    let scanned: ScannedArguments
    do {
      scanned = try ArgumentScanner(flags: flags.map(\.definition)).scan(arguments)
    } catch {
      throw error.at(command)
    }
    return try resolve(scanned, inputs)
  }

  /// Merges scanned arguments with environment and configuration, and applies everything.
  func resolve(_ scanned: ScannedArguments, _ inputs: ParseInputs) throws(UsageError) -> ParseResult<Options> {
    var layers: [[ResolvedValue]] = []
    let definitions = flags.map(\.definition)
    for config in inputs.configs.reversed() {
      layers += try config.layers(command: command, flags: definitions)
    }
    let (environment, warnings) = environmentValues(inputs)
    layers += [environment, scanned.values]

    var options = Options()
    var applied: [ResolvedValue] = []
    for (index, layer) in layers.enumerated() {
      let overridden = Set(layers[(index + 1)...].joined().map(\.flag))
      for value in layer where !overridden.contains(value.flag) {
        try apply(value, to: &options)
        applied.append(value)
      }
    }
    try bindPositionals(scanned.positionals, to: &options)
    return ParseResult(options: options, values: applied, warnings: warnings)
  }

  private func apply(_ value: ResolvedValue, to options: inout Options) throws(UsageError) {
    guard let flag = flags.first(where: { $0.definition.long == value.flag }) else { return }
    do {
      try flag.apply(value.value, &options)
    } catch {
      if case .config = value.origin { throw error.at(value.origin.description) }
      throw error.at(command)
    }
  }

  private func environmentValues(_ inputs: ParseInputs) -> (values: [ResolvedValue], warnings: [String]) {
    var values: [ResolvedValue] = []
    var warnings: [String] = []
    for flag in flags {
      // An empty variable counts as not set, which is the only way to switch one off for a single call.
      guard let name = flag.definition.environment, let bytes = inputs.environment(name), !bytes.isEmpty else {
        continue
      }
      do {
        let origin = ValueOrigin.environment(name)
        values += try tried(flag, bytes).map {
          ResolvedValue(flag: flag.definition.long, value: $0, origin: origin, spelling: name)
        }
      } catch {
        warnings.append("\(name): \(error.reason); ignored")
      }
    }
    return (values, warnings)
  }

  /// The values of a variable, tried on fresh options: one that the flag refuses must not hide one of lower precedence.
  private func tried(_ flag: Flag<Options>, _ bytes: [UInt8]) throws(ValueError) -> [FlagValue] {
    let values = try flag.definition.settingValues(bytes, isNegation: false)
    var trial = Options()
    for value in values {
      do { try flag.apply(value, &trial) } catch { throw ValueError(error.message) }
    }
    return values
  }

  private func bindPositionals(_ arguments: [[UInt8]], to options: inout Options) throws(UsageError) {
    var rest = arguments[...]
    var required = 0
    for positional in positionals.map(\.definition) {
      required += positional.count.lowerBound
      if required > arguments.count {
        throw UsageError(.missingArgument, "\(positional.name) is missing", hint: helpHint, subject: command)
      }
    }
    for (index, positional) in positionals.enumerated() {
      // As many as possible, but the ones behind must get at least what they need.
      let needed = positionals[(index + 1)...].reduce(0) { $0 + $1.definition.count.lowerBound }
      let count = min(max(0, rest.count - needed), positional.definition.count.upperBound)
      for argument in rest.prefix(count) {
        let value: FlagValue
        do {
          value = try positional.definition.value.parse(argument)
        } catch {
          let message = "\(positional.definition.name): \(error.reason)"
          throw UsageError(.invalidValue, message, hint: error.hint, subject: command)
        }
        do { try positional.apply(value, &options) } catch { throw error.at(command) }
      }
      rest = rest.dropFirst(count)
    }
    if let extra = rest.first {
      throw UsageError(
        .unexpectedArgument, "unexpected argument '\(Escaping.visible(extra))'", hint: helpHint, subject: command)
    }
  }

  private var helpHint: String? { command == nil ? nil : "-h shows what is expected" }
}

extension FlagDefinition {
  /// The values that a text from environment or configuration stands for.
  func settingValues(_ bytes: [UInt8], isNegation: Bool) throws(ValueError) -> [FlagValue] {
    if isNegation || self.value == .none {
      if let isOn = Self.truth(bytes) {
        if isNegation { return isOn ? [.negated] : (self.value == .none ? [.none] : []) }
        return [isOn ? .none : .negated]
      }
      if repetition == .counts, !isNegation, case .int(let count)? = try? ValueKind.int(0...9).parse(bytes) {
        return count == 0 ? [.negated] : Array(repeating: .none, count: count)
      }
      throw ValueError("'\(Escaping.visible(bytes))' is neither 'true' nor 'false'")
    }
    if valueIsOptional, Self.truth(bytes) == true, bytes != [UInt8(ascii: "1")] { return [.none] }
    if self.value.argumentCount == 1 { return [try self.value.parse(bytes)] }
    let parts = bytes.split(separator: UInt8(ascii: " ")).map { Array($0) }
    guard parts.count == self.value.argumentCount else { throw ValueError("needs the values \(placeholder)") }
    return [try self.value.parse(parts: parts)]
  }

  private static func truth(_ bytes: [UInt8]) -> Bool? {
    switch String(validating: bytes, as: UTF8.self) {
    case "true", "yes", "on", "1": true
    case "false", "no", "off", "0": false
    default: nil
    }
  }
}
