// SPDX-License-Identifier: Apache-2.0

/// Sees to it that the page is used by its user, and by no other page in the same browser.
internal import BackupKit
internal import CodecKit
internal import SystemIO

/// Knows who has logged in, and tells forms of this page from those of others.
final class PageGuard: Sendable {
  private struct Visitor {
    var principal: TokenFile.Principal
    var seen: UInt64
  }

  /// Nanoseconds without a request after which one has to log in again.
  private static let patience: UInt64 = 3600 * 1_000_000_000
  private static let maximumVisitors = 1000
  private static let cookie = "archivetool-session"

  private let tokens: TokenFile?
  private let hosts: HostPolicy
  private let isSecure: Bool
  private let visitors = Monitor<[String: Visitor]>([:])
  private let key: [UInt8]

  /// - Parameters:
  ///   - tokens: who may ask; `nil` for everybody on this machine, who then may only look.
  ///   - hosts: what the service is called.
  ///   - isSecure: whether it is reached by TLS alone.
  init(_ tokens: TokenFile?, _ hosts: HostPolicy, isSecure: Bool) {
    self.tokens = tokens
    self.hosts = hosts
    self.isSecure = isSecure
    key = Array("\(BackupID.random())\(BackupID.random())".utf8)
  }

  /// Whether one can log in at all.
  var hasTokens: Bool { tokens != nil }

  /// Whether a form was sent by a page of this service. Browsers say where a form stands.
  func isFromUs(_ request: HTTPRequest) -> Bool { request.field("Origin") != nil && hosts.isFromUs(request) }

  // MARK: - Logging in

  /// Who has sent a request; `nil` when nobody has logged in.
  func visitor(of request: HTTPRequest) -> TokenFile.Principal? {
    guard tokens != nil else { return TokenFile.Principal(name: "local", mayWrite: false) }
    guard let session = session(of: request) else { return nil }
    let now = MonotonicClock.now
    return visitors.withLock { visitors in
      guard let visitor = visitors[session], now < visitor.seen + Self.patience else { return nil }
      visitors[session]?.seen = now
      return visitor.principal
    }
  }

  /// Lets somebody in who shows a token.
  ///
  /// - Returns: the value of the `Set-Cookie` field; `nil` for a token that nobody has, or when there are too many visitors.
  func logIn(_ token: String) -> String? {
    guard let principal = tokens?.bearer(of: token) else { return nil }
    let session = HMAC.sha256(Array("session \(BackupID.random())".utf8), key: key).description
    let now = MonotonicClock.now
    let isIn = visitors.withLock { visitors in
      visitors = visitors.filter { now < $0.value.seen + Self.patience }
      guard visitors.count < Self.maximumVisitors else { return false }
      visitors[session] = Visitor(principal: principal, seen: now)
      return true
    }
    return isIn ? field(session) : nil
  }

  /// Ends the session of a request.
  ///
  /// - Returns: the value of the `Set-Cookie` field.
  func logOut(_ request: HTTPRequest) -> String {
    if let session = session(of: request) { visitors.withLock { $0[session] = nil } }
    return field("") + "; Max-Age=0"
  }

  private func field(_ session: String) -> String {
    "\(Self.cookie)=\(session); Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
  }

  private func session(of request: HTTPRequest) -> String? {
    for pair in (request.field("Cookie") ?? "").split(separator: ";") {
      let halves = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      if halves.count == 2, halves[0] == Self.cookie { return String(halves[1]) }
    }
    return nil
  }

  // MARK: - Forms

  /// What a form must bring back: it is another one for each session.
  func formToken(for request: HTTPRequest) -> String {
    HMAC.sha256(Array("form \(session(of: request) ?? "")".utf8), key: key).description
  }

  /// Whether a form has brought back what it was given.
  func isValid(_ token: String?, for request: HTTPRequest) -> Bool {
    TokenFile.areEqual(Array((token ?? "").utf8), Array(formToken(for: request).utf8))
  }
}
