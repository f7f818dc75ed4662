// SPDX-License-Identifier: Apache-2.0

/// The completion script for zsh: a `#compdef` file that can also be sourced.
extension Completions {
  static func zsh(_ program: ProgramDefinition) -> String {
    let function = "_" + identifier(program.name)
    let names = [program.name] + program.invocationNames.map(\.name)
    var text = """
      #compdef \(names.joined(separator: " "))
      # zsh completion for \(program.name); generated, do not edit.

      \(function)_command() {
        local -a specs
        specs=(
      \(specs(program.globalFlags, indent: "    "))  )
        specs+=("${@:2}")
        case $1 in

      """
    for command in program.commands {
      let patterns = command.names.map(quoted).joined(separator: "|")
      let own = specs(command.flags, indent: "        ") + positionals(command, program)
      text += "    \(patterns))\n      specs+=(\n\(own)      )\n      ;;\n"
    }
    text += """
        esac
        _arguments -s -S $specs
      }

      """
    for group in program.groups {
      text += level(
        "\(function)_\(identifier(group.name))", secondWords(program, group: group.name), program, prelude: "",
        rest: "      \(function)_command \"\(group.name) $words[1]\" && ret=0\n")
    }
    var prelude = "  case ${service:t} in\n"
    for name in program.invocationNames {
      let extra = alternatives(name, program).flatMap { flag in
        ["-\(flag.short)", "--\(flag.long)"].map { " " + quoted("\($0)[\(escaped(flag.summary))]") }
      }
      let call = "\(function)_command \(quoted(name.command))\(extra.joined())"
      prelude += "    \(quoted(name.name))) \(call); return ;;\n"
    }
    prelude = program.invocationNames.isEmpty ? "" : prelude + "  esac\n"
    var rest = "      case $words[1] in\n"
    for group in program.groups {
      rest += "        \(quoted(group.name))) \(function)_\(identifier(group.name)) && ret=0 ;;\n"
    }
    rest += "        *) \(function)_command \"$words[1]\" && ret=0 ;;\n      esac\n"
    text += level(function, firstWords(program), program, prelude: prelude, rest: rest)
    return text + """

      if [[ $funcstack[1] == \(function) ]]; then
        \(function) "$@"
      elif (( $+functions[compdef] )); then
        compdef \(function) \(names.joined(separator: " "))
      fi

      """
  }

  /// A function that completes one word out of a list and hands the rest on.
  private static func level(
    _ function: String, _ words: [(word: String, summary: String)], _ program: ProgramDefinition, prelude: String,
    rest: String
  ) -> String {
    let list = words.map { "        \(quoted("\($0.word):\(escapedColon($0.summary))"))\n" }.joined()
    return """

      \(function)() {
        local curcontext="$curcontext" context state state_descr line ret=1
        typeset -A opt_args
        local -a specs commands
      \(prelude)  specs=(
      \(specs(program.globalFlags, indent: "    "))  )
        _arguments -C -s -S $specs '1: :->command' '*:: :->rest' && ret=0
        case $state in
          command)
            commands=(
      \(list)      )
            _describe -t commands command commands && ret=0
            ;;
          rest)
      \(rest)      ;;
        esac
        return ret
      }

      """
  }

  private static func escapedColon(_ text: String) -> String {
    text.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:")
  }

  /// Text inside of the brackets of a specification.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      if "[]:\\".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }

  private static func specs(_ flags: [FlagDefinition], indent: String) -> String {
    flags.flatMap(specs).map { "\(indent)\(quoted($0))\n" }.joined()
  }

  private static func specs(_ flag: FlagDefinition) -> [String] {
    let names = spellings(flag)
    let repeats = flag.repetition != .lastWins
    let exclusion = repeats ? "*" : names.count > 1 ? "(\(names.joined(separator: " ")))" : ""
    let negation = flag.negated.map { "--\($0)" }
    return names.map { name in
      let isSwitch = flag.value == .none || name == negation
      let suffix: String
      if isSwitch || flag.value.argumentCount > 1 {
        suffix = ""
      } else if name.hasPrefix("--") {
        suffix = flag.valueIsOptional ? "=-" : "="
      } else {
        suffix = flag.valueIsOptional ? "-" : "+"
      }
      let values = isSwitch ? "" : self.values(flag)
      return "\(exclusion)\(name)\(suffix)[\(escaped(flag.summary))]\(values)"
    }
  }

  private static func values(_ flag: FlagDefinition) -> String {
    if case .pair(let first, let second) = flag.value {
      return ":\(escaped(first.defaultPlaceholder)):\(action(source(first)))"
        + ":\(escaped(second.defaultPlaceholder)):\(action(source(second)))"
    }
    let colon = flag.valueIsOptional ? "::" : ":"
    return "\(colon)\(escaped(flag.placeholder)):\(action(source(flag.value, flag.suggestedValues)))"
  }

  private static func action(_ source: Source) -> String {
    switch source {
    case .words(let words): "(\(words.map(escaped).joined(separator: " ")))"
    case .files: "_files"
    case .directories: "_files -/"
    case .nothing: " "
    }
  }

  private static func positionals(_ command: CommandDefinition, _ program: ProgramDefinition) -> String {
    var lines: [String] = []
    if BuiltinCommand(rawValue: command.name) == nil {
      for (index, positional) in command.positionals.enumerated() {
        let place = positional.count.upperBound > 1 ? "*" : "\(index + 1)"
        let colon = positional.count.lowerBound == 0 && place != "*" ? "::" : ":"
        lines.append("\(place)\(colon)\(escaped(positional.name)):\(action(source(positional.value)))")
      }
    } else if source(command, program) != .nothing {
      lines.append("*:\(command.positionals.first?.name ?? ""):\(action(source(command, program)))")
    }
    return lines.map { "        \(quoted($0))\n" }.joined()
  }
}
