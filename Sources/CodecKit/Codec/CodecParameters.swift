// SPDX-License-Identifier: Apache-2.0

/// The parameters of a spec string that a codec has not taken yet: `long=27` of `zstd:level=19,long=27`.
public struct CodecParameters: Hashable, Sendable {
  /// The codec to name in errors.
  public let codec: CodecID

  private var values: [(name: String, value: String?)] = []

  /// Makes parameters from names and values; a name without `=` has no value.
  public init(codec: CodecID, _ values: [(name: String, value: String?)]) {
    self.codec = codec
    self.values = values
  }

  /// The names that nobody has taken.
  public var remainingNames: [String] { values.map(\.name) }

  /// Takes a parameter out as text.
  ///
  /// - Parameter name: the parameter's name.
  /// - Returns: its value, `""` when it was given without one, `nil` when it was not given.
  public mutating func take(_ name: String) -> String? {
    guard let index = values.firstIndex(where: { $0.name == name }) else { return nil }
    return values.remove(at: index).value ?? ""
  }

  /// Takes a whole number out.
  ///
  /// - Parameters:
  ///   - name: the parameter's name.
  ///   - range: the legal values.
  /// - Returns: the number, or `nil` when it was not given.
  /// - Throws: ``CodecError`` with `invalidOption`, naming the legal range.
  public mutating func takeInteger(_ name: String, in range: ClosedRange<Int>) throws(CodecError) -> Int? {
    guard let text = take(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw invalid(name, text, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Takes a number of bytes out: `65536`, `64K`, `64KiB` (1024-based) or `64KB` (1000-based).
  ///
  /// - Parameters:
  ///   - name: the parameter's name.
  ///   - range: the legal values in bytes.
  /// - Returns: the number of bytes, or `nil` when it was not given.
  /// - Throws: ``CodecError`` with `invalidOption`, naming the legal range.
  public mutating func takeByteCount(_ name: String, in range: ClosedRange<Int>) throws(CodecError) -> Int? {
    guard let text = take(name) else { return nil }
    guard let number = Self.byteCount(text), range.contains(number) else {
      throw invalid(name, text, "a size from \(range.lowerBound) to \(range.upperBound) bytes")
    }
    return number
  }

  /// Takes a switch out: `yes`, `no`, `on`, `off`, `true`, `false`, or the bare name for `yes`.
  ///
  /// - Parameter name: the parameter's name.
  /// - Returns: the value, or `nil` when it was not given.
  /// - Throws: ``CodecError`` with `invalidOption`.
  public mutating func takeSwitch(_ name: String) throws(CodecError) -> Bool? {
    guard let text = take(name) else { return nil }
    switch text {
    case "", "yes", "on", "true", "1": return true
    case "no", "off", "false", "0": return false
    default: throw invalid(name, text, "yes or no")
    }
  }

  /// Takes one of several words out.
  ///
  /// - Parameters:
  ///   - name: the parameter's name.
  ///   - choices: the words and what they mean.
  /// - Returns: the meaning, or `nil` when it was not given.
  /// - Throws: ``CodecError`` with `invalidOption`, naming the words.
  public mutating func takeChoice<Meaning>(
    _ name: String, _ choices: KeyValuePairs<String, Meaning>
  ) throws(CodecError) -> Meaning? {
    guard let text = take(name) else { return nil }
    guard let choice = choices.first(where: { $0.key == text }) else {
      throw invalid(name, text, "one of " + choices.map(\.key).joined(separator: ", "))
    }
    return choice.value
  }

  /// The error for a value that makes no sense.
  func invalid(_ name: String, _ text: String, _ expected: String) -> CodecError {
    CodecError(.invalidOption, codec: codec, reason: "\(name)=\(text) is not valid: expected \(expected)")
  }

  /// Reads a number of bytes with an optional unit.
  static func byteCount(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int(digits) else { return nil }
    let units: [String: Int] = [
      "": 1, "B": 1, "k": 1 << 10, "K": 1 << 10, "KiB": 1 << 10, "M": 1 << 20, "MiB": 1 << 20, "G": 1 << 30,
      "GiB": 1 << 30,
      "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000,
    ]
    guard let unit = units[String(text.dropFirst(digits.count))] else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: unit)
    return overflow ? nil : product
  }
}

extension CodecParameters {
  /// Equal when the same names and values remain, in the same order.
  public static func == (left: CodecParameters, right: CodecParameters) -> Bool {
    left.codec == right.codec && left.values.elementsEqual(right.values) { $0 == $1 }
  }

  /// Hashes the names and values.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(codec)
    for (name, value) in values {
      hasher.combine(name)
      hasher.combine(value)
    }
  }
}
