// SPDX-License-Identifier: Apache-2.0

/// Colours and emphasis for a terminal, or nothing at all.
public struct Style: Hashable, Sendable {
  /// What can be done to a text.
  public enum Effect: String, CaseIterable, Hashable, Sendable {
    /// Brighter or heavier.
    case bold = "1"
    /// Fainter.
    case dim = "2"
    /// For errors.
    case red = "31"
    /// For success.
    case green = "32"
    /// For warnings.
    case yellow = "33"
    /// For names.
    case cyan = "36"
  }

  /// Whether effects are written.
  public let isEnabled: Bool

  /// Creates a style.
  ///
  /// - Parameter isEnabled: Whether effects are written.
  public init(isEnabled: Bool) { self.isEnabled = isEnabled }

  /// No effects.
  public static let plain = Style(isEnabled: false)

  /// Decides whether colours are used.
  ///
  /// - Parameters:
  ///   - choice: What the user chose; `always` and `never` decide alone.
  ///   - isTerminal: Whether the stream is a terminal.
  ///   - noColor: The variable `NO_COLOR`; any text that is not empty means no colours.
  ///   - term: The variable `TERM`; `dumb` means no colours.
  /// - Returns: The style.
  public static func decide(_ choice: ColorChoice, isTerminal: Bool, noColor: String?, term: String?) -> Style {
    switch choice {
    case .always: Style(isEnabled: true)
    case .never: .plain
    case .auto: Style(isEnabled: isTerminal && (noColor ?? "").isEmpty && term != "dumb")
    }
  }

  /// The text with an effect.
  ///
  /// - Parameters:
  ///   - text: Printable text.
  ///   - effect: The effect.
  /// - Returns: The text, between escapes if the style is enabled.
  public func apply(_ effect: Effect, _ text: String) -> String {
    isEnabled && !text.isEmpty ? "\u{1B}[\(effect.rawValue)m\(text)\u{1B}[0m" : text
  }
}
