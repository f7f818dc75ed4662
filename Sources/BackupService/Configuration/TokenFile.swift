// SPDX-License-Identifier: Apache-2.0

/// Who may ask for what.
internal import CodecKit

/// The tokens that a service knows.
///
/// A line of the file is one of these, blanks between; `#` begins a comment:
///
/// ```
/// token   NAME  SECRET            [read]
/// key     NAME  ACCESSKEY  SECRET [read]
/// service NAME  ID         SECRET [read]
/// ```
///
/// A token comes in `Authorization: Bearer`, `X-Auth-Token` or as the password of Basic; a key signs requests; a service
/// token comes as `Authorization: ID:SECRET`. `read` lets its bearer look, and change nothing.
public struct TokenFile: Sendable {
  /// Somebody who may ask.
  public struct Principal: Hashable, Sendable {
    /// What the file calls it.
    public var name: String
    /// Whether it may change something.
    public var mayWrite: Bool
  }

  private struct Entry: Sendable {
    var principal: Principal
    /// Names the secret; empty for a plain token.
    var id: String
    var secret: [UInt8]
  }

  private var tokens: [Entry] = []
  private var keys: [Entry] = []
  private var services: [Entry] = []

  /// Reads a file.
  ///
  /// - Parameter text: its content.
  /// - Throws: ``ConfigurationError`` that names the line.
  public init(_ text: String) throws(ConfigurationError) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.prefix { $0 != "#" }
      var words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }.map(String.init)
      if words.isEmpty { continue }
      let mayWrite = words.last != "read"
      if !mayWrite { words.removeLast() }
      let hasID = words[0] == "key" || words[0] == "service"
      guard words[0] == "token" || hasID, words.count == (hasID ? 4 : 3) else {
        throw ConfigurationError(place: "line \(index + 1)", reason: "it is no token, key or service token")
      }
      let secret = Array((words.last ?? "").utf8)
      guard secret.count >= 16 else {
        throw ConfigurationError(place: "line \(index + 1)", reason: "a secret has at least 16 characters")
      }
      let entry = Entry(
        principal: Principal(name: words[1], mayWrite: mayWrite), id: hasID ? words[2] : "", secret: secret)
      switch words[0] {
      case "key": keys.append(entry)
      case "service": services.append(entry)
      default: tokens.append(entry)
      }
    }
  }

  /// Who shows a token; `nil` when nobody has it.
  func bearer(of token: String) -> Principal? { Self.find(token, in: tokens) }

  /// Who shows a service token.
  func bearer(ofService id: String, _ secret: String) -> Principal? {
    Self.find(secret, in: services.filter { $0.id == id })
  }

  /// Who signs with an access key, and the key that must have been used.
  func signer(_ accessKey: String) -> (principal: Principal, secret: [UInt8])? {
    keys.first { $0.id == accessKey }.map { ($0.principal, $0.secret) }
  }

  /// All are compared, so that the time says nothing.
  private static func find(_ secret: String, in entries: [Entry]) -> Principal? {
    var found: Principal?
    for entry in entries where areEqual(Array(secret.utf8), entry.secret) { found = entry.principal }
    return found
  }

  /// Whether two texts are the same, found out in a time that depends on their lengths alone.
  static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    let (first, second) = (SHA256.hash(left).description, SHA256.hash(right).description)
    return zip(first.utf8, second.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
