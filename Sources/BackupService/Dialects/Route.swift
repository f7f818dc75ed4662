// SPDX-License-Identifier: Apache-2.0

/// A path that an interface answers, and what answers it.
internal import BackupKit

/// What a route's action is called with.
struct Call {
  /// The request.
  let request: HTTPRequest
  /// What stood in the path for each name of the pattern.
  let values: [String: String]
  /// Who asks.
  let principal: TokenFile.Principal
  /// The service.
  let service: ServiceCore
  /// The records, as they were when the request came.
  let view: BackupView
  /// What the request begins with from the client's side, such as `http://127.0.0.1:8480`.
  let base: String

  /// What stood in the path; empty for a name that the pattern does not have.
  subscript(_ name: String) -> String { values[name] ?? "" }

  /// Whose backups are meant; `nil` for those of all, where the path does not say it and the one who asks may see all.
  var account: String? { values["account"] ?? principal.account }

  /// A whole number in the query, not below zero; `nil` when it is not there.
  func number(_ name: String) throws(ServiceFault) -> Int? {
    guard let text = request.parameter(name), !text.isEmpty else { return nil }
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
      throw ServiceFault(.badValue, "\(name) is no number")
    }
    return number
  }

  /// The backup that the path names.
  func backup() throws(ServiceFault) -> BackupRecord { try service.backup(self["id"], account: account) }
}

/// One method on one form of path.
struct Route: Sendable {
  /// What an action does.
  enum Kind: Hashable, Sendable {
    /// It shows records, and nothing else; its answers hold until a record changes.
    case list
    /// It shows something.
    case read
    /// It changes something, and may take its time.
    case write
  }

  /// `GET`, `POST`, `PUT` or `DELETE`.
  let method: String
  /// Segments; those in braces stand for any text that is not empty. The name `account` stands for whose it is.
  let pattern: [String]
  /// What the action does.
  let kind: Kind
  /// What of the query the action of a list looks at.
  let parameters: [String]
  /// Answers it.
  let action: @Sendable (Call) throws(ServiceFault) -> HTTPResponse

  /// - Parameters:
  ///   - method: the method; all but `GET` change something.
  ///   - pattern: such as `/v1/backups/{id}`.
  ///   - action: answers it.
  init(
    _ method: String, _ pattern: String, _ action: @escaping @Sendable (Call) throws(ServiceFault) -> HTTPResponse
  ) {
    self.init(method, pattern, method == "GET" ? .read : .write, [], action)
  }

  /// One that shows records, and nothing else.
  ///
  /// - Parameters:
  ///   - pattern: such as `/v1/backups`.
  ///   - parameters: what of the query it looks at.
  ///   - action: answers it.
  static func list(
    _ pattern: String, _ parameters: [String], _ action: @escaping @Sendable (Call) throws(ServiceFault) -> HTTPResponse
  ) -> Route {
    Route("GET", pattern, .list, parameters, action)
  }

  private init(
    _ method: String, _ pattern: String, _ kind: Kind, _ parameters: [String],
    _ action: @escaping @Sendable (Call) throws(ServiceFault) -> HTTPResponse
  ) {
    self.method = method
    self.pattern = pattern.split(separator: "/").map(String.init)
    self.kind = kind
    self.parameters = parameters
    self.action = action
  }

  /// What stands in a path for the names of the pattern; `nil` when it is another path.
  func match(_ segments: [String]) -> [String: String]? {
    guard segments.count == pattern.count else { return nil }
    for (segment, part) in zip(segments, pattern) {
      if part.utf8.first == UInt8(ascii: "{") {
        if segment.isEmpty { return nil }
      } else if segment != part {
        return nil
      }
    }
    var values: [String: String] = [:]
    for (segment, part) in zip(segments, pattern) where part.utf8.first == UInt8(ascii: "{") {
      values[String(part.dropFirst().dropLast())] = segment
    }
    return values
  }
}
