// SPDX-License-Identifier: Apache-2.0

/// A server that hands over whole requests and sends whole answers.
internal import CMicrohttpd
public import SystemIO
internal import TextFormats

/// What becomes of a request.
public enum HTTPDecision: Sendable {
  /// This is the answer.
  case answer(HTTPResponse)
  /// This finds the answer, and takes its time; when there is none for it, the other one is the answer.
  case work(@Sendable () -> HTTPResponse, otherwise: HTTPResponse)
}

/// An HTTP server, on libmicrohttpd.
///
/// It bounds what clients can take: bodies, header fields, connections, the time one may keep silent, take for a request or
/// for its answer. Requests are looked at on a few threads that serve all connections; what takes time is done on others.
@safe
public final class HTTPServer: Sendable {
  /// How it works.
  public struct Options: Sendable {
    /// The address to listen on: IPv4 or IPv6, no name. Default: 127.0.0.1.
    public var address = "127.0.0.1"
    /// The port; 0 for one that is free. Default: 0.
    public var port: UInt16 = 0
    /// How many threads serve connections. Default: 2.
    public var threads = 2
    /// How many threads do what takes time. Default: 4.
    public var workers = 4
    /// How many requests that take time may wait for those. Default: 256.
    public var queueLength = 256
    /// How many connections are served at a time; others wait. Default: 1000.
    public var connections = 1000
    /// After how many seconds without a byte a connection is closed. Default: 30.
    public var idleSeconds = 30
    /// How many seconds a request may take to come. Default: 60.
    public var requestSeconds = 60
    /// How many seconds a client may take for an answer. Default: 300.
    public var answerSeconds = 300
    /// The most bytes of a body. Default: 1 MiB.
    public var maximumBody = 1 << 20
    /// Certificate chain and private key in PEM form; `nil` for no TLS. Default: `nil`.
    public var identity: (certificate: String, key: String)?

    /// The defaults.
    public init() {}

    /// The defaults, changed by `configure`.
    public init(_ configure: (inout Self) -> Void) { configure(&self) }
  }

  /// What cannot be done when certificate and key are no use.
  static let identification = "use the certificate and the key"

  /// What a thread of the server calls.
  private final class Handler: Sendable {
    let decide: @Sendable (HTTPRequest) -> HTTPDecision
    let queue: WorkQueue

    init(_ queue: WorkQueue, _ decide: @escaping @Sendable (HTTPRequest) -> HTTPDecision) {
      self.queue = queue
      self.decide = decide
    }
  }

  /// A request that somebody answers later.
  private final class Errand: WorkQueue.Work {
    private let exchange: Exchange
    private let work: @Sendable () -> HTTPResponse
    private let otherwise: HTTPResponse

    init(_ exchange: Exchange, _ work: @escaping @Sendable () -> HTTPResponse, otherwise: HTTPResponse) {
      self.exchange = exchange
      self.work = work
      self.otherwise = otherwise
    }

    func run() -> UInt64? {
      exchange.answer(work())
      return nil
    }

    func giveUp(_ reason: String) { exchange.answer(otherwise) }
  }

  /// The port it listens on.
  public let port: UInt16
  private let handler: Handler
  // Only `stop` touches it, once.
  private nonisolated(unsafe) let server: OpaquePointer
  private let isStopped = Monitor(false)

