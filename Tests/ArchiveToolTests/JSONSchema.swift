// SPDX-License-Identifier: Apache-2.0

// Checks JSON values against the part of JSON Schema that Documentation/json-v1.schema.json uses.
import Foundation

/// A JSON value that remembers whether a number was whole, and truth from 1.
indirect enum JSONTree: Hashable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONTree])
  case object([String: JSONTree])

  init(_ text: String) throws {
    self = try JSONDecoder().decode(Decoded.self, from: Data(text.utf8)).tree
  }

  private struct Decoded: Decodable {
    let tree: JSONTree

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      tree =
        if value.decodeNil() {
          .null
        } else if let bool = try? value.decode(Bool.self) {
          .bool(bool)
        } else if let integer = try? value.decode(Int.self) {
          .integer(integer)
        } else if let number = try? value.decode(Double.self) {
          .number(number)
        } else if let string = try? value.decode(String.self) {
          .string(string)
        } else if let array = try? value.decode([Decoded].self) {
          .array(array.map(\.tree))
        } else {
          .object(try value.decode([String: Decoded].self).mapValues(\.tree))
        }
    }
  }

  subscript(key: String) -> JSONTree? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  var text: String? { if case .string(let text) = self { text } else { nil } }
  var items: [JSONTree] { if case .array(let items) = self { items } else { [] } }

  /// The name of its type in a schema.
  fileprivate var typeNames: [String] {
    switch self {
    case .null: ["null"]
    case .bool: ["boolean"]
    case .integer: ["integer", "number"]
    case .number: ["number"]
    case .string: ["string"]
    case .array: ["array"]
    case .object: ["object"]
    }
  }
}

/// The schema of the tool's output.
enum JSONSchema {
  /// The committed schema.
  static let v1 = Result {
    try JSONTree(
      String(contentsOf: ToolBinary.root.appending(path: "Documentation/json-v1.schema.json"), encoding: .utf8))
  }

  /// What is wrong with the lines of an output that say that they are objects of ours; other lines are passed over.
  static func problems(inOutput bytes: [UInt8]) throws -> [String] {
    let schema = try v1.get()
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix(#"{"type":"#) }
      .flatMap { line -> [String] in
        guard let value = try? JSONTree(String(line)) else { return ["this is not JSON: \(line)"] }
        return problems(value, schema, root: schema, at: "").map { "\($0), in \(line.prefix(300))" }
      }
  }

  /// What is wrong with a value.
  ///
  /// Stricter than the schema in one way: members that it does not describe are problems, so that it describes all.
  static func problems(_ value: JSONTree, _ schema: JSONTree, root: JSONTree, at place: String) -> [String] {
    var found: [String] = []
    if let reference = schema["$ref"]?.text {
      guard let target = root["$defs"]?[String(reference.dropFirst("#/$defs/".count))] else {
        return ["the schema has no \(reference)"]
      }
      found += problems(value, target, root: root, at: place)
    }
    if let constant = schema["const"], constant != value { found.append("\(place) is not \(constant)") }
    if let choices = schema["enum"], !choices.items.contains(value) { found.append("\(place) is not one of the words") }
    if let type = schema["type"] {
      let allowed = type.text.map { [$0] } ?? type.items.compactMap(\.text)
      if Set(allowed).isDisjoint(with: value.typeNames) { found.append("\(place) is not \(allowed)") }
    }
    if case .integer(let minimum)? = schema["minimum"] {
      if case .integer(let number) = value, number < minimum { found.append("\(place) is below \(minimum)") }
      if case .number(let number) = value, number < Double(minimum) { found.append("\(place) is below \(minimum)") }
    }
    if let pattern = schema["pattern"]?.text, let text = value.text,
      text.range(of: pattern, options: .regularExpression) == nil
    {
      found.append("\(place) is not like \(pattern)")
    }
    if let item = schema["items"] {
      for (index, element) in value.items.enumerated() {
        found += problems(element, item, root: root, at: "\(place)[\(index)]")
      }
    }
    if let branches = schema["oneOf"]?.items { found += alternatives(value, branches, root, place) }
    return found + memberProblems(value, schema, root, place)
  }

  private static func memberProblems(
    _ value: JSONTree, _ schema: JSONTree, _ root: JSONTree, _ place: String
  ) -> [String] {
    guard case .object(let members) = value else { return [] }
    var found: [String] = []
    for name in schema["required"]?.items.compactMap(\.text) ?? [] where members[name] == nil {
      found.append("\(place) has no \(name)")
    }
    guard schema["properties"] != nil || schema["additionalProperties"] != nil else { return found }
    for (name, member) in members.sorted(by: { $0.key < $1.key }) {
      if let described = schema["properties"]?[name] ?? schema["additionalProperties"] {
        found += problems(member, described, root: root, at: "\(place).\(name)")
      } else {
        found.append("\(place).\(name) is not in the schema")
      }
    }
    return found
  }

  /// The problems of the one branch that is about values of this type, so that messages say more than "none fits".
  private static func alternatives(
    _ value: JSONTree, _ branches: [JSONTree], _ root: JSONTree, _ place: String
  ) -> [String] {
    let own = branches.filter { branch in
      let name = branch["$ref"]?.text.map { String($0.dropFirst("#/$defs/".count)) } ?? ""
      return root["$defs"]?[name]?["properties"]?["type"]?["const"] == value["type"]
    }
    guard own.count == 1, let branch = own.first else { return ["\(place) has a type that is not in the schema"] }
    return problems(value, branch, root: root, at: place)
  }
}
