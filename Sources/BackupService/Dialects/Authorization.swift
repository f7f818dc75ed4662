// SPDX-License-Identifier: Apache-2.0

/// What a request shows of who sends it.

/// The header fields by which clients say who they are.
struct Authorization {
  private let request: HTTPRequest

  init(_ request: HTTPRequest) { self.request = request }

  /// The token of `Authorization: Bearer`, or the password of `Basic`.
  var token: String? {
    guard let (scheme, rest) = authorization else { return nil }
    if HTTPRequest.areEqual(scheme, "bearer") { return rest }
    guard HTTPRequest.areEqual(scheme, "basic"), let pair = Base64Text.decoded(rest) else { return nil }
    return pair.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first.map(String.init)
  }

  /// The token of `X-Auth-Token`.
  var openStackToken: String? { request.field("X-Auth-Token") }

  /// Identifier and secret of a service token, which comes without a scheme.
  var serviceToken: (id: String, secret: String)? {
    guard let value = request.field("Authorization"), !value.contains(" "), let colon = value.firstIndex(of: ":") else {
      return nil
    }
    return (String(value[..<colon]), String(value[value.index(after: colon)...]))
  }

  private var authorization: (scheme: String, rest: String)? {
    guard let value = request.field("Authorization"), let blank = value.firstIndex(of: " ") else { return nil }
    return (String(value[..<blank]), String(value[value.index(after: blank)...].drop { $0 == " " }))
  }
}

/// Base64 of texts, RFC 4648 section 4.
enum Base64Text {
  /// The text; `nil` when it is no base64, or no UTF-8.
  static func decoded(_ text: String) -> String? {
    var bytes: [UInt8] = []
    var (bits, count) = (UInt32(0), 0)
    var digits = text.utf8[...]
    while digits.last == UInt8(ascii: "=") { digits.removeLast() }
    for digit in digits {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
