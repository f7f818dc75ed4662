// SPDX-License-Identifier: Apache-2.0

/// What help is about.
public enum HelpTopic: Hashable, Sendable {
  /// The whole program.
  case program
  /// A word that has commands of its own.
  case group(CommandGroup)
  /// One command.
  case command(CommandDefinition)
}

/// Help texts for a terminal, never wider than 79 columns.
public enum Help {
  private static let width = 79
  /// Where summaries begin, unless the names before them are longer.
  private static let column = 28

  /// The short help: usage, and one line for each command or flag.
  ///
  /// - Parameters:
  ///   - topic: What it is about.
  ///   - program: The program.
  /// - Returns: Lines, each ending in a newline.
  public static func short(_ topic: HelpTopic, _ program: ProgramDefinition) -> String {
    var lines = usage(topic, program)
    switch topic {
    case .program:
      lines += commandLines(program, inGroup: nil)
      lines += ["", "Global options:"] + program.globalFlags.map(shortLine)
      lines += ["", "\(program.name) COMMAND -h lists the options of a command, --help explains them."]
    case .group(let group):
      lines += commandLines(program, inGroup: group.name)
      lines += ["", "\(program.name) \(group.name) COMMAND -h lists the options of a command."]
    case .command(let command):
      for (title, flags) in sections(command, program) { lines += ["", "\(title):"] + flags.map(shortLine) }
    }
    return joined(lines)
  }

  /// The long help: everything that the manual page says about options, arguments, examples and exit codes.
  ///
  /// - Parameters:
  ///   - topic: What it is about.
  ///   - program: The program.
  /// - Returns: Lines, each ending in a newline.
  public static func long(_ topic: HelpTopic, _ program: ProgramDefinition) -> String {
    var lines = usage(topic, program)
    switch topic {
    case .program:
      lines += paragraphs(program.discussion)
      lines += commandLines(program, inGroup: nil)
      for name in program.groups.map(\.name) { lines += commandLines(program, inGroup: name) }
      lines += ["", "Global options:"] + program.globalFlags.flatMap(longLines)
      lines += invocationNames(program) + notes("Environment", environment(program, program.globalFlags))
      lines += notes("Files", program.files)
      lines += exitCodes(program)
    case .group(let group):
      lines += paragraphs(group.discussion)
      lines += commandLines(program, inGroup: group.name)
    case .command(let command):
      lines += paragraphs(command.discussion)
      if !command.aliases.isEmpty { lines += ["", "Other names: \(command.aliases.joined(separator: ", "))"] }
      if !command.positionals.isEmpty {
        lines += ["", "Arguments:"] + command.positionals.map { entry("  \($0.name)", $0.summary) }
      }
      for (title, flags) in sections(command, program) { lines += ["", "\(title):"] + flags.flatMap(longLines) }
      if !command.examples.isEmpty {
        lines += ["", "Examples:"]
        for example in command.examples {
          lines += ["  \(example.command)"] + TextWrap.lines(example.explanation, width: width, indent: 6)
        }
      }
      lines += exitCodes(program)
    }
    return joined(lines)
  }

  // MARK: - Parts

  /// The first line of usage, without the word "Usage".
  static func synopsis(_ command: CommandDefinition, _ program: ProgramDefinition) -> String {
    (["\(program.name) \(command.name)", "[OPTION]..."] + command.positionals.map(\.syntax)).joined(separator: " ")
  }

  private static func usage(_ topic: HelpTopic, _ program: ProgramDefinition) -> [String] {
    switch topic {
    case .program:
      return TextWrap.lines("\(program.name) \(program.version): \(program.summary)", width: width)
        + ["", "Usage: \(program.name) COMMAND [OPTION]..."]
    case .group(let group):
      return ["Usage: \(program.name) \(group.name) COMMAND [OPTION]...", "", capitalised(group.summary) + "."]
    case .command(let command):
      return ["Usage: \(synopsis(command, program))", "", capitalised(command.summary) + "."]
    }
  }

  private static func commandLines(_ program: ProgramDefinition, inGroup group: String?) -> [String] {
    var lines = ["", group.map { "Commands of \($0):" } ?? "Commands:"]
    var shown: Set<String> = []
    for command in program.commands {
      if command.group == group {
        lines.append(entry("  " + command.names.joined(separator: ", "), command.summary))
      } else if group == nil, let name = command.group, shown.insert(name).inserted {
        let summary = program.groups.first { $0.name == name }?.summary ?? ""
        lines.append(entry("  \(name) ...", summary))
      }
    }
    return lines
  }

