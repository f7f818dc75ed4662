// SPDX-License-Identifier: Apache-2.0

/// The completion script for fish.
extension Completions {
  static func fish(_ program: ProgramDefinition) -> String {
    let function = "__fish_" + identifier(program.name)
    // No wrapping (-w): for a wrapped command fish puts the other name into the command line that the functions see.
    let names = [program.name] + program.invocationNames.map(\.name)
    var text = "# fish completion for \(program.name); generated, do not edit.\n\n"
    text += fishCommandSearch(program, function)
    text += """

      function \(function)_is
        set -l command (\(function)_command)
        contains -- "$command" $argv
      end

      set -l names \(names.map { "-c \($0)" }.joined(separator: " "))
      complete $names -f

      """
    for flag in program.globalFlags { text += fishFlag(flag, "complete $names") }
    for (word, summary) in firstWords(program) {
      text += "complete $names -n '\(function)_is \"\"' -a \(fishQuoted(word)) -d \(fishQuoted(summary))\n"
    }
    for name in program.invocationNames {
      for flag in alternatives(name, program) {
        text += "complete -c \(name.name) -s \(flag.short) -l \(flag.long) -d \(fishQuoted(flag.summary))\n"
      }
    }
    for group in program.groups {
      let condition = fishQuoted("\(function)_is \(fishQuoted(group.name))")
      for (word, summary) in secondWords(program, group: group.name) {
        text += "complete $names -n \(condition) -a \(fishQuoted(word)) -d \(fishQuoted(summary))\n"
      }
    }
    for command in program.commands {
      let condition = fishQuoted("\(function)_is " + command.names.map(fishQuoted).joined(separator: " "))
      let head = "complete $names -n \(condition)"
      for flag in command.flags { text += fishFlag(flag, head) }
      switch source(command, program) {
      case .words(let words): text += "\(head) -a \(fishQuoted(words.joined(separator: " ")))\n"
      case .files: text += "\(head) -F\n"
      case .directories: text += "\(head) -a '(__fish_complete_directories)'\n"
      case .nothing: break
      }
    }
    return text
  }

  /// A function that writes the command before the cursor, with its group, or nothing.
  private static func fishCommandSearch(_ program: ProgramDefinition, _ function: String) -> String {
    var text = """
      function \(function)_command
        set -l tokens (commandline -opc)
        set -l command
        set -l skip 0
        switch (string replace -r '.*/' '' -- $tokens[1])

      """
    for call in program.invocationNames {
      text += "    case \(call.name)\n      echo \(fishQuoted(call.command))\n      return\n"
    }
    let valued = program.globalFlags.filter(\.needsValue).flatMap { flag in
      spellings(flag).filter { $0 != flag.negated.map { "--\($0)" } }
    }
    let groups = program.groups.map { fishQuoted($0.name) }.joined(separator: " ")
    return text + """
        end
        for token in $tokens[2..-1]
          if test $skip = 1
            set skip 0
            continue
          end
          switch $token
            case \(valued.isEmpty ? "''" : valued.joined(separator: " "))
              set skip 1
            case '-*'
            case '*'
              set -a command $token
              if not contains -- "$command" \(groups)
                break
              end
          end
        end
        echo "$command"
      end

      """
  }

  private static func fishFlag(_ flag: FlagDefinition, _ head: String) -> String {
    var line = head
    if let short = flag.short { line += " -s \(short)" }
    for name in [flag.long] + flag.aliases { line += " -l \(name)" }
    if flag.needsValue {
      switch source(flag.value, flag.suggestedValues) {
      case .words(let words): line += " -x -a \(fishQuoted(words.joined(separator: " ")))"
      case .files: line += " -r -F"
      case .directories: line += " -x -a '(__fish_complete_directories)'"
      case .nothing: line += " -x"
      }
    }
    line += " -d \(fishQuoted(flag.summary))\n"
    if let negated = flag.negated { line += "\(head) -l \(negated) -d \(fishQuoted("not --\(flag.long)"))\n" }
    return line
  }

  /// A word in single quotes; fish knows `\'` and `\\` inside of them.
  private static func fishQuoted(_ text: String) -> String {
    var result = "'"
    for character in text {
      if character == "'" || character == "\\" { result.append("\\") }
      result.append(character)
    }
    return result + "'"
  }
}
