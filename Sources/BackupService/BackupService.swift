// SPDX-License-Identifier: Apache-2.0

/// The service as a whole: takes a request, finds who answers it, and sees to it that only those ask who may.
public import BackupKit
internal import SystemIO
internal import TextFormats

/// A backup service: the interfaces of five products over one repository.
///
/// ```swift
/// let service = try BackupService(configuration, tokens, repository)
/// let server = try HTTPServer(.init { $0.port = 8480 }) { service.decide($0) }
/// ```
///
/// A command that restores may end before it has read everything. The signal PIPE must not end the process then: it is to
/// be ignored, as `Signals.start()` does.
public final class BackupService: Sendable {
  private struct Entry: Sendable {
    let dialect: any Dialect
    let route: Route
  }

  private let core: ServiceCore
  private let tokens: TokenFile?
  private let hosts: HostPolicy
  private let page: ServicePage
  private let housekeeper: Housekeeper
  /// The routes by the number of their segments.
  private let entries: [Int: [Entry]]
  private let cache = ResponseCache()
  private let metrics = ServiceMetrics()
  private let scheme: String

  /// Begins to work: backups that an earlier process has left are taken up. Nothing listens yet.
  ///
  /// - Parameters:
  ///   - configuration: what the administrator says.
  ///   - tokens: who may ask; `nil` for everybody who can reach it, which must be nobody outside of this machine.
  ///   - repository: where the backups are.
  /// - Throws: what the storage or the system answered.
  public init(
    _ configuration: ServiceConfiguration, _ tokens: TokenFile?, _ repository: Repository
  ) throws(BackupError) {
    core = try ServiceCore(configuration, repository, ServiceLog())
    self.tokens = tokens
    hosts = HostPolicy(address: configuration.address, hosts: configuration.hosts)
    scheme = configuration.identity == nil ? "http" : "https"
    page = ServicePage(core, tokens, hosts, isSecure: configuration.identity != nil)
    entries = Dictionary(
      grouping: Dialects.all.flatMap { dialect in dialect.routes.map { Entry(dialect: dialect, route: $0) } },
      by: \.route.pattern.count)
    try core.takeUp()
    do throws(IOError) { housekeeper = try Housekeeper(core) } catch { throw BackupError(error) }
  }

  /// Gives up what waits, and waits for what is being done; what takes too long is asked to end.
  public func stop() {
    housekeeper.stop()
    core.stop()
  }

  /// Ends the commands that are running, without asking them: the process is about to end.
  public func endCommands() { core.endCommands() }

  /// Looks at a request.
  ///
  /// - Parameter request: the request.
  /// - Returns: the answer, or what finds it and may take its time.
  public func decide(_ request: HTTPRequest) -> HTTPDecision {
    switch consider(request) {
    case .answer(let response): return .answer(counted(response))
    case .work(let work, let otherwise): return .work({ [self] in counted(work()) }, otherwise: otherwise)
    }
  }

  private func counted(_ response: HTTPResponse) -> HTTPResponse {
    metrics.count(response.status)
    return response
  }

  private func consider(_ request: HTTPRequest) -> HTTPDecision {
    do throws(ServiceFault) { try check(request) } catch {
      let dialect = Dialects.all.first { $0.owns(request.segments) }
      let response = dialect?.response(to: error) ?? Self.plain(error)
      // What is behind such a request on the same connection is not to be trusted.
      return .answer(error.kind == .tooLarge ? response : response.with("Connection", "close"))
    }
    // HEAD is GET without a body, which the server leaves out.
    let method = request.method == "HEAD" ? "GET" : request.method
    if let decision = page.decide(request, method) { return decision }
    switch request.segments {
    case ["healthz"]: return .answer(method == "GET" ? health() : Self.onlyGet)
    case ["metrics"]: return .answer(method == "GET" ? figures(request) : Self.onlyGet)
    default: return consider(request, method)
    }
  }