  /// The flags under their headings: those of the command in the order of first appearance, then the global ones.
  static func sections(
    _ command: CommandDefinition, _ program: ProgramDefinition
  ) -> [(title: String, flags: [FlagDefinition])] {
    var sections: [(title: String, flags: [FlagDefinition])] = []
    for flag in command.flags {
      if let index = sections.firstIndex(where: { $0.title == flag.group.title }) {
        sections[index].flags.append(flag)
      } else {
        sections.append((flag.group.title, [flag]))
      }
    }
    return sections + [("Global options", command.globalFlags(program.globalFlags))]
  }

  /// All lines of flags in the short help of a command.
  static func shortFlagLines(_ command: CommandDefinition, _ program: ProgramDefinition) -> [String] {
    sections(command, program).flatMap(\.flags).map(shortLine)
  }

  /// The names of a flag as help shows them: `-T, --threads N`.
  static func names(_ flag: FlagDefinition) -> String {
    var text = ""
    if case .level(let range) = flag.value { text = "-\(range.lowerBound)..-\(range.upperBound), " }
    if let short = flag.short { text = "-\(short), " }
    let negatable = flag.negated == "no-\(flag.long)" ? "[no-]" : ""
    return "\(text)--\(negatable)\(flag.long)\(flag.valueSyntax)"
  }

  private static func shortLine(_ flag: FlagDefinition) -> String {
    let indent = flag.short == nil && !flag.isLevel ? "      " : "  "
    return entry(indent + names(flag), flag.summary)
  }

  private static func longLines(_ flag: FlagDefinition) -> [String] {
    var facts: [String] = []
    if case .choice(let words) = flag.value { facts.append("One of \(words.joined(separator: ", ")).") }
    if let text = flag.defaultText { facts.append("Default: \(text).") }
    if let name = flag.environment { facts.append("Environment: \(name).") }
    if !flag.aliases.isEmpty { facts.append("Also: \(flag.aliases.map { "--\($0)" }.joined(separator: ", ")).") }
    if let name = flag.negated, name != "no-\(flag.long)" { facts.append("Negation: --\(name).") }
    var lines = [shortLine(flag)]
    if !flag.discussion.isEmpty { lines += TextWrap.lines(flag.discussion, width: width, indent: 10) }
    if !facts.isEmpty { lines += TextWrap.lines(facts.joined(separator: " "), width: width, indent: 10) }
    return lines
  }

  /// Variables that set a flag, then the others.
  static func environment(_ program: ProgramDefinition, _ flags: [FlagDefinition]) -> [ProgramDefinition.Note] {
    var notes: [ProgramDefinition.Note] = []
    for flag in flags {
      guard let name = flag.environment, !notes.contains(where: { $0.term == name }) else { continue }
      notes.append(.init(name, "Sets --\(flag.long)."))
    }
    return notes + program.environment
  }

  private static func invocationNames(_ program: ProgramDefinition) -> [String] {
    guard !program.invocationNames.isEmpty else { return [] }
    return notes("Other names of the program", self.calls(program))
  }

  /// What each other name of the program stands for.
  static func calls(_ program: ProgramDefinition) -> [ProgramDefinition.Note] {
    program.invocationNames.map { name in
      let call = ([program.name, name.command] + name.arguments).joined(separator: " ")
      let others = name.alternatives.map { alternative in
        let call = ([program.name, alternative.command] + alternative.arguments).joined(separator: " ")
        return " With -\(alternative.short) or --\(alternative.long): \(call)."
      }
      return .init(name.name, "Stands for: \(call).\(others.joined())")
    }
  }

  private static func notes(_ title: String, _ notes: [ProgramDefinition.Note]) -> [String] {
    notes.isEmpty ? [] : ["", "\(title):"] + notes.map { entry("  \($0.term)", $0.text) }
  }

  private static func exitCodes(_ program: ProgramDefinition) -> [String] {
    let rows = program.exitCodes.map { row in
      let label = DisplayWidth.padded(row.label, to: 5, isRightAligned: true)
      return entry("  \(label)  \(row.name)", row.meaning)
    }
    return rows.isEmpty ? [] : ["", "Exit codes:"] + rows
  }

  /// A term and its text in two columns; what does not fit goes to further lines of the second column.
  private static func entry(_ term: String, _ text: String) -> String {
    let used = DisplayWidth.of(term)
    if used + 2 + DisplayWidth.of(text) <= width, used + 2 > column { return "\(term)  \(text)" }
    let lines = TextWrap.lines(text, width: width, indent: column)
    guard let first = lines.first else { return term }
    if used + 2 > column { return ([term] + lines).joined(separator: "\n") }
    let head = DisplayWidth.padded(term, to: column) + first.drop { $0 == " " }
    return ([head] + lines.dropFirst()).joined(separator: "\n")
  }

  private static func paragraphs(_ text: String) -> [String] {
    text.isEmpty ? [] : [""] + TextWrap.lines(text, width: width)
  }

  static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

  private static func joined(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }
}
