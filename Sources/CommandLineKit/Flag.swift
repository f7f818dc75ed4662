// SPDX-License-Identifier: Apache-2.0

/// The place of a value inside of options.
public typealias OptionPath<Root, Value> = any WritableKeyPath<Root, Value> & Sendable

/// A flag as one value: its definition, and what it does to the options of a command.
///
/// The ready-made constructors (`toggle`, `int`, `path`, …) cover nearly all flags; details are added by the modifiers,
/// each of which returns a changed copy:
///
///     .int("threads", short: "T", in: 0...256, \.threads, "worker threads; 0 is one per core")
///       .group(.performance).environment("ARCHIVETOOL_THREADS")
public struct Flag<Options>: Sendable {
  /// What a value does to the options.
  public typealias Apply = @Sendable (FlagValue, inout Options) throws(UsageError) -> Void

  /// The data that parser and documentation read.
  public var definition: FlagDefinition
  /// What a value does.
  public let apply: Apply

  /// Creates a flag with a meaning of its own.
  ///
  /// - Parameters:
  ///   - long: The long name without dashes.
  ///   - short: The one-letter name.
  ///   - value: The kind of value.
  ///   - summary: One line for the help.
  ///   - apply: What a value does; may throw ``UsageError`` for a value that cannot be meant.
  public init(
    _ long: String, short: Character? = nil, value: ValueKind, _ summary: String, apply: @escaping Apply
  ) {
    definition = FlagDefinition(long, short: short, value: value, summary: summary)
    self.apply = apply
  }

  init(definition: FlagDefinition, apply: @escaping Apply) {
    self.definition = definition
    self.apply = apply
  }

  /// The same flag for options that contain these options as a part.
  ///
  /// - Parameter path: Where the part is.
  /// - Returns: A flag with the same definition.
  public func lifted<Whole>(_ path: OptionPath<Whole, Options>) -> Flag<Whole> {
    let inner = apply
    return Flag<Whole>(definition: definition) { (value: FlagValue, whole: inout Whole) throws(UsageError) in
      try inner(value, &whole[keyPath: path])
    }
  }
}

extension Array {
  /// The same flags for options that contain these options as a part.
  ///
  /// - Parameter path: Where the part is.
  /// - Returns: The flags, in the same order.
  public func lifted<Whole, Part>(_ path: OptionPath<Whole, Part>) -> [Flag<Whole>]
  where Element == Flag<Part> {
    map { $0.lifted(path) }
  }
}

// MARK: - Modifiers

extension Flag {
  private func with(_ change: (inout FlagDefinition) -> Void) -> Flag {
    var copy = self
    change(&copy.definition)
    return copy
  }

  /// Sets the heading.
  public func group(_ group: FlagGroup) -> Flag { with { $0.group = group } }

  /// Sets the name of the value in help.
  public func placeholder(_ name: String) -> Flag { with { $0.placeholder = name } }

  /// Sets the environment variable that can set this flag.
  public func environment(_ variable: String) -> Flag { with { $0.environment = variable } }

  /// Sets the paragraphs for long help and man page.
  public func discussion(_ text: String) -> Flag { with { $0.discussion = text } }

  /// Says in the documentation what holds when the flag is not given.
  public func `default`(_ text: String) -> Flag { with { $0.defaultText = text } }

  /// Adds long names that are accepted as well.
  public func aliases(_ names: String...) -> Flag { with { $0.aliases += names } }

  /// Sets the long name that switches the flag off; `apply` then gets ``FlagValue/negated``.
  public func negated(_ name: String) -> Flag { with { $0.negated = name } }

  /// Lets the value be left out; `apply` then gets ``FlagValue/none``.
  public func optionalValue() -> Flag { with { $0.valueIsOptional = true } }

  /// Says that each occurrence adds to a list.
  public func collecting() -> Flag { with { $0.repetition = .collects } }

  /// Sets what completion offers for a free text.
  public func suggesting(_ values: [String]) -> Flag { with { $0.suggestedValues = values } }

  /// Says that configuration files may not set the flag.
  public func commandLineOnly() -> Flag { with { $0.isConfigurable = false } }
}
