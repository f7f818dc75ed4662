// SPDX-License-Identifier: Apache-2.0

/// The completion script for Bash; it needs no helper functions of other packages.
extension Completions {
  static func bash(_ program: ProgramDefinition) -> String {
    let function = "_" + identifier(program.name)
    var text = """
      # Bash completion for \(program.name); generated, do not edit.
      \(function)_files() {
        local IFS=$'\\n'
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen "$1" -- "$cur"))
      }

      \(function)() {
        local cur prev cmd= flags= extra= words= i w
        COMPREPLY=()
        cur=${COMP_WORDS[COMP_CWORD]}
        prev=${COMP_WORDS[COMP_CWORD-1]}
        # Bash splits --name=value into three words.
        if [[ $cur == "=" ]]; then
          cur=
        elif [[ $prev == "=" && $COMP_CWORD -ge 2 ]]; then
          prev=${COMP_WORDS[COMP_CWORD-2]}
        fi

      """
    text += bashCommandSearch(program)
    text += "\n  case $cmd in\n"
    for command in program.commands { text += bashCommand(command, function, program) }
    for group in program.groups {
      let words = secondWords(program, group: group.name).map(\.word)
      text += "    \(quoted(group.name)))\n      words=\(quoted(words.joined(separator: " ")))\n      ;;\n"
    }
    let first = firstWords(program).map(\.word).joined(separator: " ")
    text += "    '')\n      words=\(quoted(first))\n      ;;\n  esac\n"
    text += bashValues(program.globalFlags, function, indent: "  ")
    let globals = program.globalFlags.flatMap(spellings).joined(separator: " ")
    text += """
        if [[ $cur == -* ]]; then
          COMPREPLY=($(compgen -W "$flags $extra \(globals)" -- "$cur"))
          return
        fi
        case $words in
          '<files>') \(function)_files -f ;;
          '<directories>') \(function)_files -d ;;
          *) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
        esac
      }

      """
    let names = [program.name] + program.invocationNames.map(\.name)
    return text + "complete -F \(function) \(names.joined(separator: " "))\n"
  }

  /// Finds the command among the words before the cursor.
  private static func bashCommandSearch(_ program: ProgramDefinition) -> String {
    var text = "  case ${COMP_WORDS[0]##*/} in\n"
    for name in program.invocationNames {
      let extra = alternatives(name, program).flatMap { ["-\($0.short)", "--\($0.long)"] }.joined(separator: " ")
      text += "    \(quoted(name.name))) cmd=\(quoted(name.command)) extra=\(quoted(extra)) ;;\n"
    }
    let valued = program.globalFlags.filter(\.needsValue).flatMap(spellings).joined(separator: "|")
    let groups = program.groups.map { quoted($0.name) }
    let isGroup = groups.isEmpty ? "false" : "[[ \(groups.map { "$cmd == \($0)" }.joined(separator: " || ")) ]]"
    text += """
          *)
            for ((i = 1; i < COMP_CWORD; i++)); do
              w=${COMP_WORDS[i]}
              case $w in
                \(valued.isEmpty ? "''" : valued))
                  ((i++))
                  if [[ ${COMP_WORDS[i]} == "=" ]]; then ((i++)); fi
                  ;;
                -*) ;;
                *)
                  if [[ -z $cmd ]]; then
                    cmd=$w
                    if ! \(isGroup); then break; fi
                  else
                    cmd+=" $w"
                    break
                  fi
                  ;;
              esac
            done
            ;;
        esac

      """
    return text
  }

  private static func bashCommand(
    _ command: CommandDefinition, _ function: String, _ program: ProgramDefinition
  ) -> String {
    var text = "    \(command.names.map(quoted).joined(separator: "|")))\n"
    text += bashValues(command.flags, function, indent: "      ")
    text += "      flags=\(quoted(command.flags.flatMap(spellings).joined(separator: " ")))\n"
    switch source(command, program) {
    case .files: text += "      words='<files>'\n"
    case .directories: text += "      words='<directories>'\n"
    case .words(let words): text += "      words=\(quoted(words.joined(separator: " ")))\n"
    case .nothing: break
    }
    return text + "      ;;\n"
  }

  /// Completes the value of the option before the cursor.
  private static func bashValues(_ flags: [FlagDefinition], _ function: String, indent: String) -> String {
    let valued = flags.filter(\.needsValue)
    if valued.isEmpty { return "" }
    var text = "\(indent)case $prev in\n"
    for flag in valued {
      let negation = flag.negated.map { "--\($0)" }
      let names = spellings(flag).filter { $0 != negation }.joined(separator: "|")
      let action =
        switch source(flag.value, flag.suggestedValues) {
        case .files: "\(function)_files -f; "
        case .directories: "\(function)_files -d; "
        case .words(let words): "COMPREPLY=($(compgen -W \(quoted(words.joined(separator: " "))) -- \"$cur\")); "
        case .nothing: ""
        }
      text += "\(indent)  \(names)) \(action)return ;;\n"
    }
    return text + "\(indent)esac\n"
  }
}
