// SPDX-License-Identifier: Apache-2.0

/// What a request is answered with.
public import TextFormats

/// One HTTP answer.
public struct HTTPResponse: Sendable {
  /// The status, such as 200.
  public var status: Int
  /// Header fields besides those that the server adds.
  public var fields: [HTTPRequest.Field]
  /// The body.
  public var body: [UInt8]

  /// An answer without a body.
  ///
  /// - Parameter status: the status.
  public init(status: Int) {
    self.status = status
    fields = []
    body = []
  }

  /// An answer in JSON.
  ///
  /// - Parameters:
  ///   - status: the status. Default: 200.
  ///   - json: the value.
  public init(status: Int = 200, json: JSONValue) {
    self.status = status
    fields = [.init("Content-Type", "application/json")]
    body = Array(JSONWriter.line(json).utf8)
  }

  /// An answer in another form.
  ///
  /// - Parameters:
  ///   - status: the status. Default: 200.
  ///   - type: the media type.
  ///   - text: the body.
  public init(status: Int = 200, type: String, text: String) {
    self.status = status
    fields = [.init("Content-Type", type)]
    body = Array(text.utf8)
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
