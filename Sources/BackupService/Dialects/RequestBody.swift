// SPDX-License-Identifier: Apache-2.0

/// The JSON body of a request, field by field.
internal import TextFormats

/// Reads the members of an object that a client has sent, and says what is wrong with one.
struct RequestBody {
  private let members: [JSONValue.Member]
  /// What is before the name of a field in messages, such as `backup.`.
  private let prefix: String

  /// - Parameters:
  ///   - request: the request.
  ///   - isOptional: whether no body stands for an empty object.
  /// - Throws: ``ServiceFault`` with `invalid` for what is no object.
  init(_ request: HTTPRequest, isOptional: Bool = false) throws(ServiceFault) {
    if request.body.isEmpty, isOptional {
      members = []
      prefix = ""
      return
    }
    let value: JSONValue
    do throws(JSONError) { value = try JSONReader.value(request.body) } catch {
      throw ServiceFault(.invalid, "the body is no JSON: \(error)")
    }
    self = try RequestBody(value, "")
  }

  private init(_ value: JSONValue, _ prefix: String) throws(ServiceFault) {
    guard case .object(let members) = value else {
      throw ServiceFault(.invalid, "\(prefix.isEmpty ? "the body" : String(prefix.dropLast())) is no object")
    }
    self.members = members
    self.prefix = prefix
    var seen: Set<String> = []
    for member in members where !seen.insert(member.key).inserted {
      throw ServiceFault(.invalid, "\(prefix)\(member.key) is there twice")
    }
  }

  /// The names of all fields.
  var keys: [String] { members.map(\.key) }

  private func value(_ key: String) -> JSONValue? {
    let value = members.first { $0.key == key }?.value
    return value == .null ? nil : value
  }

  /// A text; `nil` when it is not there.
  func text(_ key: String) throws(ServiceFault) -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let text) = value else { throw ServiceFault(.invalid, "\(prefix)\(key) is no string") }
    return text
  }

  /// A text that must be there and not be empty.
  func required(_ key: String) throws(ServiceFault) -> String {
    guard let text = try text(key), !text.isEmpty else { throw ServiceFault(.invalid, "\(prefix)\(key) is missing") }
    return text
  }

  /// A whole number.
  func number(_ key: String, _ range: ClosedRange<Int64>) throws(ServiceFault) -> Int64? {
    guard let value = value(key) else { return nil }
    guard case .int(let number) = value else { throw ServiceFault(.invalid, "\(prefix)\(key) is no integer") }
    guard range.contains(number) else {
      throw ServiceFault(.unprocessable, "\(prefix)\(key) is not from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A truth value.
  func flag(_ key: String) throws(ServiceFault) -> Bool? {
    guard let value = value(key) else { return nil }
    guard case .bool(let flag) = value else { throw ServiceFault(.invalid, "\(prefix)\(key) is no boolean") }
    return flag
  }

  /// An object.
  func object(_ key: String) throws(ServiceFault) -> RequestBody? {
    guard let value = value(key) else { return nil }
    return try RequestBody(value, "\(prefix)\(key).")
  }

  /// An object that must be there.
  func requiredObject(_ key: String) throws(ServiceFault) -> RequestBody {
    guard let object = try object(key) else { throw ServiceFault(.invalid, "\(prefix)\(key) is missing") }
    return object
  }

  /// A list of objects; empty when it is not there.
  func objects(_ key: String) throws(ServiceFault) -> [RequestBody] {
    guard let value = value(key) else { return [] }
    guard case .array(let values) = value else { throw ServiceFault(.invalid, "\(prefix)\(key) is no list") }
    var objects: [RequestBody] = []
    for (index, value) in values.enumerated() { objects.append(try RequestBody(value, "\(prefix)\(key)[\(index)].")) }
    return objects
  }
}