  /// Listens, and answers from now on.
  ///
  /// - Parameters:
  ///   - options: where and how.
  ///   - decide: looks at a request, on several threads at a time, and must be quick.
  /// - Throws: what the system answered; `EINVAL` for an address that is none, or for certificates that cannot be used.
  public init(
    _ options: Options, decide: @escaping @Sendable (HTTPRequest) -> HTTPDecision
  ) throws(IOError) {
    let handler = Handler(try WorkQueue(threads: options.workers, length: options.queueLength), decide)
    var number: Int32 = 0
    let texts = [options.address, options.identity?.certificate, options.identity?.key]
    let started = unsafe Self.withTexts(texts) { texts in
      var settings = unsafe cmicrohttpd_options()
      unsafe settings.address = unsafe texts[0]
      unsafe settings.port = options.port
      unsafe settings.threads = UInt32(clamping: options.threads)
      unsafe settings.connections = UInt32(clamping: options.connections)
      unsafe settings.idle_seconds = UInt32(clamping: options.idleSeconds)
      unsafe settings.request_seconds = UInt32(clamping: options.requestSeconds)
      unsafe settings.answer_seconds = UInt32(clamping: options.answerSeconds)
      unsafe settings.body_limit = options.maximumBody
      unsafe settings.certificate = unsafe texts[1]
      unsafe settings.key = unsafe texts[2]
      return unsafe cmicrohttpd_start(
        &settings,
        { context, exchange in
          guard let context = unsafe context, let exchange = unsafe exchange else { return true }
          return unsafe HTTPServer.serve(
            Exchange(exchange), Unmanaged<Handler>.fromOpaque(context).takeUnretainedValue())
        }, Unmanaged.passUnretained(handler).toOpaque(), &number)
    }
    guard let started = unsafe started else {
      handler.queue.close("the server cannot be started")
      let place = options.address.contains(":") ? "[\(options.address)]" : options.address
      let what = number == 0 ? Self.identification : "listen on \(place):\(options.port)"
      throw IOError(what, errno: number == 0 ? .invalidArgument : Errno(rawValue: number))
    }
    self.handler = handler
    unsafe server = unsafe started
    port = unsafe cmicrohttpd_port(started)
  }

  deinit { stop() }

  /// Takes no new connections, answers what has begun, and ends. A second call does nothing.
  public func stop() {
    let isFirst = isStopped.withLock { isStopped in
      defer { isStopped = true }
      return !isStopped
    }
    guard isFirst else { return }
    unsafe cmicrohttpd_quiesce(server)
    handler.queue.close("the service is stopping")
    unsafe cmicrohttpd_stop(server, 5000)
  }

  /// Looks at a request.
  ///
  /// - Returns: whether it has been answered.
  private static func serve(_ exchange: Exchange, _ handler: Handler) -> Bool {
    switch handler.decide(exchange.request) {
    case .answer(let response):
      exchange.answer(response)
      return true
    case .work(let work, let otherwise):
      if handler.queue.add(Errand(exchange, work, otherwise: otherwise)) { return false }
      exchange.answer(otherwise)
      return true
    }
  }

  /// Lends texts that end in zero; null stands for those that are not there.
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
      var pointers: [UnsafePointer<CChar>?] = unsafe []
      for start in starts {
        if let start, let base = memory.baseAddress {
          unsafe pointers.append(base + start)
        } else {
          unsafe pointers.append(nil)
        }
      }
      return unsafe body(pointers)
    }
  }
}

/// A request that is to be answered, as the C side knows it.
@safe
private struct Exchange: @unchecked Sendable {
  private let handle: OpaquePointer

  init(_ handle: OpaquePointer) { unsafe self.handle = unsafe handle }

  /// The request.
  var request: HTTPRequest {
    var fields: [HTTPRequest.Field] = []
    for index in 0..<(unsafe cmicrohttpd_field_count(handle)) {
      guard let name = unsafe cmicrohttpd_field_name(handle, index),
        let value = unsafe cmicrohttpd_field_value(handle, index)
      else { continue }
      unsafe fields.append(.init(String(cString: name), String(cString: value)))
    }
    let method = unsafe cmicrohttpd_method(handle).map { unsafe String(cString: $0) } ?? ""
    let target = unsafe cmicrohttpd_target(handle).map { unsafe String(cString: $0) } ?? ""
    var size = 0
    var body: [UInt8] = []
    if let bytes = unsafe cmicrohttpd_body(handle, &size) {
      body = unsafe Array(UnsafeBufferPointer(start: bytes, count: size))
    }
    guard unsafe !cmicrohttpd_has_too_many_fields(handle),
      var request = HTTPRequest(method: method, target: target, fields: fields, body: body)
    else { return HTTPRequest(malformed: method, target: target, fields: fields) }
    request.isTooLong = unsafe cmicrohttpd_body_is_too_long(handle)
    return request
  }

  /// Answers, once.
  func answer(_ response: HTTPResponse) {
    for field in response.fields where !(field.name + field.value).utf8.contains(where: { $0 < 0x20 }) {
      _ = unsafe cmicrohttpd_add_field(handle, field.name, field.value)
    }
    let body = response.body
    unsafe cmicrohttpd_answer(
      handle, UInt32(clamping: response.status), body.start, body.count,
      { owner in if let owner = unsafe owner { unsafe Unmanaged<ResponseBody>.fromOpaque(owner).release() } },
      Unmanaged.passRetained(body).toOpaque())
  }
}
