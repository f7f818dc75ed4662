// SPDX-License-Identifier: Apache-2.0

/// Manual pages in the `man` macros of roff.
public enum ManPage {
  /// All pages of a program.
  ///
  /// - Parameter program: The program.
  /// - Returns: File names (`archivetool.1`, `archivetool-compress.1`, …) and texts.
  public static func all(_ program: ProgramDefinition) -> [(name: String, text: String)] {
    let topics = [HelpTopic.program] + program.groups.map { .group($0) } + program.commands.map { .command($0) }
    return topics.map { ("\(pageName($0, program)).1", page($0, program)) }
  }

  /// One page.
  ///
  /// - Parameters:
  ///   - topic: What it is about.
  ///   - program: The program.
  /// - Returns: The source text.
  public static func page(_ topic: HelpTopic, _ program: ProgramDefinition) -> String {
    var page = Page()
    let name = pageName(topic, program)
    page.macro("TH", name.uppercased(), "1", "", "\(program.name) \(program.version)", "User Commands")
    // Filled but ragged lines, no hyphens: options must be findable as they are typed.
    page.source += ".nh\n.ad l\n"
    page.section("NAME")
    page.text("\(name) - \(summary(topic, program))")
    page.section("SYNOPSIS")
    switch topic {
    case .program: programBody(&page, program)
    case .group(let group): groupBody(&page, group, program)
    case .command(let command): commandBody(&page, command, program)
    }
    seeAlso(&page, topic, program)
    return page.source
  }

  private static func pageName(_ topic: HelpTopic, _ program: ProgramDefinition) -> String {
    switch topic {
    case .program: program.name
    case .group(let group): "\(program.name)-\(group.name)"
    case .command(let command): "\(program.name)-" + command.name.split(separator: " ").joined(separator: "-")
    }
  }

  private static func summary(_ topic: HelpTopic, _ program: ProgramDefinition) -> String {
    switch topic {
    case .program: program.summary
    case .group(let group): group.summary
    case .command(let command): command.summary
    }
  }

  private static func programBody(_ page: inout Page, _ program: ProgramDefinition) {
    page.synopsis(program.name, "COMMAND [OPTION]...")
    page.section("DESCRIPTION")
    page.text(Help.capitalised(program.summary) + ".")
    page.paragraphs(program.discussion)
    page.section("COMMANDS")
    for command in program.commands {
      page.term(bold: command.names.joined(separator: ", "))
      page.text(Help.capitalised(command.summary) + ".")
    }
    if !program.invocationNames.isEmpty {
      page.section("OTHER NAMES")
      page.notes(Help.calls(program))
    }
    page.section("OPTIONS")
    page.flags(program.globalFlags)
    trailer(&page, program, program.globalFlags)
  }

  private static func groupBody(_ page: inout Page, _ group: CommandGroup, _ program: ProgramDefinition) {
    page.synopsis("\(program.name) \(group.name)", "COMMAND [OPTION]...")
    page.section("DESCRIPTION")
    page.text(Help.capitalised(group.summary) + ".")
    page.paragraphs(group.discussion)
    page.section("COMMANDS")
    for command in program.commands where command.group == group.name {
      page.term(bold: command.names.joined(separator: ", "))
      page.text(Help.capitalised(command.summary) + ".")
    }
    page.section("OPTIONS")
    page.flags(program.globalFlags)
    trailer(&page, program, program.globalFlags)
  }

  private static func commandBody(_ page: inout Page, _ command: CommandDefinition, _ program: ProgramDefinition) {
    let arguments = ["[OPTION]..."] + command.positionals.map(\.syntax)
    for name in command.names { page.synopsis("\(program.name) \(name)", arguments.joined(separator: " ")) }
    page.section("DESCRIPTION")
    page.text(Help.capitalised(command.summary) + ".")
    page.paragraphs(command.discussion)
    if !command.positionals.isEmpty {
      page.subsection("Arguments")
      for positional in command.positionals {
        page.term(italic: positional.name)
        page.text(Help.capitalised(positional.summary) + ".")
      }
    }
    page.section("OPTIONS")
    for (title, flags) in Help.sections(command, program) {
      page.subsection(title)
      page.flags(flags)
    }
    trailer(&page, program, command.flags + command.globalFlags(program.globalFlags))
    if !command.examples.isEmpty {
      page.section("EXAMPLES")
      for example in command.examples {
        page.text(example.explanation)
        page.verbatim([example.command])
      }
    }
  }

  private static func trailer(_ page: inout Page, _ program: ProgramDefinition, _ flags: [FlagDefinition]) {
    page.section("EXIT STATUS")
    for row in program.exitCodes {
      page.term(bold: row.label)
      page.text("\(row.name): \(row.meaning).")
    }
    page.section("ENVIRONMENT")
    page.notes(Help.environment(program, flags))
    guard !program.files.isEmpty else { return }
    page.section("FILES")
    page.notes(program.files)
  }

