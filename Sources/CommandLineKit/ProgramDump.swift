// SPDX-License-Identifier: Apache-2.0

/// The whole command line as one JSON object, for tests and documentation tools.
public enum ProgramDump {
  /// Describes a program.
  ///
  /// - Parameter program: The program.
  /// - Returns: An object of type `cli`, version 1.
  public static func json(_ program: ProgramDefinition) -> JSONValue {
    [
      "type": "cli", "v": 1, "name": .string(program.name), "version": .string(program.version),
      "summary": .string(program.summary),
      "globalFlags": .array(program.globalFlags.map(flag)),
      "commands": .array(program.commands.map(command)),
      "groups": .array(program.groups.map { ["name": .string($0.name), "summary": .string($0.summary)] }),
      "invocationNames": .array(program.invocationNames.map(invocationName)),
      "exitCodes": .array(
        program.exitCodes.map {
          ["code": .string($0.label), "name": .string($0.name), "meaning": .string($0.meaning)]
        }),
    ]
  }

  private static func command(_ command: CommandDefinition) -> JSONValue {
    [
      "name": .string(command.name), "aliases": strings(command.aliases), "summary": .string(command.summary),
      "discussion": .string(command.discussion),
      "flags": .array(command.flags.map(flag)),
      "positionals": .array(
        command.positionals.map { positional in
          [
            "name": .string(positional.name), "kind": kind(positional.value),
            "minimum": .int(Int64(positional.count.lowerBound)),
            "maximum": positional.count.upperBound == .max ? .null : .int(Int64(positional.count.upperBound)),
            "summary": .string(positional.summary),
          ]
        }),
      "examples": .array(
        command.examples.map { ["command": .string($0.command), "explanation": .string($0.explanation)] }),
    ]
  }

  private static func flag(_ flag: FlagDefinition) -> JSONValue {
    [
      "long": .string(flag.long), "short": flag.short.map { .string(String($0)) } ?? .null,
      "aliases": strings(flag.aliases), "negated": flag.negated.map { .string($0) } ?? .null,
      "kind": kind(flag.value), "choices": choices(flag.value), "valueIsOptional": .bool(flag.valueIsOptional),
      "placeholder": .string(flag.placeholder), "group": .string(flag.group.title),
      "repeats": .string("\(flag.repetition)"), "environment": flag.environment.map { .string($0) } ?? .null,
      "default": flag.defaultText.map { .string($0) } ?? .null, "configurable": .bool(flag.isConfigurable),
      "summary": .string(flag.summary), "discussion": .string(flag.discussion),
    ]
  }

  private static func invocationName(_ name: InvocationName) -> JSONValue {
    ["name": .string(name.name), "command": .string(name.command), "arguments": strings(name.arguments)]
  }

  private static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

  private static func choices(_ value: ValueKind) -> JSONValue {
    if case .choice(let words) = value { strings(words) } else { .null }
  }

  private static func kind(_ value: ValueKind) -> JSONValue { .string(kindName(value)) }

  private static func kindName(_ value: ValueKind) -> String {
    switch value {
    case .none: "none"
    case .int: "int"
    case .level: "level"
    case .size: "size"
    case .duration: "duration"
    case .calendar: "calendar"
    case .choice: "choice"
    case .path: "path"
    case .directory: "directory"
    case .text: "text"
    case .pair(let first, let second): "\(kindName(first))+\(kindName(second))"
    }
  }
}
