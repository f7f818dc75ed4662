// SPDX-License-Identifier: Apache-2.0

/// Arguments cut into flags with values and positionals, before anything is applied.
struct ScannedArguments: Sendable {
  /// The flags in the order in which they were typed.
  var values: [ResolvedValue] = []
  /// The positionals in the order in which they were typed.
  var positionals: [[UInt8]] = []
  /// How many arguments were read.
  var consumed = 0
}

/// Cuts raw arguments the GNU way; knows definitions only, so one scanner serves all types of options.
struct ArgumentScanner {
  private let flags: [FlagDefinition]
  private var longs: [String: (flag: FlagDefinition, isNegation: Bool)] = [:]
  private var shorts: [UInt8: FlagDefinition] = [:]
  private var level: FlagDefinition?

  init(flags: [FlagDefinition]) {
    self.flags = flags
    for flag in flags {
      for name in [flag.long] + flag.aliases { longs[name] = (flag, false) }
      if let name = flag.negated { longs[name] = (flag, true) }
      if let letter = flag.short?.asciiValue { shorts[letter] = flag }
      if flag.isLevel { level = flag }
    }
  }

  private static let dash = UInt8(ascii: "-")

  /// Reads arguments.
  ///
  /// - Parameters:
  ///   - arguments: The arguments after the program's name.
  ///   - origin: What the values remember as their origin.
  ///   - stopsAtPositional: Whether to end before the first positional, as is done to find the command.
  func scan(
    _ arguments: [[UInt8]], origin: ValueOrigin = .commandLine, stopsAtPositional: Bool = false
  ) throws(UsageError) -> ScannedArguments {
    var result = ScannedArguments()
    var rest = arguments[...]
    while let argument = rest.first {
      if argument.count < 2 || argument[0] != Self.dash {
        if stopsAtPositional { break }
        result.positionals.append(argument)
        rest = rest.dropFirst()
      } else if argument.count == 2, argument[1] == Self.dash {
        if stopsAtPositional { break }
        result.positionals += rest.dropFirst()
        rest = []
      } else if argument[1] == Self.dash {
        rest = rest.dropFirst()
        result.values.append(try long(argument, &rest, origin))
      } else {
        rest = rest.dropFirst()
        try bundle(argument, &rest, origin, &result.values)
      }
    }
    result.consumed = arguments.count - rest.count
    return result
  }

  private func long(
    _ argument: [UInt8], _ rest: inout ArraySlice<[UInt8]>, _ origin: ValueOrigin
  ) throws(UsageError) -> ResolvedValue {
    let body = argument.dropFirst(2)
    let equals = body.firstIndex(of: UInt8(ascii: "="))
    let nameBytes = body[..<(equals ?? body.endIndex)]
    guard let name = String(validating: nameBytes, as: UTF8.self), let (flag, isNegation) = longs[name] else {
      throw unknownLong(nameBytes)
    }
    let spelling = "--\(name)"
    var attached: [UInt8]?
    if let equals { attached = Array(body[(equals + 1)...]) }
    if flag.value == .none || isNegation {
      guard attached == nil else { throw UsageError(.unexpectedValue, "\(spelling) takes no value") }
      return ResolvedValue(flag: flag.long, value: isNegation ? .negated : .none, origin: origin, spelling: spelling)
    }
    let value = try value(of: flag, spelling, attached, &rest)
    return ResolvedValue(flag: flag.long, value: value, origin: origin, spelling: spelling)
  }

  private func bundle(
    _ argument: [UInt8], _ rest: inout ArraySlice<[UInt8]>, _ origin: ValueOrigin, _ values: inout [ResolvedValue]
  ) throws(UsageError) {
    var index = 1
    while index < argument.count {
      let byte = argument[index]
      if let flag = shorts[byte] {
        let spelling = "-\(Character(Unicode.Scalar(byte)))"
        index += 1
        if flag.value == .none {
          values.append(ResolvedValue(flag: flag.long, value: .none, origin: origin, spelling: spelling))
          continue
        }
        let attached = index < argument.count ? Array(argument[index...]) : nil
        let value = try value(of: flag, spelling, attached, &rest)
        values.append(ResolvedValue(flag: flag.long, value: value, origin: origin, spelling: spelling))
        return
      }
      guard let level, Self.isDigit(byte) else { throw unknownShort(argument, at: index) }
      let digits = argument[index...].prefix(while: Self.isDigit)
      do {
        let value = try level.value.parse(Array(digits))
        let spelling = "-\(String(decoding: digits, as: UTF8.self))"
        values.append(ResolvedValue(flag: level.long, value: value, origin: origin, spelling: spelling))
      } catch {
        throw UsageError(.invalidValue, "\(level.long): \(error.reason)", hint: error.hint)
      }
      index = digits.endIndex
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// Parses the attached value, or takes as many following arguments as the kind of value needs.
  private func value(
    of flag: FlagDefinition, _ spelling: String, _ attached: [UInt8]?, _ rest: inout ArraySlice<[UInt8]>
  ) throws(UsageError) -> FlagValue {
    if flag.valueIsOptional, attached == nil { return .none }
    var parts: [[UInt8]] = attached.map { [$0] } ?? []
    while parts.count < flag.value.argumentCount {
      guard let next = rest.popFirst() else {
        throw UsageError(.missingValue, "\(spelling) needs a value: \(spelling)\(flag.valueSyntax)")
      }
      parts.append(next)
    }
    do {
      return try flag.value.parse(parts: parts)
    } catch {
      throw UsageError(.invalidValue, "\(spelling): \(error.reason)", hint: error.hint)
    }
  }

  private func unknownLong(_ name: ArraySlice<UInt8>) -> UsageError {
    let shown = Escaping.visible(name)
    let near = Suggestions.best(for: shown, among: flags.flatMap(\.longSpellings))
    return UsageError(.unknownOption, "unknown option '--\(shown)'", hint: near.map { "did you mean --\($0)?" })
  }

  private func unknownShort(_ argument: [UInt8], at index: Int) -> UsageError {
    // One letter, or the whole character of which this byte is the first, or the one byte that is neither.
    let shown = Escaping.visible(argument[index...]).prefix(argument[index] < 0x80 ? 1 : 4)
    let option = argument[index] >= 0x20 && argument[index] < 0x7F ? shown.prefix(1) : shown
    let word = String(decoding: argument.dropFirst(), as: UTF8.self)
    let hint = longs[word] == nil ? nil : "did you mean --\(word)?"
    return UsageError(.unknownOption, "unknown option '-\(option)'", hint: hint)
  }
}

extension ValueKind {
  /// Parses as many arguments as the kind takes.
  func parse(parts: [[UInt8]]) throws(ValueError) -> FlagValue {
    guard case .pair(let first, let second) = self else {
      guard let part = parts.first else { throw ValueError("needs a value") }
      return try parse(part)
    }
    let middle = min(first.argumentCount, parts.count)
    return .pair(try first.parse(parts: Array(parts[..<middle])), try second.parse(parts: Array(parts[middle...])))
  }
}
