// SPDX-License-Identifier: Apache-2.0

/// What a request is answered with.
public import TextFormats

/// Bytes at a fixed place, which several answers and threads may send at the same time.
@safe
public final class ResponseBody: @unchecked Sendable {
  // Written once, before anybody else sees it.
  private let memory: UnsafeMutableBufferPointer<UInt8>

  /// Copies bytes.
  ///
  /// - Parameter bytes: the bytes.
  public init(_ bytes: some Collection<UInt8>) {
    unsafe memory = .allocate(capacity: bytes.count)
    _ = unsafe memory.initialize(fromContentsOf: bytes)
  }

  deinit { unsafe memory.deallocate() }

  /// How many bytes there are.
  public var count: Int { unsafe memory.count }

  /// A copy of the bytes.
  public var bytes: [UInt8] { unsafe Array(memory) }

  /// Where they are, as long as this object is there.
  @unsafe var start: UnsafePointer<UInt8>? { unsafe UnsafePointer(memory.baseAddress) }
}

/// One HTTP answer.
public struct HTTPResponse: Sendable {
  /// The status, such as 200.
  public var status: Int
  /// Header fields besides those that the server adds.
  public var fields: [HTTPRequest.Field]
  /// The body.
  public var body: ResponseBody

  private static let empty = ResponseBody([])

  /// An answer without a body.
  ///
  /// - Parameter status: the status.
  public init(status: Int) {
    self.status = status
    fields = []
    body = Self.empty
  }

  /// An answer in JSON.
  ///
  /// - Parameters:
  ///   - status: the status. Default: 200.
  ///   - json: the value.
  public init(status: Int = 200, json: JSONValue) {
    self.init(status: status, type: "application/json", text: JSONWriter.line(json))
  }

  /// An answer in another form.
  ///
  /// - Parameters:
  ///   - status: the status. Default: 200.
  ///   - type: the media type.
  ///   - text: the body.
  public init(status: Int = 200, type: String, text: String) {
    self.status = status
    fields = [.init("Content-Type", type), .init("Cache-Control", "no-store")]
    body = ResponseBody(text.utf8)
  }

  /// The same with another header field.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - value: its value.
  public func with(_ name: String, _ value: String) -> HTTPResponse {
    var response = self
    response.fields.append(.init(name, value))
    return response
  }
}
