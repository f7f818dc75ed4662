// SPDX-License-Identifier: Apache-2.0

/// The plain data of one positional argument.
public struct PositionalDefinition: Hashable, Sendable {
  /// The name in help, in capitals.
  public var name: String
  /// The kind of value.
  public var value: ValueKind
  /// How many are accepted.
  public var count: ClosedRange<Int>
  /// One line for long help and man page.
  public var summary: String
  /// What completion offers; other values are accepted too.
  public var suggestedValues: [String] = []

  /// Creates a definition.
  ///
  /// - Parameters:
  ///   - name: The name in help.
  ///   - value: The kind of value.
  ///   - count: How many are accepted.
  ///   - summary: One line.
  public init(_ name: String, value: ValueKind, count: ClosedRange<Int>, summary: String) {
    self.name = name
    self.value = value
    self.count = count
    self.summary = summary
  }

  /// The form in a synopsis: `FILE`, `[FILE]`, `FILE...` or `[FILE...]`.
  public var syntax: String {
    let many = count.upperBound > 1 ? "\(name)..." : name
    return count.lowerBound == 0 ? "[\(many)]" : many
  }
}

/// One positional argument, or a row of them, bound to the options of a command.
public struct Positional<Options>: Sendable {
  /// The data that parser and documentation read.
  public private(set) var definition: PositionalDefinition
  /// What a value does to the options.
  public let apply: Flag<Options>.Apply

  /// Creates a positional with a meaning of its own; `apply` is called once for each argument.
  ///
  /// - Parameters:
  ///   - name: The name in help.
  ///   - value: The kind of value.
  ///   - count: How many are accepted.
  ///   - summary: One line for long help and man page.
  ///   - apply: What a value does.
  public init(
    _ name: String, value: ValueKind, count: ClosedRange<Int> = 1...1, _ summary: String,
    apply: @escaping Flag<Options>.Apply
  ) {
    definition = PositionalDefinition(name, value: value, count: count, summary: summary)
    self.apply = apply
  }

  /// File names.
  ///
  /// - Parameters:
  ///   - name: The name in help.
  ///   - path: The property.
  ///   - count: How many are accepted.
  ///   - summary: One line.
  /// - Returns: The positional.
  public static func paths(
    _ name: String, _ path: OptionPath<Options, [[UInt8]]>, count: ClosedRange<Int> = 0...Int.max,
    _ summary: String
  ) -> Positional {
    Positional(name, value: .path, count: count, summary) { if let bytes = $0.path { $1[keyPath: path].append(bytes) } }
  }

  /// One file name that must be there.
  ///
  /// - Parameters:
  ///   - name: The name in help.
  ///   - path: The property.
  ///   - summary: One line.
  /// - Returns: The positional.
  public static func path(
    _ name: String, _ path: OptionPath<Options, [UInt8]>, _ summary: String
  ) -> Positional {
    Positional(name, value: .path, summary) { if let bytes = $0.path { $1[keyPath: path] = bytes } }
  }

  /// One file name that may be left out.
  ///
  /// - Parameters:
  ///   - name: The name in help.
  ///   - path: The property.
  ///   - summary: One line.
  /// - Returns: The positional.
  public static func optionalPath(
    _ name: String, _ path: OptionPath<Options, [UInt8]?>, _ summary: String
  ) -> Positional {
    Positional(name, value: .path, count: 0...1, summary) { $1[keyPath: path] = $0.path }
  }

  /// Texts.
  ///
  /// - Parameters:
  ///   - name: The name in help.
  ///   - path: The property.
  ///   - count: How many are accepted.
  ///   - summary: One line.
  /// - Returns: The positional.
  public static func texts(
    _ name: String, _ path: OptionPath<Options, [String]>, count: ClosedRange<Int> = 0...Int.max,
    _ summary: String
  ) -> Positional {
    Positional(name, value: .text, count: count, summary) { if let text = $0.text { $1[keyPath: path].append(text) } }
  }

  /// The positional, with values that completion offers.
  ///
  /// - Parameter values: The values; others are accepted too.
  /// - Returns: The changed positional.
  public func suggesting(_ values: [String]) -> Positional {
    var copy = self
    copy.definition.suggestedValues = values
    return copy
  }

  /// One word of a list.
  ///
  /// - Parameters:
  ///   - name: The name in help.
  ///   - words: What is accepted.
  ///   - path: The property.
  ///   - summary: One line.
  /// - Returns: The positional.
  public static func choice(
    _ name: String, of words: [String], _ path: OptionPath<Options, String>, _ summary: String
  ) -> Positional {
    Positional(name, value: .choice(words), summary) { if let word = $0.text { $1[keyPath: path] = word } }
  }
}
