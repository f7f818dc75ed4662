// SPDX-License-Identifier: Apache-2.0

/// One value after parsing, as a flag's `apply` closure receives it.
public indirect enum FlagValue: Hashable, Sendable {
  /// The flag was given without a value.
  case none
  /// The negated spelling was given.
  case negated
  /// A number or a level.
  case int(Int)
  /// A byte count.
  case size(UInt64)
  /// A span of time.
  case duration(Duration)
  /// A span of time with months and years.
  case calendar(CalendarSpan)
  /// One word of the flag's list.
  case choice(String)
  /// A file or folder name.
  case path([UInt8])
  /// Text.
  case text(String)
  /// Two values.
  case pair(FlagValue, FlagValue)

  /// The number, if the value is one.
  public var int: Int? { if case .int(let value) = self { value } else { nil } }

  /// The byte count, if the value is one.
  public var size: UInt64? { if case .size(let value) = self { value } else { nil } }

  /// The span of time, if the value is one.
  public var duration: Duration? { if case .duration(let value) = self { value } else { nil } }

  /// The calendar span, if the value is one.
  public var calendar: CalendarSpan? { if case .calendar(let value) = self { value } else { nil } }

  /// The bytes of a file name, if the value is one.
  public var path: [UInt8]? { if case .path(let value) = self { value } else { nil } }

  /// The text of a text or choice value.
  public var text: String? {
    switch self {
    case .text(let value), .choice(let value): value
    default: nil
    }
  }

  /// The value as a user would type it, made safe for a terminal.
  public var display: String {
    switch self {
    case .none: "on"
    case .negated: "off"
    case .int(let value): String(value)
    case .size(let value): ByteCount(value).argument
    case .duration(let value): DurationText.argument(value)
    case .calendar(let value): value.description
    case .choice(let value), .text(let value): Escaping.visible(value)
    case .path(let value): Escaping.visible(value)
    case .pair(let first, let second): "\(first.display) \(second.display)"
    }
  }
}