  private static func seeAlso(_ page: inout Page, _ topic: HelpTopic, _ program: ProgramDefinition) {
    var names: [String] = []
    switch topic {
    case .program: names = program.commands.map { pageName(.command($0), program) }
    case .group(let group):
      let inside = program.commands.filter { $0.group == group.name }
      names = [program.name] + inside.map { pageName(.command($0), program) }
    case .command(let command):
      let group = program.groups.first { $0.name == command.group }
      names = [program.name] + (group.map { [pageName(.group($0), program)] } ?? [])
    }
    page.section("SEE ALSO")
    for (index, name) in names.enumerated() { page.macro("BR", name, index + 1 < names.count ? "(1)," : "(1)") }
  }
}

/// A page while it is written.
private struct Page {
  var source = ""

  mutating func macro(_ name: String, _ arguments: String...) {
    source += ".\(name)"
    for argument in arguments { source += " \"\(Roff.escaped(argument))\"" }
    source += "\n"
  }

  mutating func section(_ title: String) { macro("SH", title) }

  mutating func subsection(_ title: String) { macro("SS", title) }

  mutating func synopsis(_ name: String, _ arguments: String) {
    source += "\\fB\(Roff.escaped(name))\\fR \(Roff.escaped(arguments))\n.br\n"
  }

  /// One filled paragraph on one source line.
  mutating func text(_ text: String) { source += Roff.line(text) + "\n" }

  mutating func term(bold text: String) { source += ".TP\n\\fB\(Roff.escaped(text))\\fR\n" }

  mutating func term(italic text: String) { source += ".TP\n\\fI\(Roff.escaped(text))\\fR\n" }

  /// Paragraphs that each begin with `.PP`.
  mutating func paragraphs(_ text: String) {
    for block in TextWrap.blocks(text) {
      switch block {
      case .paragraph(let words):
        macro("PP")
        self.text(words)
      case .verbatim(let lines): verbatim(lines)
      }
    }
  }

  mutating func verbatim(_ lines: [String]) {
    source += ".PP\n.RS 4\n.nf\n"
    for line in lines { text(line) }
    source += ".fi\n.RE\n.PP\n"
  }

  mutating func notes(_ notes: [ProgramDefinition.Note]) {
    for note in notes {
      term(bold: note.term)
      text(note.text)
    }
  }

  mutating func flags(_ flags: [FlagDefinition]) {
    for flag in flags {
      source += ".TP\n\(names(flag))\n"
      text(Help.capitalised(flag.summary) + ".")
      for block in TextWrap.blocks(flag.discussion) {
        guard case .paragraph(let words) = block else { continue }
        source += ".IP\n"
        text(words)
      }
      var facts: [String] = []
      if case .choice(let words) = flag.value { facts.append("One of \(words.joined(separator: ", ")).") }
      if let text = flag.defaultText { facts.append("Default: \(text).") }
      if let name = flag.environment { facts.append("Environment: \(name).") }
      if !facts.isEmpty { source += ".IP\n" + Roff.line(facts.joined(separator: " ")) + "\n" }
    }
  }

  private func names(_ flag: FlagDefinition) -> String {
    var names: [String] = []
    if case .level(let range) = flag.value { names.append("-\(range.lowerBound)..-\(range.upperBound)") }
    if let short = flag.short { names.append("-\(short)") }
    names += ([flag.long] + flag.aliases).map { "--\($0)" }
    var value = ""
    if flag.value != .none {
      let placeholder = "\\fI\(Roff.escaped(flag.placeholder))\\fR"
      value = flag.valueIsOptional ? "[=\(placeholder)]" : " \(placeholder)"
    }
    let bold = names.map { "\\fB\(Roff.escaped($0))\\fR" }.joined(separator: ", ") + value
    return bold + (flag.negated.map { ", \\fB\(Roff.escaped("--\($0)"))\\fR" } ?? "")
  }
}

/// Quoting for roff.
private enum Roff {
  /// Text that stands inside of a line.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\"": result += "\\(dq"
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      case "\n", "\t": result += " "
      // Terminals without Unicode have no such character, and groff warns about it.
      case "\u{2026}": result += "..."
      case "\u{2013}": result += "\\(en"
      case "\u{2014}": result += "\\(em"
      case "\u{2018}", "\u{2019}": result += "\\(aq"
      default:
        if scalar.isASCII {
          result.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          result += "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
        }
      }
    }
    return result
  }

  /// Text that is a line of its own: a dot at its beginning must not be read as a macro.
  static func line(_ text: String) -> String {
    let escaped = escaped(text)
    return escaped.first == "." || escaped.first == " " ? "\\&" + escaped : escaped
  }
}
