// SPDX-License-Identifier: Apache-2.0

/// Who may ask for what.
internal import CodecKit
internal import SystemIO

/// The tokens that a service knows.
///
/// A line of the file is one of these, blanks between; `#` at its beginning makes it a comment:
///
/// ```
/// token   NAME  SECRET            [read] [account=ACCOUNT]
/// key     NAME  ACCESSKEY  SECRET [read] [account=ACCOUNT]
/// service NAME  ID         SECRET [read] [account=ACCOUNT]
/// ```
///
/// A token comes in `Authorization: Bearer`, `X-Auth-Token` or as the password of Basic; a key signs requests; a service
/// token comes as `Authorization: ID:SECRET`. `read` lets its bearer look, and change nothing; `account` shows it one account.
public struct TokenFile: Sendable {
  /// Somebody who may ask.
  public struct Principal: Hashable, Sendable {
    /// What the file calls it.
    public var name: String
    /// Whether it may change something.
    public var mayWrite: Bool
    /// The account that it sees; `nil` for all.
    public var account: String?
  }

  private struct Entry: Sendable {
    var principal: Principal
    /// Names the secret; empty for a plain token.
    var id: String
    var secret: [UInt8]
    var digest: SHA256Digest
  }

  /// The shortest secret.
  static let minimumSecret = 16

  private var tokens: [Entry] = []
  private var keys: [Entry] = []
  private var services: [Entry] = []
  /// Which signed requests have been made.
  let replays = ReplayGuard()

  /// Reads a file.
  ///
  /// - Parameter text: its content.
  /// - Throws: ``ConfigurationError`` that names the line, and nothing of what stands in it.
  public init(_ text: String) throws(ConfigurationError) {
    // Carriage return and line feed are one character, which is no line feed.
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      var words = line.split { $0 == " " || $0 == "\t" }.map(String.init)[...]
      guard let kind = words.popFirst(), !kind.hasPrefix("#") else { continue }
      func error(_ reason: String) -> ConfigurationError {
        ConfigurationError(place: "line \(index + 1)", reason: reason)
      }
      let hasID = kind == "key" || kind == "service"
      guard kind == "token" || hasID, words.count >= (hasID ? 3 : 2) else {
        throw error("it is no token, key or service token")
      }
      var principal = Principal(name: words.removeFirst(), mayWrite: true)
      let id = hasID ? words.removeFirst() : ""
      let secret = Array(words.removeFirst().utf8)
      guard secret.count >= Self.minimumSecret else {
        throw error("a secret has at least \(Self.minimumSecret) characters")
      }
      for word in words {
        if word == "read" {
          principal.mayWrite = false
        } else if word.hasPrefix("account="), word != "account=" {
          principal.account = String(word.dropFirst("account=".count))
        } else {
          throw error("only read and account=ACCOUNT stand behind a secret")
        }
      }
      let entry = Entry(principal: principal, id: id, secret: secret, digest: Self.digest(secret))
      switch kind {
      case "key": keys.append(entry)
      case "service": services.append(entry)
      default: tokens.append(entry)
      }
    }
    // A service that nobody may use is a mistake.
    guard !(tokens + keys + services).isEmpty else {
      throw ConfigurationError(place: "", reason: "there is no token in it")
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

  private static func digest(_ bytes: [UInt8]) -> SHA256Digest { SHA256.hash(bytes) }

  /// All are compared, and their hashes, so that the time says nothing.
  private static func find(_ secret: String, in entries: [Entry]) -> Principal? {
    let digest = digest(Array(secret.utf8)).bytes
    var found: Principal?
    for entry in entries where haveEqualBytes(digest, entry.digest.bytes) { found = entry.principal }
    return found
  }

  /// Whether two texts are the same, found out in a time that depends on their lengths alone.
  static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    haveEqualBytes(digest(left).bytes, digest(right).bytes)
  }

  private static func haveEqualBytes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// Remembers signatures, so that a request that somebody has overheard is not made again.
final class ReplayGuard: Sendable {
  private struct State {
    var seen: Set<String> = []
    var order: [(signature: String, until: Int64)] = []
  }

  /// Far more than are made in the time for which a signature holds.
  private static let maximum = 100_000

  private let state = Monitor(State())

  /// Takes a signature.
  ///
  /// - Parameters:
  ///   - signature: the signature of a request that changes something.
  ///   - now: the time in seconds.
  ///   - end: when it does not hold any more, in seconds.
  /// - Returns: whether it is the first time.
  func isNew(_ signature: String, at now: Int64, until end: Int64) -> Bool {
    state.withLock { state in
      // The oldest go first; they need not be the first whose time is over, but soon all of them are.
      while let oldest = state.order.first, oldest.until < now || state.order.count >= Self.maximum {
        state.seen.remove(oldest.signature)
        state.order.removeFirst()
      }
      guard state.seen.insert(signature).inserted else { return false }
      state.order.append((signature, end))
      return true
    }
  }
}
