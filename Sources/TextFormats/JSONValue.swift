// SPDX-License-Identifier: Apache-2.0

/// A JSON value whose objects keep the order of their keys.
///
/// Literals work: `["type": "entry", "v": 1, "size": .uint(size)]`.
public indirect enum JSONValue: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A signed integer; beyond ±2^53 it is written as a string.
  case int(Int64)
  /// An unsigned integer; beyond 2^53 it is written as a string.
  case uint(UInt64)
  /// A number; infinities and NaN are written as `null`.
  case double(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Members in order; a key should not be used twice.
  case object([Member])
  /// Text that is JSON already.
  case raw(String)

  /// One member of an object.
  public struct Member: Hashable, Sendable {
    /// The key.
    public let key: String
    /// The value.
    public let value: JSONValue

    /// Creates a member.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The members that stand for a file name: `path`, and `path_b64` with the exact bytes if they are not valid UTF-8.
  ///
  /// - Parameters:
  ///   - bytes: The file name.
  ///   - key: Another key than `path`.
  /// - Returns: One or two members.
  public static func path(_ bytes: [UInt8], key: String = "path") -> [Member] {
    if let text = String(validating: bytes, as: UTF8.self) { return [Member(key, .string(text))] }
    return [
      Member(key, .string(String(decoding: bytes, as: UTF8.self))),
      Member("\(key)_b64", .string(Base64.encode(bytes))),
    ]
  }

  /// Adds a member to an object; any other value becomes an object first.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - value: The value.
  public mutating func add(_ key: String, _ value: JSONValue) { add([Member(key, value)]) }

  /// Adds members to an object; any other value becomes an object first.
  ///
  /// - Parameter members: The members, for example from ``path(_:key:)``.
  public mutating func add(_ members: [Member]) {
    // The old array is let go before the append, so that a growing object is not copied for every member.
    if case .object(var all) = self {
      self = .null
      all += members
      self = .object(all)
    } else {
      self = .object(members)
    }
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// `null`.
  public init(nilLiteral: ()) { self = .null }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An integer.
  public init(integerLiteral value: Int64) { self = .int(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A list.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object with the members in the order of the literal.
  public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements.map { Member($0, $1) }) }
}

/// Base64 with padding, RFC 4648 section 4.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
      for digit in 0..<4 {
        let index = Int(bits >> UInt32(18 - 6 * digit) & 63)
        text.append(digit <= group.count ? alphabet[index] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
