// SPDX-License-Identifier: Apache-2.0

/// The usual kinds of flag, each bound to a property of the options.
extension Flag {
  /// A switch; its negation, if it has one, sets `false`.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func toggle(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, Bool>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .none, summary) { $1[keyPath: path] = $0 != .negated }
  }

  /// A flag without a value that stores a fixed value: `--best`, `--keep`.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property.
  ///   - value: What is stored.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func set<Value: Sendable>(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, Value>, to value: Value,
    _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .none, summary) { if $0 != .negated { $1[keyPath: path] = value } }
  }

  /// A switch that counts how often it was given: `-vv`.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func count(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, Int>, _ summary: String
  ) -> Flag {
    var flag = Flag(long, short: short, value: .none, summary) {
      $1[keyPath: path] = $0 == .negated ? 0 : $1[keyPath: path] &+ 1
    }
    flag.definition.repetition = .counts
    return flag
  }

  /// A whole number.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - range: What is accepted.
  ///   - path: The property.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func int(
    _ long: String, short: Character? = nil, in range: ClosedRange<Int>,
    _ path: OptionPath<Options, Int>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .int(range), summary) { if let n = $0.int { $1[keyPath: path] = n } }
  }

  /// A whole number for an optional property.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - range: What is accepted.
  ///   - path: The property; a negation sets it to `nil`.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func int(
    _ long: String, short: Character? = nil, in range: ClosedRange<Int>,
    _ path: OptionPath<Options, Int?>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .int(range), summary) { $1[keyPath: path] = $0.int }
  }

  /// A number that may be left out: `--fast[=N]`.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - range: What is accepted.
  ///   - absent: What is stored when the number is left out.
  ///   - path: The property; a negation sets it to `nil`.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func optionalInt(
    _ long: String, short: Character? = nil, in range: ClosedRange<Int>, absent: Int,
    _ path: OptionPath<Options, Int?>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .int(range), summary) {
      $1[keyPath: path] = $0 == .negated ? nil : $0.int ?? absent
    }.optionalValue()
  }

  /// A level that is typed as digits (`-1` … `-22`) or by its long name.
  ///
  /// - Parameters:
  ///   - long: The long name, which is also the key in configuration files.
  ///   - range: What is accepted; the lower bound is not negative.
  ///   - path: The property.
  ///   - summary: One line for the help.
  /// - Returns: The flag. A command can have one such flag.
  public static func level(
    _ long: String = "level", in range: ClosedRange<Int>, _ path: OptionPath<Options, Int?>,
    _ summary: String
  ) -> Flag {
    Flag(long, value: .level(range), summary) { $1[keyPath: path] = $0.int }
  }

  /// A byte count.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func size(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, UInt64>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .size, summary) { if let n = $0.size { $1[keyPath: path] = n } }
  }

  /// A byte count for an optional property.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property; a negation sets it to `nil`.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func size(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, UInt64?>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .size, summary) { $1[keyPath: path] = $0.size }
  }

  /// A span of time.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func duration(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, Duration>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .duration, summary) { if let d = $0.duration { $1[keyPath: path] = d } }
  }

  /// A span of time for an optional property.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property; a negation sets it to `nil`.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func duration(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, Duration?>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .duration, summary) { $1[keyPath: path] = $0.duration }
  }

  /// A span of time that also knows months and years.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property; a negation sets it to `nil`.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func calendar(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, CalendarSpan?>,
    _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .calendar, summary) { $1[keyPath: path] = $0.calendar }
  }

  /// One case of an enumeration whose raw values are the words.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property.
  ///   - summary: One line for the help.
  ///   - negation: What the negated spelling stores, if there is one.
  /// - Returns: The flag.
  public static func choice<Choice>(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, Choice>, _ summary: String,
    negation: Choice? = nil
  ) -> Flag where Choice: RawRepresentable & CaseIterable & Sendable, Choice.RawValue == String {
    Flag(long, short: short, value: .choice(Choice.allCases.map(\.rawValue)), summary) {
      let chosen = $0 == .negated ? negation : $0.text.flatMap { Choice(rawValue: $0) }
      if let chosen { $1[keyPath: path] = chosen }
    }
  }

  /// One word of a list.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - words: What is accepted.
  ///   - path: The property.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func choice(
    _ long: String, short: Character? = nil, of words: [String], _ path: OptionPath<Options, String>,
    _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .choice(words), summary) { if let word = $0.text { $1[keyPath: path] = word } }
  }

  /// A file name.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property; a negation sets it to `nil`.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func path(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, [UInt8]?>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .path, summary) { $1[keyPath: path] = $0.path }
  }

  /// A list of file names, one for each occurrence.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property; a negation empties it.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func paths(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, [[UInt8]]>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .path, summary) {
      if let name = $0.path { $1[keyPath: path].append(name) } else { $1[keyPath: path] = [] }
    }.collecting()
  }

  /// A folder name.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property; a negation sets it to `nil`.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func directory(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, [UInt8]?>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .directory, summary) { $1[keyPath: path] = $0.path }
  }

  /// A text.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func text(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, String>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .text, summary) { if let text = $0.text { $1[keyPath: path] = text } }
  }

  /// A text for an optional property.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property; a negation sets it to `nil`.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func text(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, String?>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .text, summary) { $1[keyPath: path] = $0.text }
  }

  /// A list of texts, one for each occurrence.
  ///
  /// - Parameters:
  ///   - long: The long name.
  ///   - short: The one-letter name.
  ///   - path: The property; a negation empties it.
  ///   - summary: One line for the help.
  /// - Returns: The flag.
  public static func texts(
    _ long: String, short: Character? = nil, _ path: OptionPath<Options, [String]>, _ summary: String
  ) -> Flag {
    Flag(long, short: short, value: .text, summary) {
      if let text = $0.text { $1[keyPath: path].append(text) } else { $1[keyPath: path] = [] }
    }.collecting()
  }
}
