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

  /// Seconds without a request after which one has to log in again.
  private static let patience: UInt64 = 3600 * 1_000_000_000
  private static let maximumVisitors = 1000
  private static let cookie = "archivetool"

  private let tokens: TokenFile?
  private let hosts: Set<String>
  private let visitors = Monitor<[String: Visitor]>([:])
  private let key: [UInt8]

  /// - Parameters:
  ///   - tokens: who may ask; `nil` for everybody on this machine.
  ///   - hosts: what the service is called, in the form of a `Host` field without a port.
  ///   - key: what nobody else knows.
  init(_ tokens: TokenFile?, hosts: Set<String>, key: [UInt8]) {
    self.tokens = tokens
    self.hosts = hosts
    self.key = key
  }

  /// Whether a request is for this service. A name that leads to the loopback address by somebody's wish is no name of it.
  func isForUs(_ request: HTTPRequest) -> Bool {
    guard request.count(of: "Host") == 1, let host = request.field("Host") else { return false }
    return hosts.contains(Self.withoutPort(host))
  }

  /// Whether a form was sent by a page of this service.
  func isFromUs(_ request: HTTPRequest) -> Bool {
    guard isForUs(request), let host = request.field("Host") else { return false }
    // Browsers say where a form stands; `null` and nothing at all come from elsewhere.
    guard let origin = request.field("Origin") else { return false }
    return origin == "http://\(host)" || origin == "https://\(host)"
  }

  private static func withoutPort(_ host: String) -> String {
    if host.hasPrefix("[") { return String(host.prefix { $0 != "]" }) + "]" }
    return String(host.prefix { $0 != ":" }).lowercased()
  }

  // MARK: - Logging in

  /// Who has sent a request; `nil` when nobody has logged in.
  func visitor(of request: HTTPRequest) -> TokenFile.Principal? {
    guard tokens != nil else { return TokenFile.Principal(name: "local", mayWrite: true) }
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
  /// - Returns: the value of the `Set-Cookie` field; `nil` for a token that nobody has.
  func logIn(_ token: String, isSecure: Bool) -> String? {
    guard let principal = tokens?.bearer(of: token) else { return nil }
    let session = HMAC.sha256(Array("session \(BackupID.random())".utf8), key: key).description
    let now = MonotonicClock.now
    visitors.withLock { visitors in
      visitors = visitors.filter { now < $0.value.seen + Self.patience }
      if visitors.count < Self.maximumVisitors { visitors[session] = Visitor(principal: principal, seen: now) }
    }
    return "\(Self.cookie)=\(session); Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
  }

  /// Ends the session of a request.
  func logOut(_ request: HTTPRequest) {
    if let session = session(of: request) { visitors.withLock { $0[session] = nil } }
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
