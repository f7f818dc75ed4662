// SPDX-License-Identifier: Apache-2.0

/// The kinds of value that a flag or a positional can take, and how bytes become such a value.
public indirect enum ValueKind: Hashable, Sendable {
  /// No value: the flag is a switch.
  case none
  /// A whole number inside the range.
  case int(ClosedRange<Int>)
  /// A level, which may also be typed as digits after one dash: `-19`.
  case level(ClosedRange<Int>)
  /// A byte count such as `64K` or `1.5GiB`.
  case size
  /// A span of time such as `90s` or `12h`.
  case duration
  /// A span of time that also knows months and years: `3mo`, `1y`.
  case calendar
  /// One word out of a list.
  case choice([String])
  /// A file name: any bytes.
  case path
  /// A folder name: any bytes. Only completion treats it differently from ``path``.
  case directory
  /// Any valid UTF-8 text.
  case text
  /// Two values, each an argument of its own: `--export csv FILE`.
  case pair(ValueKind, ValueKind)

  /// The number of arguments that a value takes.
  public var argumentCount: Int {
    switch self {
    case .none: 0
    case .pair(let first, let second): first.argumentCount + second.argumentCount
    default: 1
    }
  }

  /// The placeholder that help uses unless the flag names another one.
  public var defaultPlaceholder: String {
    switch self {
    case .none: ""
    case .int, .level: "N"
    case .size: "SIZE"
    case .duration, .calendar: "TIME"
    case .choice: "WHICH"
    case .path: "FILE"
    case .directory: "DIR"
    case .text: "TEXT"
    case .pair(let first, let second): "\(first.defaultPlaceholder) \(second.defaultPlaceholder)"
    }
  }

  /// Turns the bytes of one argument into a value.
  ///
  /// - Parameter bytes: The argument as the system handed it over.
  /// - Returns: The value.
  /// - Throws: `ValueError` with the sentence that says what is wrong. ``none`` and ``pair(_:_:)`` do not take one
  ///   argument, so they always throw.
  public func parse(_ bytes: [UInt8]) throws(ValueError) -> FlagValue {
    switch self {
    case .none: throw ValueError("takes no value")
    case .pair: throw ValueError("needs two values")
    case .path, .directory: return .path(try Self.pathBytes(bytes))
    case .text: return .text(try Self.validText(bytes))
    case .int(let range), .level(let range): return .int(try Self.number(bytes, in: range))
    case .choice(let words):
      let word = try Self.validText(bytes)
      guard words.contains(word) else {
        let near = Suggestions.best(for: word, among: words).map { "did you mean \($0)?" }
        throw ValueError("'\(Escaping.visible(bytes))' is not one of \(words.joined(separator: ", "))", hint: near)
      }
      return .choice(word)
    case .size:
      let text = try Self.validText(bytes)
      do { return .size(try ByteCount(parsing: text).bytes) } catch { throw error.valueError(for: bytes) }
    case .duration:
      let text = try Self.validText(bytes)
      do { return .duration(try DurationText.parse(text)) } catch { throw error.valueError(for: bytes) }
    case .calendar:
      let text = try Self.validText(bytes)
      do { return .calendar(try CalendarSpan(parsing: text)) } catch { throw error.valueError(for: bytes) }
    }
  }

  private static func pathBytes(_ bytes: [UInt8]) throws(ValueError) -> [UInt8] {
    if bytes.isEmpty { throw ValueError("the file name is empty") }
    // No file can have a name with a zero byte in it; a configuration file could still contain one.
    if bytes.contains(0) { throw ValueError("the file name contains a zero byte") }
    return bytes
  }

  private static func validText(_ bytes: [UInt8]) throws(ValueError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ValueError("'\(Escaping.visible(bytes))' is not valid UTF-8")
    }
    return text
  }

  private static func number(_ bytes: [UInt8], in range: ClosedRange<Int>) throws(ValueError) -> Int {
    let text = String(validating: bytes, as: UTF8.self)
    guard let number = text.flatMap({ Int($0) }), range.contains(number) else {
      let bounds =
        range.upperBound == .max
        ? "\(range.lowerBound) or more" : "from \(range.lowerBound) to \(range.upperBound)"
      throw ValueError("'\(Escaping.visible(bytes))' is not a number \(bounds)")
    }
    return number
  }
}

/// Why one value was not understood, before it is known where the value came from.
public struct ValueError: Error, Hashable, Sendable {
  /// What is wrong, in one sentence without a full stop.
  public let reason: String
  /// What the user can do, or `nil`.
  public let hint: String?

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - reason: What is wrong.
  ///   - hint: What the user can do.
  public init(_ reason: String, hint: String? = nil) {
    self.reason = reason
    self.hint = hint
  }
}
