// SPDX-License-Identifier: Apache-2.0

/// The service as a whole: takes a request, finds who answers it, and sees to it that only those ask who may.
public import BackupKit
public import SystemIO
internal import TextFormats

/// A backup service: the interfaces of five products over one repository.
///
/// ```swift
/// let service = try BackupService(configuration, tokens, repository)
/// let server = try HTTPServer(.init { $0.port = 8480 }) { service.answer($0) }
/// ```
public final class BackupService: Sendable {
  private struct Entry: Sendable {
    let dialect: any Dialect
    let route: Route
  }

  private let core: ServiceCore
  private let tokens: TokenFile?
  private let entries: [Entry]
  private let metrics: ServiceMetrics

  /// Begins to work; nothing listens yet.
  ///
  /// - Parameters:
  ///   - configuration: what the administrator says.
  ///   - tokens: who may ask; `nil` for everybody who can reach it, which must be nobody outside of this machine.
  ///   - repository: where the backups are.
  /// - Throws: what the system answered.
  public init(
    _ configuration: ServiceConfiguration, _ tokens: TokenFile?, _ repository: Repository
  ) throws(IOError) {
    core = try ServiceCore(configuration, repository)
    self.tokens = tokens
    entries = Dialects.all.flatMap { dialect in dialect.routes.map { Entry(dialect: dialect, route: $0) } }
    metrics = ServiceMetrics()
  }

  /// Gives up what waits, asks what is being done to end, and waits for that.
  public func stop() { core.stop() }

  /// Answers a request.
  ///
  /// - Parameter request: the request.
  public func answer(_ request: HTTPRequest) -> HTTPResponse {
    let response = respond(to: request)
    metrics.count(response.status)
    return request.method == "HEAD" ? HTTPResponse(status: response.status) : response
  }

  private func respond(to request: HTTPRequest) -> HTTPResponse {
    switch request.segments {
    case ["healthz"]: return request.method == "GET" ? health() : Self.onlyGet
    case ["metrics"]:
      guard request.method == "GET" else { return Self.onlyGet }
      return HTTPResponse(type: "text/plain; version=0.0.4", text: metrics.text(core))
    default: break
    }
    let matching = entries.compactMap { entry in entry.route.match(request.segments).map { (entry, $0) } }
    guard let first = matching.first else {
      return HTTPResponse(status: 404, json: ["error": "there is no such path"])
    }
    guard let (entry, values) = matching.first(where: { $0.0.route.method == request.method }) else {
      let methods = Set(matching.map(\.0.route.method)).sorted().joined(separator: ", ")
      return first.0.dialect.response(to: ServiceFault(.methodNotAllowed, "this path is for \(methods)"))
        .with("Allow", methods)
    }
    do throws(ServiceFault) {
      try check(request)
      let principal = try self.principal(of: request, entry.dialect)
      if entry.route.isWriting, !principal.mayWrite {
        throw ServiceFault(.forbidden, "'\(principal.name)' may not change anything")
      }
      return try entry.route.action(Call(request: request, values: values, principal: principal, service: core))
    } catch {
      return entry.dialect.response(to: error)
    }
  }

  /// What is wrong with a request whatever it asks for.
  private func check(_ request: HTTPRequest) throws(ServiceFault) {
    if request.isTooLong { throw ServiceFault(.tooLarge, "a body has at most 1 MiB") }
    // Two lengths, or a length and chunks, are how one request is smuggled behind another.
    let lengths = request.count(of: "Content-Length")
    guard lengths <= 1, lengths == 0 || request.count(of: "Transfer-Encoding") == 0 else {
      throw ServiceFault(.invalid, "the length of the body is said twice")
    }
  }

  private func principal(
    of request: HTTPRequest, _ dialect: any Dialect
  ) throws(ServiceFault) -> TokenFile.Principal {
    guard let tokens else { return TokenFile.Principal(name: "local", mayWrite: true) }
    return try dialect.principal(of: request, tokens)
  }

  private static let onlyGet = HTTPResponse(status: 405, json: ["error": "this path is for GET"]).with("Allow", "GET")

  private func health() -> HTTPResponse {
    do throws(ServiceFault) {
      _ = try core.backups(of: nil)
      return HTTPResponse(json: ["status": "ok"])
    } catch {
      return HTTPResponse(status: 503, json: ["status": "the repository cannot be read"])
    }
  }
}
