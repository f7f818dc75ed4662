// SPDX-License-Identifier: Apache-2.0

/// A path that an interface answers, and what answers it.

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

  /// What stood in the path; empty for a name that the pattern does not have.
  subscript(_ name: String) -> String { values[name] ?? "" }
}

/// One method on one form of path.
struct Route: Sendable {
  /// `GET`, `POST`, `PUT` or `DELETE`.
  let method: String
  /// Segments; those in braces stand for any text that is not empty.
  let pattern: [String]
  /// Whether it changes something.
  var isWriting: Bool { method != "GET" }
  /// Answers it.
  let action: @Sendable (Call) throws(ServiceFault) -> HTTPResponse

  /// - Parameters:
  ///   - method: the method.
  ///   - pattern: such as `/v1/backups/{id}`.
  ///   - action: answers it.
  init(
    _ method: String, _ pattern: String, _ action: @escaping @Sendable (Call) throws(ServiceFault) -> HTTPResponse
  ) {
    self.method = method
    self.pattern = pattern.split(separator: "/").map(String.init)
    self.action = action
  }

  /// What stands in a path for the names of the pattern; `nil` when it is another path.
  func match(_ segments: [String]) -> [String: String]? {
    guard segments.count == pattern.count else { return nil }
    var values: [String: String] = [:]
    for (segment, part) in zip(segments, pattern) {
      if part.hasPrefix("{") {
        guard !segment.isEmpty else { return nil }
        values[String(part.dropFirst().dropLast())] = segment
      } else if segment != part {
        return nil
      }
    }
    return values
  }
}