  private func consider(_ request: HTTPRequest, _ method: String) -> HTTPDecision {
    let matching = (entries[request.segments.count] ?? []).compactMap { entry in
      entry.route.match(request.segments).map { (entry: entry, values: $0) }
    }
    guard let first = matching.first else {
      let fault = ServiceFault(.notFound, "there is no such path")
      return .answer(Dialects.all.first { $0.owns(request.segments) }?.response(to: fault) ?? Self.plain(fault))
    }
    guard let (entry, values) = matching.first(where: { $0.entry.route.method == method }) else {
      let methods = Set(matching.map(\.entry.route.method)).sorted().joined(separator: ", ")
      let fault = ServiceFault(.methodNotAllowed, "this path is for \(methods)")
      return .answer(first.entry.dialect.response(to: fault).with("Allow", methods))
    }
    let dialect = entry.dialect
    do throws(ServiceFault) {
      let principal = try self.principal(of: request, dialect)
      if let account = values["account"], let own = principal.account, account != own {
        throw ServiceFault(.forbidden, "'\(principal.name)' may not see this account")
      }
      let view = try core.view()
      let call = Call(
        request: request, values: values, principal: principal, service: core, view: view,
        base: "\(scheme)://\(request.field("Host") ?? "")")
      switch entry.route.kind {
      case .read: return .answer(try entry.route.action(call))
      case .list:
        // The host and the account of who asks are in what is answered.
        let query = entry.route.parameters.map { request.parameter($0) ?? "" }
        let key = ([principal.account ?? "", call.base, request.rawPath] + query).joined(separator: "\n")
        return .answer(
          try cache.response(key, view.number) { () throws(ServiceFault) in try entry.route.action(call) })
      case .write:
        guard principal.mayWrite else {
          throw ServiceFault(.forbidden, "'\(principal.name)' may not change anything")
        }
        guard hosts.isFromUs(request) else {
          throw ServiceFault(.forbidden, "requests of pages of other servers are refused")
        }
        let busy = dialect.response(to: ServiceFault(.overloaded, "too many requests are waiting"))
        return .work(
          {
            do throws(ServiceFault) { return try entry.route.action(call) } catch {
              return dialect.response(to: error)
            }
          }, otherwise: busy)
      }
    } catch {
      return .answer(dialect.response(to: error))
    }
  }

  /// What is wrong with a request whatever it asks for.
  private func check(_ request: HTTPRequest) throws(ServiceFault) {
    // Two lengths, or a length and chunks, are how one request is smuggled behind another.
    let lengths = request.count(of: "Content-Length")
    guard lengths <= 1, lengths == 0 || request.count(of: "Transfer-Encoding") == 0 else {
      throw ServiceFault(.malformed, "the length of the body is said twice")
    }
    // A name with a blank in it is what one server reads and the next one does not.
    if request.fields.contains(where: { $0.name.isEmpty || $0.name.utf8.contains { $0 <= 0x20 || $0 == 0x7F } }) {
      throw ServiceFault(.malformed, "a field of the header has no proper name")
    }
    if request.isMalformed {
      throw ServiceFault(.malformed, "the target of the request cannot be decoded, or its header is too long")
    }
    guard hosts.allows(request) else {
      throw ServiceFault(.forbidden, "the Host of the request is none of the names of this service")
    }
    if request.isTooLong { throw ServiceFault(.tooLarge, "a body has at most 1 MiB") }
  }

  private func principal(
    of request: HTTPRequest, _ dialect: any Dialect
  ) throws(ServiceFault) -> TokenFile.Principal {
    guard let tokens else { return TokenFile.Principal(name: "local", mayWrite: true) }
    return try dialect.principal(of: request, tokens)
  }

  // MARK: - What belongs to no interface

  private static func plain(_ fault: ServiceFault) -> HTTPResponse {
    let status =
      switch fault.kind {
      case .notFound: 404
      case .tooLarge: 413
      case .unauthorized: 401
      case .forbidden: 403
      default: 400
      }
    return HTTPResponse(status: status, json: ["error": .string(fault.message)])
  }

  private static let onlyGet = HTTPResponse(status: 405, json: ["error": "this path is for GET"]).with("Allow", "GET")

  private func health() -> HTTPResponse {
    do throws(ServiceFault) {
      try core.probe()
      return HTTPResponse(json: ["status": "ok"])
    } catch {
      return HTTPResponse(status: 503, json: ["status": "the repository cannot be read"])
    }
  }

  private func figures(_ request: HTTPRequest) -> HTTPResponse {
    var account: String?
    if let tokens {
      guard let principal = Authorization(request).token.flatMap(tokens.bearer) else {
        return Self.plain(ServiceFault(.unauthorized, "a token that is known is needed"))
          .with("WWW-Authenticate", "Bearer")
      }
      account = principal.account
    }
    return HTTPResponse(type: "text/plain; version=0.0.4; charset=utf-8", text: metrics.text(core, account: account))
  }
}
