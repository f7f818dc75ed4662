// SPDX-License-Identifier: Apache-2.0

/// Takes a configuration apart, and says exactly what is wrong with it.
internal import TextFormats

/// Why a configuration cannot be used.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where, in the form `instances[2].engine`; empty for the whole.
  public let place: String
  /// Why, in one sentence without a full stop.
  public let reason: String

  /// Place and reason.
  public var description: String { place.isEmpty ? reason : "\(place): \(reason)" }
}

/// Reads the members of one object; each must be asked for, and what nobody has asked for is an error.
struct ConfigurationReader {
  private let members: [JSONValue.Member]
  private let place: String
  private var known: Set<String> = []

  /// - Parameters:
  ///   - value: an object.
  ///   - place: where it stands.
  init(_ value: JSONValue, at place: String = "") throws(ConfigurationError) {
    guard case .object(let members) = value else {
      throw ConfigurationError(place: place, reason: "it is no object")
    }
    self.members = members
    self.place = place
    var seen: Set<String> = []
    for member in members where !seen.insert(member.key).inserted {
      throw ConfigurationError(place: Self.join(place, member.key), reason: "it is there twice")
    }
  }

  /// The place of a member.
  func place(of key: String) -> String { Self.join(place, key) }

  private static func join(_ place: String, _ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

  func error(_ key: String, _ reason: String) -> ConfigurationError {
    ConfigurationError(place: place(of: key), reason: reason)
  }

  /// A member of any kind; `nil` when it is not there, or null.
  mutating func value(_ key: String) -> JSONValue? {
    known.insert(key)
    let value = members.first { $0.key == key }?.value
    return value == .null ? nil : value
  }

  /// A text that is not empty.
  mutating func text(_ key: String) throws(ConfigurationError) -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let text) = value, !text.isEmpty else { throw error(key, "it is no text, or an empty one") }
    guard !text.utf8.contains(0) else { throw error(key, "it has a zero byte") }
    return text
  }

  /// A text that must be there.
  mutating func required(_ key: String) throws(ConfigurationError) -> String {
    guard let text = try text(key) else { throw error(key, "it is missing") }
    return text
  }

  /// A whole number within a range.
  mutating func number(_ key: String, _ range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
    guard let value = value(key) else { return nil }
    guard case .int(let number) = value, let number = Int(exactly: number), range.contains(number) else {
      throw error(key, "it is no whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// An object; `nil` when it is not there.
  mutating func object(_ key: String) throws(ConfigurationError) -> ConfigurationReader? {
    guard let value = value(key) else { return nil }
    return try ConfigurationReader(value, at: place(of: key))
  }

  /// A list of texts; empty when it is not there.
  mutating func texts(_ key: String) throws(ConfigurationError) -> [String] {
    guard let value = value(key) else { return [] }
    guard let elements = value.elements else { throw error(key, "it is no list") }
    var texts: [String] = []
    for (index, element) in elements.enumerated() {
      guard let text = element.text, !text.isEmpty, !text.utf8.contains(0) else {
        throw error("\(key)[\(index)]", "it is no text, or an empty one")
      }
      texts.append(text)
    }
    return texts
  }

  /// All members, which are texts.
  mutating func variables() throws(ConfigurationError) -> [InstanceConfiguration.Variable] {
    var variables: [InstanceConfiguration.Variable] = []
    for member in members {
      known.insert(member.key)
      guard let text = member.value.text, !text.utf8.contains(0) else { throw error(member.key, "it is no text") }
      guard !member.key.isEmpty, !member.key.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "=") }) else {
        throw error(member.key, "it is no name of a variable")
      }
      variables.append(.init(name: member.key, value: text))
    }
    return variables
  }

  /// A list of objects; empty when it is not there.
  mutating func objects(_ key: String) throws(ConfigurationError) -> [ConfigurationReader] {
    guard let value = value(key) else { return [] }
    guard case .array(let values) = value else { throw error(key, "it is no list") }
    var readers: [ConfigurationReader] = []
    for (index, value) in values.enumerated() {
      readers.append(try ConfigurationReader(value, at: "\(place(of: key))[\(index)]"))
    }
    return readers
  }

  /// Says that all has been asked for.
  func finish() throws(ConfigurationError) {
    if let unknown = members.first(where: { !known.contains($0.key) }) {
      throw error(unknown.key, "there is no such setting")
    }
  }
}
