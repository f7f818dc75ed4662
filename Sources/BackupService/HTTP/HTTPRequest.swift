// SPDX-License-Identifier: Apache-2.0

/// A request, as it came.

/// One HTTP request, complete with its body.
public struct HTTPRequest: Sendable {
  /// A header field.
  public struct Field: Hashable, Sendable {
    /// The name as it was written.
    public var name: String
    /// The value without blanks around it.
    public var value: String

    /// Makes one.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The method, such as `GET`.
  public var method: String
  /// What the request line says: path and query, nothing decoded.
  public var target: String
  /// The path as it stands in the request line: nothing of it is decoded.
  public var rawPath: String
  /// The segments of the path, decoded one by one, so that a slash that was escaped separates nothing.
  public var segments: [String]
  /// The pairs of the query, decoded, in their order.
  public var query: [Field]
  /// The header fields in their order.
  public var fields: [Field]
  /// The body; empty when there is none.
  public var body: [UInt8]
  /// Whether the body was longer than is allowed. It is empty then.
  public var isTooLong = false
  /// Whether its target cannot be decoded, or its header is too long; the segments are as they came then.
  public var isMalformed = false

  /// Takes a request apart.
  ///
  /// - Parameters:
  ///   - method: the method.
  ///   - target: what the request line says, path and query.
  ///   - fields: the header fields.
  ///   - body: the body.
  /// - Returns: `nil` when the target is no path, or has escapes that are none or that decode to no text.
  public init?(method: String, target: String, fields: [Field] = [], body: [UInt8] = []) {
    guard target.utf8.first == UInt8(ascii: "/") else { return nil }
    self.target = target
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    rawPath = String(parts[0])
    segments = []
    for part in rawPath.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let segment = PercentCoding.decoded(part) else { return nil }
      segments.append(segment)
    }
    // A slash at the end separates nothing.
    if segments.last == "" { segments.removeLast() }
    guard let pairs = PercentCoding.pairs(parts.count > 1 ? parts[1] : "") else { return nil }
    query = pairs.map { Field($0.name, $0.value) }
    self.method = method
    self.fields = fields
    self.body = body
  }

  /// A request whose target cannot be decoded, or whose header is too long: all that can be found out of it is whose it is.
  ///
  /// - Parameters:
  ///   - method: the method.
  ///   - target: what the request line says.
  ///   - fields: the header fields, as far as they are kept.
  init(malformed method: String, target: String, fields: [Field]) {
    self.method = method
    self.target = target
    self.fields = fields
    rawPath = String(target.prefix { $0 != "?" })
    segments = rawPath.split(separator: "/").map(String.init)
    query = []
    body = []
    isMalformed = true
  }

  /// The value of a header field; that of the first when there are several.
  ///
  /// - Parameter name: its name; upper and lower case are the same.
  public func field(_ name: String) -> String? {
    fields.first { HTTPRequest.areEqual($0.name, name) }?.value
  }

  /// How many fields of a name there are.
  ///
  /// - Parameter name: the name; upper and lower case are the same.
  public func count(of name: String) -> Int { fields.count { HTTPRequest.areEqual($0.name, name) } }

  /// The value of a parameter of the query; that of the last when there are several.
  ///
  /// - Parameter name: its name.
  public func parameter(_ name: String) -> String? { query.last { $0.name == name }?.value }

  /// Whether two names of fields are the same.
  static func areEqual(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lowered($0) == lowered($1) }
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}
