// SPDX-License-Identifier: Apache-2.0

/// The plain data of a command: what the parser and all generated documents read.
public struct CommandDefinition: Hashable, Sendable {
  /// The name; a command of a group has the group's name and a space before its own: `backup create`.
  public var name: String
  /// Other names of the command.
  public var aliases: [String] = []
  /// One line, lower case, no full stop.
  public var summary: String
  /// Paragraphs, separated by empty lines; a line that begins with two spaces is shown as it is.
  public var discussion = ""
  /// Command lines with what they do.
  public var examples: [Example] = []
  /// The flags of the command itself, without the global ones.
  public var flags: [FlagDefinition] = []
  /// The positional arguments, in order.
  public var positionals: [PositionalDefinition] = []

  /// Creates a definition.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - summary: One line.
  public init(_ name: String, summary: String) {
    self.name = name
    self.summary = summary
  }

  /// The name of the group, or `nil`.
  public var group: String? {
    name.firstIndex(of: " ").map { String(name[..<$0]) }
  }

  /// The name and the aliases.
  public var names: [String] { [name] + aliases }

  /// The global flags that hold for the command: a flag of its own with the same long name and the same letter takes the
  /// place of a global one.
  ///
  /// - Parameter flags: The global flags.
  /// - Returns: Those that no flag of the command replaces.
  public func globalFlags(_ flags: [FlagDefinition]) -> [FlagDefinition] {
    flags.filter { global in !self.flags.contains { $0.long == global.long && $0.short == global.short } }
  }
}

/// An example of use.
public struct Example: Hashable, Sendable {
  /// The command line, without a prompt.
  public let command: String
  /// What it does, one sentence.
  public let explanation: String

  /// Creates an example.
  ///
  /// - Parameters:
  ///   - command: The command line.
  ///   - explanation: What it does.
  public init(_ command: String, _ explanation: String) {
    self.command = command
    self.explanation = explanation
  }
}

/// A word that has commands of its own: `backup` in `backup create`.
public struct CommandGroup: Hashable, Sendable {
  /// The word.
  public let name: String
  /// One line.
  public let summary: String
  /// Paragraphs for the help of the group.
  public let discussion: String

  /// Creates a group.
  ///
  /// - Parameters:
  ///   - name: The word.
  ///   - summary: One line.
  ///   - discussion: Paragraphs.
  public init(_ name: String, summary: String, discussion: String = "") {
    self.name = name
    self.summary = summary
    self.discussion = discussion
  }
}
