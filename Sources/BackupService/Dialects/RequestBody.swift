// SPDX-License-Identifier: Apache-2.0

/// The JSON body of a request, field by field.
internal import TextFormats

/// Reads the members of an object that a client has sent, and says what is wrong with one.
struct RequestBody {
  /// What an interface makes of bodies.
  struct Form {
    /// Whether no body at all stands for an empty object.
    var mayBeAbsent = false
    /// Whether `null` stands for a field that is not there.
    var nullIsAbsent = true
    /// Whether `serviceId` stands for `service_id`, and `"3"` for 3, as protocol buffers have it in JSON.
    var takesCamelCase = false
  }

  private let members: [JSONValue.Member]
  private let form: Form
  /// What is before the name of a field in messages, such as `backup.`.
  private let prefix: String

  /// - Parameters:
  ///   - request: the request.
  ///   - form: what is allowed.
  /// - Throws: ``ServiceFault`` with `malformed` for what is no JSON, and `badValue` for what is no object.
  init(_ request: HTTPRequest, _ form: Form = .init()) throws(ServiceFault) {
    if request.body.isEmpty, form.mayBeAbsent {
      self.init([], form, "")
      return
    }
    let value: JSONValue
    do throws(JSONError) { value = try JSONReader.value(request.body) } catch {
      throw ServiceFault(.malformed, "the body is no JSON: \(error)")
    }
    self = try RequestBody(value, form, "")
  }

  private init(_ members: [JSONValue.Member], _ form: Form, _ prefix: String) {
    self.members = members
    self.form = form
    self.prefix = prefix
  }

  private init(_ value: JSONValue, _ form: Form, _ prefix: String) throws(ServiceFault) {
    guard case .object(var members) = value else {
      throw ServiceFault(.badValue, "\(prefix.isEmpty ? "the body" : String(prefix.dropLast())) is no object")
    }
    if form.takesCamelCase { members = members.map { JSONValue.Member(Self.snakeCase($0.key), $0.value) } }
    var seen: Set<String> = []
    for member in members where !seen.insert(member.key).inserted {
      throw ServiceFault(.badValue, "\(prefix)\(member.key) is there twice")
    }
    self.init(members, form, prefix)
  }

  private static func snakeCase(_ key: String) -> String {
    guard key.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else { return key }
    return key.reduce(into: "") { result, character in
      result += character.isUppercase ? "_\(character.lowercased())" : String(character)
    }
  }

  private func value(_ key: String) -> JSONValue? {
    let value = members.first { $0.key == key }?.value
    return value == .null && form.nullIsAbsent ? nil : value
  }

  /// A text; `nil` when it is not there.
  func text(_ key: String) throws(ServiceFault) -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let text) = value else { throw ServiceFault(.badValue, "\(prefix)\(key) is no string") }
    return text
  }

  /// A text that is not empty; `nil` when it is not there, or empty.
  func filled(_ key: String) throws(ServiceFault) -> String? {
    guard let text = try text(key), !text.isEmpty else { return nil }
    return text
  }

  /// A text that must be there and not be empty.
  func required(_ key: String) throws(ServiceFault) -> String {
    guard let text = try filled(key) else { throw ServiceFault(.badValue, "\(prefix)\(key) is missing") }
    return text
  }

  /// A whole number.
  func number(_ key: String, _ range: ClosedRange<Int64>) throws(ServiceFault) -> Int64? {
    guard let value = value(key) else { return nil }
    let number: Int64
    switch value {
    case .int(let whole): number = whole
    // A number is a whole one however it is written.
    case .double(let real):
      guard let whole = Int64(exactly: real) else { throw ServiceFault(.badValue, "\(prefix)\(key) is no integer") }
      number = whole
    // Protocol buffers take digits for numbers.
    case .string(let text) where form.takesCamelCase && !text.isEmpty:
      guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let whole = Int64(text) else {
        throw ServiceFault(.badValue, "\(prefix)\(key) is no integer")
      }
      number = whole
    default: throw ServiceFault(.badValue, "\(prefix)\(key) is no integer")
    }
    guard range.contains(number) else {
      throw ServiceFault(.badValue, "\(prefix)\(key) is not from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A truth value.
  func flag(_ key: String) throws(ServiceFault) -> Bool? {
    guard let value = value(key) else { return nil }
    guard case .bool(let flag) = value else { throw ServiceFault(.badValue, "\(prefix)\(key) is no boolean") }
    return flag
  }

  /// An object.
  func object(_ key: String) throws(ServiceFault) -> RequestBody? {
    guard let value = value(key) else { return nil }
    return try RequestBody(value, form, "\(prefix)\(key).")
  }

  /// An object that must be there.
  func requiredObject(_ key: String) throws(ServiceFault) -> RequestBody {
    guard let object = try object(key) else { throw ServiceFault(.badValue, "\(prefix)\(key) is missing") }
    return object
  }

  /// A list of objects; empty when it is not there.
  func objects(_ key: String) throws(ServiceFault) -> [RequestBody] {
    guard let value = value(key) else { return [] }
    guard case .array(let values) = value else { throw ServiceFault(.badValue, "\(prefix)\(key) is no list") }
    var objects: [RequestBody] = []
    for (index, value) in values.enumerated() {
      objects.append(try RequestBody(value, form, "\(prefix)\(key)[\(index)]."))
    }
    return objects
  }

  /// Refuses fields that are not known.
  func allowOnly(_ known: Set<String>) throws(ServiceFault) {
    if let unknown = members.first(where: { !known.contains($0.key) }) {
      throw ServiceFault(.badValue, "there is no field '\(unknown.key)'")
    }
  }
}
