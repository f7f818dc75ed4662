// SPDX-License-Identifier: Apache-2.0

/// Why a text is no JSON.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, in one sentence without a full stop.
  public let reason: String
  /// The byte at which it was seen.
  public let offset: Int

  /// Reason and place.
  public var description: String { "\(reason) (offset \(offset))" }
}

/// Reads JSON text, RFC 8259: one value, and nothing behind it but white space.
///
/// Bytes from outside are never trusted: nesting is bounded, and every escape is checked.
public struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0

  /// The deepest nesting that is read.
  public static let maximumDepth = 64

  /// Reads a value.
  ///
  /// - Parameter bytes: The text as UTF-8.
  /// - Returns: The value. Whole numbers become ``JSONValue/int(_:)`` where they fit, or ``JSONValue/uint(_:)``.
  /// - Throws: ``JSONError``.
  public static func value(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    var reader = JSONReader(bytes: bytes)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    if reader.position < bytes.count { throw reader.error("something follows the value") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func error(_ reason: String) -> JSONError { JSONError(reason: reason, offset: position) }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    if depth > Self.maximumDepth { throw error("it is nested too deeply") }
    skipSpace()
    guard position < bytes.count else { throw error("it ends too early") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    guard bytes[position...].starts(with: text.utf8) else { throw error("this is no value") }
    position += text.utf8.count
    return value
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var members: [JSONValue.Member] = []
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw error("a key is missing") }
      let key = try string()
      guard take(":") else { throw error("a colon is missing") }
      members.append(JSONValue.Member(key, try value(depth: depth + 1)))
      if take("}") { return .object(members) }
      guard take(",") else { throw error("a comma is missing") }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var values: [JSONValue] = []
    if take("]") { return .array(values) }
    while true {
      values.append(try value(depth: depth + 1))
      if take("]") { return .array(values) }
      guard take(",") else { throw error("a comma is missing") }
    }
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    let allowed = Array("+-.0123456789Ee".utf8)
    while position < bytes.count, allowed.contains(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    let digits = text.first == "-" ? text.dropFirst() : text[...]
    let isPlain = !digits.isEmpty && digits.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    let beginsRight = digits.utf8.first.map { $0 >= 0x30 && $0 <= 0x39 } ?? false
    guard beginsRight, !(digits.count > 1 && digits.first == "0" && isPlain) else {
      position = start
      throw error("this is no value")
    }
    if isPlain, let number = Int64(text) { return .int(number) }
    if isPlain, let number = UInt64(text) { return .uint(number) }
    guard let number = Double(text) else {
      position = start
      throw error("this is no number")
    }
    return .double(number)
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("a text is not UTF-8") }
        return string
      case UInt8(ascii: "\\"): text += try escape()
      case 0..<0x20: throw error("a text has a control character")
      default: text.append(byte)
      }
    }
    throw error("a text has no end")
  }

  private mutating func escape() throws(JSONError) -> [UInt8] {
    guard position < bytes.count else { throw error("a text has no end") }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
    case UInt8(ascii: "u"):
      var code = try unit()
      if code >= 0xD800, code < 0xDC00 {
        guard bytes[position...].starts(with: Array("\\u".utf8)) else { throw error("half of a character is missing") }
        position += 2
        let low = try unit()
        guard low >= 0xDC00, low < 0xE000 else { throw error("half of a character is missing") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("half of a character is missing") }
      return Array(String(scalar).utf8)
    default: throw error("this is no escape")
    }
  }

  private mutating func unit() throws(JSONError) -> UInt32 {
    guard position + 4 <= bytes.count,
      bytes[position..<(position + 4)].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let code = UInt32(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
    else { throw error("an escape needs four hexadecimal digits") }
    position += 4
    return code
  }
}

// MARK: - Looking at values

extension JSONValue {
  /// The value of a key, when this is an object that has it and it is not `null`.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self, let value = members.last(where: { $0.key == key })?.value else {
      return nil
    }
    return value == .null ? .none : value
  }

  /// The text, when this is one.
  public var text: String? { if case .string(let text) = self { text } else { nil } }

  /// The truth value, when this is one.
  public var truth: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The elements, when this is a list.
  public var elements: [JSONValue]? { if case .array(let values) = self { values } else { nil } }

  /// The whole number, also of a text with digits, as they are written beyond 2^53.
  public var unsigned: UInt64? {
    switch self {
    case .int(let value): UInt64(exactly: value)
    case .uint(let value): value
    case .string(let text): UInt64(text)
    default: nil
    }
  }
}
