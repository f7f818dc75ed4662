// SPDX-License-Identifier: Apache-2.0

/// The page of the service: what it shows, and what its buttons do.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Answers the requests of browsers.
final class ServicePage: Sendable {
  /// The name under which its backups are made.
  static let origin = "page"

  /// Names are those of the command line, but need not be unique: what is typed is for people.
  private static let rules = BackupRules.freeText(nameLength: 1...256)

  private let core: ServiceCore
  private let guardian: PageGuard

  /// - Parameters:
  ///   - core: the service.
  ///   - tokens: who may ask.
  ///   - hosts: what the service is called.
  ///   - isSecure: whether it is reached by TLS alone.
  init(_ core: ServiceCore, _ tokens: TokenFile?, _ hosts: HostPolicy, isSecure: Bool) {
    self.core = core
    guardian = PageGuard(tokens, hosts, isSecure: isSecure)
  }

  /// Looks at a request.
  ///
  /// - Parameters:
  ///   - request: the request.
  ///   - method: its method; HEAD counts as GET.
  /// - Returns: `nil` when it is not for the page.
  func decide(_ request: HTTPRequest, _ method: String) -> HTTPDecision? {
    let segments = request.segments
    switch (method, segments.count, segments.first) {
    case ("GET", 1, "style.css"):
      var style = HTTPResponse(type: "text/css; charset=utf-8", text: PageFrame.style)
      style.fields = style.fields.filter { $0.name != "Cache-Control" } + [.init("Cache-Control", "max-age=600")]
      return .answer(style)
    case ("GET", 0, _), ("GET", 2...3, "backup"): return .answer(look(request, segments))
    case ("POST", 1, "login"): return .answer(logIn(request))
    case ("POST", 1, "logout"), ("POST", 1, "backup"), ("POST", 3, "backup"):
      let busy = PageFrame.page(status: 503, title: "Not now", "<p>Too many requests are waiting.</p>")
      return .work({ [self] in act(request, segments) }, otherwise: busy)
    case (_, 0, _), (_, 1, "style.css"), (_, 2, "backup"): return .answer(Self.refusal("GET"))
    case (_, 1, "login"), (_, 1, "logout"), (_, 1, "backup"): return .answer(Self.refusal("POST"))
    default: return nil
    }
  }

  private static func refusal(_ method: String) -> HTTPResponse {
    PageFrame.page(status: 405, title: "Not possible", "<p>This page is for \(method).</p>").with("Allow", method)
  }

  // MARK: - Looking

  private func look(_ request: HTTPRequest, _ segments: [String]) -> HTTPResponse {
    guard let visitor = guardian.visitor(of: request) else { return loginPage(status: 401, nil) }
    let view = PageView(
      core: core, visitor: visitor, formToken: guardian.formToken(for: request), canLogIn: guardian.hasTokens)
    do throws(ServiceFault) {
      switch segments.count {
      case 0: return try view.overview(request)
      case 2: return try view.details(try backup(segments[1], visitor))
      default:
        let record = try backup(segments[1], visitor)
        switch segments[2] {
        case "delete": return try view.deletion(record)
        case "restore": return try view.restore(record)
        default: throw ServiceFault(.notFound, "there is no such page")
        }
      }
    } catch {
      return failure(error, visitor, request)
    }
  }

  private func backup(_ id: String, _ visitor: TokenFile.Principal) throws(ServiceFault) -> BackupRecord {
    try core.backup(id, account: visitor.account)
  }

  private func failure(
    _ fault: ServiceFault, _ visitor: TokenFile.Principal?, _ request: HTTPRequest
  ) -> HTTPResponse {
    let status =
      switch fault.kind {
      case .notFound: 404
      case .forbidden: 403
      case .unauthorized: 401
      case .malformed, .badValue: 400
      case .failure: 500
      case .overloaded: 503
      default: 409
      }
    let user = visitor.flatMap { guardian.hasTokens ? ($0.name, guardian.formToken(for: request)) : nil }
    return PageFrame.page(
      status: status, title: "Not possible", user: user,
      """
      <h1>\(fault.kind == .notFound ? "It is not there" : "That is not possible")</h1>
      <p class="note bad">\(MarkupText.escaped(fault.message))</p>
      <p><a href="/">Back to the backups</a></p>
      """)
  }

  // MARK: - Logging in

  private func loginPage(status: Int, _ problem: String?) -> HTTPResponse {
    let note = problem.map { "<p class=\"note bad\">\(MarkupText.escaped($0))</p>" } ?? ""
    return PageFrame.page(
      status: status, title: "Log in",
      """
      <div class="card login">
      <h1>Log in</h1>
      \(note)<form method="post" action="/login">
      <label for="secret">Token</label>
      <input id="secret" type="password" name="secret" autocomplete="current-password" required autofocus>
      <button>Log in</button>
      </form>
      </div>
      """)
  }

  private func logIn(_ request: HTTPRequest) -> HTTPResponse {
    guard guardian.isFromUs(request) else {
      return loginPage(status: 403, "A form of another server was refused.")
    }
    guard let secret = PageForm(request)?["secret"], let cookie = guardian.logIn(secret) else {
      return loginPage(status: 401, "Nobody has this token.")
    }
    return Self.redirect("/").with("Set-Cookie", cookie)
  }

  /// Leads a browser on, so that going back or asking again repeats nothing.
  private static func redirect(_ path: String) -> HTTPResponse { HTTPResponse(status: 303).with("Location", path) }

  // MARK: - Acting

  private func act(_ request: HTTPRequest, _ segments: [String]) -> HTTPResponse {
    let visitor = guardian.visitor(of: request)
    do throws(ServiceFault) {
      guard guardian.isFromUs(request) else {
        throw ServiceFault(.forbidden, "a form of another server was refused")
      }
      guard let visitor else { return loginPage(status: 401, "Log in again.") }
      guard let form = PageForm(request), guardian.isValid(form["token"], for: request) else {
        throw ServiceFault(.forbidden, "the form is not of this session: go back and load the page again")
      }
      if segments == ["logout"] { return Self.redirect("/").with("Set-Cookie", guardian.logOut(request)) }
      guard visitor.mayWrite else {
        throw ServiceFault(.forbidden, "\(visitor.name) may look, and change nothing")
      }
      if segments.count == 1 { return Self.redirect("/backup/\(try create(form, visitor).id)") }
      let record = try backup(segments[1], visitor)
      switch segments[2] {
      case "verify": try core.verify(record, for: visitor.name)
      case "delete":
        try core.delete(record, by: visitor.name)
        return Self.redirect("/")
      case "restore":
        let target = try core.instance(form["instance"] ?? "", account: visitor.account)
        _ = try core.restore(record, into: target, by: Self.origin, for: visitor.name)
      default: throw ServiceFault(.notFound, "there is no such action")
      }
      return Self.redirect("/backup/\(record.id)")
    } catch {
      return failure(error, visitor, request)
    }
  }

  private func create(_ form: PageForm, _ visitor: TokenFile.Principal) throws(ServiceFault) -> BackupRecord {
    let instance = try core.instance(form["instance"] ?? "", account: visitor.account)
    var order = BackupOrder(
      instance, by: Self.origin, to: visitor.name, account: visitor.account ?? instance.account ?? "",
      rules: Self.rules)
    order.name = form["name"]
    if form["kind"] == "incremental" { order.parent = .automatic }
    return try core.create(order)
  }
}
