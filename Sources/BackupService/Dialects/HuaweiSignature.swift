// SPDX-License-Identifier: Apache-2.0

/// Requests that are signed with an access key, as Huawei's clients do it.
internal import CodecKit
internal import SystemIO

/// Checks signatures of the kind `SDK-HMAC-SHA256`.
enum HuaweiSignature {
  static let scheme = "SDK-HMAC-SHA256"

  /// How far the clocks of both sides may be apart, in seconds.
  private static let tolerance: Int64 = 15 * 60

  /// Who has signed a request.
  ///
  /// - Parameters:
  ///   - request: the request.
  ///   - tokens: where the keys are.
  ///   - now: the time.
  /// - Throws: ``ServiceFault`` with `unauthorized`; which part is wrong is told, but never what it should be.
  static func principal(
    of request: HTTPRequest, _ tokens: TokenFile, at now: Timestamp
  ) throws(ServiceFault) -> TokenFile.Principal {
    let parts = parameters(request.field("Authorization") ?? "")
    guard let accessKey = parts["Access"], let names = parts["SignedHeaders"], let signature = parts["Signature"],
      let signer = tokens.signer(accessKey)
    else { throw ServiceFault(.unauthorized, "the signature is of an unknown key, or incomplete") }
    let signed = names.split(separator: ";").map(String.init)
    guard signed.contains("host"), signed.contains("x-sdk-date") else {
      throw ServiceFault(.unauthorized, "host and x-sdk-date must be signed")
    }
    guard let date = request.field("X-Sdk-Date"), request.count(of: "X-Sdk-Date") == 1, isCurrent(date, now) else {
      throw ServiceFault(.unauthorized, "X-Sdk-Date is more than 15 minutes from now, or no date")
    }
    // A field that is there twice is signed once.
    guard signed.allSatisfy({ request.count(of: $0) == 1 }) else {
      throw ServiceFault(.unauthorized, "a signed field is missing, or there twice")
    }
    let body = SHA256.hash(request.body).description
    // What a client says of its body is taken at its word only when it is true.
    if let stated = request.field("X-Sdk-Content-Sha256"), stated.lowercased() != body {
      throw ServiceFault(.unauthorized, "X-Sdk-Content-Sha256 is not the hash of the body")
    }
    let wanted = self.signature(of: request, signed, date, body, key: signer.secret)
    guard TokenFile.areEqual(Array(signature.lowercased().utf8), Array(wanted.utf8)) else {
      throw ServiceFault(.unauthorized, "the signature is wrong")
    }
    // Looking twice harms nobody: polling clients sign the same request twice within a second.
    if request.method != "GET", request.method != "HEAD" {
      guard tokens.replays.isNew(wanted, at: now.seconds, until: now.seconds + 2 * tolerance) else {
        throw ServiceFault(.unauthorized, "the signed request has been made before")
      }
    }
    return signer.principal
  }

  /// The signature that a request has to have.
  ///
  /// - Parameters:
  ///   - request: the request.
  ///   - signed: the names of the fields that are signed, in lower case.
  ///   - date: what `X-Sdk-Date` says.
  ///   - body: the hash of the body.
  ///   - key: the secret.
  static func signature(
    of request: HTTPRequest, _ signed: [String], _ date: String, _ body: String, key: [UInt8]
  ) -> String {
    let canonical = canonical(request, signed, request.field("X-Sdk-Content-Sha256") ?? body)
    let text = "\(scheme)\n\(date)\n\(SHA256.hash(Array(canonical.utf8)))"
    return HMAC.sha256(Array(text.utf8), key: key).description
  }

  /// `SDK-HMAC-SHA256 Access=AK, SignedHeaders=a;b, Signature=hex` as pairs.
  private static func parameters(_ value: String) -> [String: String] {
    guard value.hasPrefix(scheme + " ") else { return [:] }
    var pairs: [String: String] = [:]
    for part in value.dropFirst(scheme.count + 1).split(separator: ",") {
      let halves = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      if halves.count == 2 { pairs[String(halves[0])] = String(halves[1]) }
    }
    return pairs
  }

  /// Whether `YYYYMMDDThhmmssZ` is close to now. Such texts stand in the order of the times.
  private static func isCurrent(_ date: String, _ now: Timestamp) -> Bool {
    func text(_ offset: Int64) -> String {
      Timestamp(seconds: now.seconds + offset).rfc3339().filter { $0 != "-" && $0 != ":" }
    }
    let example = text(0)
    guard date.utf8.count == example.utf8.count,
      zip(date.utf8, example.utf8).allSatisfy({ isDigit($0) == isDigit($1) && (isDigit($0) || $0 == $1) })
    else { return false }
    return text(-tolerance) <= date && date <= text(tolerance)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// What is signed of a request.
  private static func canonical(_ request: HTTPRequest, _ signed: [String], _ body: String) -> String {
    // The segments have been decoded once: each is written in the one form that signing knows.
    let path = "/" + request.segments.map { PercentCoding.encoded($0) + "/" }.joined()
    let query = request.query.map { (PercentCoding.encoded($0.name), PercentCoding.encoded($0.value)) }
      .sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    let fields = signed.map { "\($0):\(trimmed(request.field($0) ?? ""))\n" }.joined()
    return [request.method, path, query, fields, signed.joined(separator: ";"), body].joined(separator: "\n")
  }

  private static func trimmed(_ text: String) -> String {
    var text = text[...]
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }
}

/// Keyed hashes, RFC 2104.
enum HMAC {
  /// The SHA-256 of some bytes under a key.
  static func sha256(_ bytes: [UInt8], key: [UInt8]) -> SHA256Digest {
    let blockSize = 64
    var key = key.count > blockSize ? SHA256.hash(key).bytes : key
    key += [UInt8](repeating: 0, count: blockSize - key.count)
    let inner = SHA256.hash(key.map { $0 ^ 0x36 } + bytes)
    return SHA256.hash(key.map { $0 ^ 0x5C } + inner.bytes)
  }
}
