// SPDX-License-Identifier: Apache-2.0

/// The part of a flag that is plain data: what the parser, the help, the man page and the completions read.
public struct FlagDefinition: Hashable, Sendable {
  /// What happens when a flag is given several times.
  public enum Repetition: Hashable, Sendable {
    /// The last one wins.
    case lastWins
    /// Each one counts.
    case counts
    /// Each one adds to a list.
    case collects
  }

  /// The long name without dashes, which is also the key in configuration files.
  public var long: String
  /// The one-letter name, or `nil`. ASCII only.
  public var short: Character?
  /// Further long names that are accepted but not shown in short help.
  public var aliases: [String] = []
  /// The long name that switches the flag off, or `nil`.
  public var negated: String?
  /// The kind of value.
  public var value: ValueKind
  /// Whether the value may be left out; then it is only accepted as `--name=value`.
  public var valueIsOptional = false
  /// What several occurrences mean.
  public var repetition: Repetition = .lastWins
  /// The name of the value in help.
  public var placeholder: String
  /// The heading under which help shows the flag.
  public var group: FlagGroup = .general
  /// The environment variable that sets the flag, or `nil`.
  public var environment: String?
  /// One line, lower case, no full stop; up to 51 characters stand on one line of short help.
  public var summary: String
  /// Paragraphs for long help and man page, separated by empty lines.
  public var discussion = ""
  /// The default as text for the documentation, or `nil`.
  public var defaultText: String?
  /// Values that completion offers for a free text.
  public var suggestedValues: [String] = []
  /// Whether a configuration file may set the flag.
  public var isConfigurable = true

  /// Creates a definition; everything else is set on the value.
  ///
  /// - Parameters:
  ///   - long: The long name without dashes.
  ///   - short: The one-letter name.
  ///   - value: The kind of value.
  ///   - summary: One line for the help.
  public init(_ long: String, short: Character? = nil, value: ValueKind, summary: String) {
    self.long = long
    self.short = short
    self.value = value
    self.summary = summary
    placeholder = value.defaultPlaceholder
  }

  /// Every long spelling: name, aliases, negation.
  public var longSpellings: [String] { [long] + aliases + (negated.map { [$0] } ?? []) }

  /// Whether a level may be typed as digits.
  public var isLevel: Bool { if case .level = value { true } else { false } }

  /// Whether the flag must be followed by a value.
  public var needsValue: Bool { value != .none && !valueIsOptional }

  /// The value part as help writes it after the long name: ` N`, `[=N]` or nothing.
  public var valueSyntax: String {
    if value == .none { return "" }
    return valueIsOptional ? "[=\(placeholder)]" : " \(placeholder)"
  }
}

/// A heading under which flags are listed.
public struct FlagGroup: Hashable, Sendable {
  /// The heading.
  public let title: String

  /// Creates a heading of the program's own.
  ///
  /// - Parameter title: The heading, capitalised, without a colon.
  public init(_ title: String) { self.title = title }

  /// What is read.
  public static let input = FlagGroup("Input")
  /// What is written.
  public static let output = FlagGroup("Output")
  /// How data is packed.
  public static let format = FlagGroup("Format")
  /// Bounds on what is accepted.
  public static let limits = FlagGroup("Limits")
  /// Speed and memory.
  public static let performance = FlagGroup("Performance")
  /// Messages, progress and reports.
  public static let reporting = FlagGroup("Reporting")
  /// Everything else.
  public static let general = FlagGroup("General")
}
