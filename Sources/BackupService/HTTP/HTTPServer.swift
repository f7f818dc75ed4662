// SPDX-License-Identifier: Apache-2.0

/// A server that hands over whole requests and sends whole answers.
internal import CMicrohttpd
public import SystemIO

/// An HTTP server, on libmicrohttpd.
///
/// It bounds what clients can take: bodies, header fields, connections, and the time one may keep silent.
public final class HTTPServer: Sendable {
  /// How it works.
  public struct Options: Sendable {
    /// The address to listen on: IPv4 or IPv6, no name. Default: 127.0.0.1.
    public var address = "127.0.0.1"
    /// The port; 0 for one that is free. Default: 0.
    public var port: UInt16 = 0
    /// How many threads answer. Default: 4.
    public var threads = 4
    /// How many connections are served at a time; others wait. Default: 1000.
    public var connections = 1000
    /// After how many seconds without a byte a connection is closed. Default: 30.
    public var idleSeconds = 30
    /// The most bytes of a body. Default: 1 MiB.
    public var maximumBody = 1 << 20
    /// Certificate chain and private key in PEM form; `nil` for no TLS. Default: `nil`.
    public var identity: (certificate: String, key: String)?

    /// The defaults.
    public init() {}

    /// The defaults, changed by `configure`.
    public init(_ configure: (inout Self) -> Void) { configure(&self) }
  }

  /// What a thread of the server calls.
  private final class Handler: Sendable {
    let answer: @Sendable (HTTPRequest) -> HTTPResponse

    init(_ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) { self.answer = answer }
  }

  /// The port it listens on.
  public let port: UInt16
  private let handler: Handler
  // Only `stop` and the end of the object touch it.
  private nonisolated(unsafe) let server: OpaquePointer
  private let isStopped = Monitor(false)

  /// Listens, and answers from now on.
  ///
  /// - Parameters:
  ///   - options: where and how.
  ///   - answer: answers a request, on several threads at a time. A request whose target is no path never comes here.
  /// - Throws: what the system answered; `EINVAL` for an address that is none.
  public init(_ options: Options, answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) throws(IOError) {
    let handler = Handler(answer)
    var number: Int32 = 0
    let started = Self.withTexts([options.address, options.identity?.certificate, options.identity?.key]) { texts in
      var settings = unsafe cmicrohttpd_options()
      unsafe settings.address = texts[0]
      unsafe settings.port = options.port
      unsafe settings.threads = UInt32(clamping: options.threads)
      unsafe settings.connections = UInt32(clamping: options.connections)
      unsafe settings.idle_seconds = UInt32(clamping: options.idleSeconds)
      unsafe settings.body_limit = options.maximumBody
      unsafe settings.certificate = texts[1]
      unsafe settings.key = texts[2]
      return unsafe cmicrohttpd_start(
        &settings,
        { context, exchange in
          guard let context = unsafe context, let exchange = unsafe exchange else { return }
          let handler = unsafe Unmanaged<Handler>.fromOpaque(context).takeUnretainedValue()
          unsafe HTTPServer.serve(exchange, handler)
        }, Unmanaged.passUnretained(handler).toOpaque(), &number)
    }
    guard let started = unsafe started else {
      throw IOError("listen on \(options.address) port \(options.port)", errno: Errno(rawValue: number))
    }
    self.handler = handler
    unsafe server = started
    port = unsafe cmicrohttpd_port(started)
  }

  deinit { stop() }

  /// Takes no new connections, answers what has begun, and ends. A second call does nothing.
  public func stop() {
    let isFirst = isStopped.withLock { isStopped in
      defer { isStopped = true }
      return !isStopped
    }
    if isFirst { unsafe cmicrohttpd_stop(server) }
  }

  private static func serve(_ exchange: OpaquePointer, _ handler: Handler) {
    let response: HTTPResponse
    if let request = unsafe request(exchange) {
      response = handler.answer(request)
    } else {
      response = HTTPResponse(status: 400, json: ["error": "the request has a target that is no path"])
    }
    for field in response.fields where !(field.name + field.value).utf8.contains(where: { $0 < 0x20 }) {
      _ = unsafe cmicrohttpd_add_field(exchange, field.name, field.value)
    }
    _ = unsafe response.body.withUnsafeBufferPointer { body in
      unsafe cmicrohttpd_answer(exchange, UInt32(clamping: response.status), body.baseAddress, body.count)
    }
  }

  private static func request(_ exchange: OpaquePointer) -> HTTPRequest? {
    var fields: [HTTPRequest.Field] = []
    for index in 0..<(unsafe cmicrohttpd_field_count(exchange)) {
      guard let name = unsafe cmicrohttpd_field_name(exchange, index),
        let value = unsafe cmicrohttpd_field_value(exchange, index)
      else { continue }
      unsafe fields.append(.init(String(cString: name), String(cString: value)))
    }
    guard let method = unsafe cmicrohttpd_method(exchange), let target = unsafe cmicrohttpd_target(exchange) else {
      return nil
    }
    var size = 0
    let bytes = unsafe cmicrohttpd_body(exchange, &size)
    let body = unsafe bytes.map { unsafe Array(UnsafeBufferPointer(start: $0, count: size)) } ?? []
    guard
      var request = unsafe HTTPRequest(
        method: String(cString: method), target: String(cString: target), fields: fields, body: body)
    else { return nil }
    request.isTooLong = unsafe cmicrohttpd_body_is_too_long(exchange)
    return request
  }

  /// Lends texts that end in zero; null stands for those that are not there.
  @safe
  private static func withTexts<Result>(
    _ texts: [String?], _ body: ([UnsafePointer<CChar>?]) -> Result
  ) -> Result {
    var bytes: [CChar] = []
    var starts: [Int?] = []
    for text in texts {
      starts.append(text == nil ? nil : bytes.count)
      if let text { bytes += text.utf8.map { CChar(bitPattern: $0) } + [0] }
    }
    return unsafe bytes.withUnsafeBufferPointer { memory in
      unsafe body(starts.map { start in unsafe start.flatMap { start in unsafe memory.baseAddress.map { unsafe $0 + start } } })
    }
  }
}
