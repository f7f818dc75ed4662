// SPDX-License-Identifier: Apache-2.0

// Signed requests, against signatures that another implementation has made.
import BackupKit
import CodecKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

@Suite("signatures")
struct HuaweiSignatureTests {
  private static let key = Array("sk-0123456789abcdef".utf8)
  private static let date = "20260412T020000Z"
  private static let tokens = try? TokenFile("key someone AKID sk-0123456789abcdef")

  /// Method, target, names of signed fields, body, signature.
  static let vectors: [(String, String, String, String, String)] = [
    (
      "GET", "/v3/p1/backups?instance_id=a%20b&limit=10&backup_type=", "content-type;host;x-project-id;x-sdk-date", "",
      "9d59ff517a01d885c0f9253fe7908d4014fa6f638bc32c2caab6c9bf1741907f"
    ),
    (
      "POST", "/v3/p1/backups", "host;x-sdk-date", "{\"instance_id\":\"i\",\"name\":\"one\"}",
      "70b04ac4039189e5e7beceb28b8cb37ba715274988e60ca5d1a980e98935ab1d"
    ),
    (
      "DELETE", "/mysql/v3/p1/backups/a~b%2Fc", "host;x-project-id;x-sdk-date", "",
      "5de70985288fdf10f598f1adec302c6e449c8242d9f979d48887ba7500092d02"
    ),
    (
      "GET", "/v3/p1/backups?b=2&a=z&a=%2F&c=%E4%BD%A0", "host;x-sdk-date", "",
      "2232b01593f94e47bfbd936da096e9d336c10beb085f62091038eb46ea877c8f"
    ),
  ]

  private func request(
    _ method: String, _ target: String, _ names: String, _ body: String, _ signature: String, access: String = "AKID",
    more: [HTTPRequest.Field] = []
  ) throws -> HTTPRequest {
    let fields: [HTTPRequest.Field] = [
      .init("Host", "rds.example.org"), .init("X-Sdk-Date", Self.date), .init("X-Project-Id", " p1 "),
      .init("Content-Type", "application/json"),
      .init("Authorization", "SDK-HMAC-SHA256 Access=\(access), SignedHeaders=\(names), Signature=\(signature)"),
    ]
    return try #require(
      HTTPRequest(method: method, target: target, fields: fields + more, body: Array(body.utf8)))
  }

  private func signer(_ request: HTTPRequest, at time: String = "2026-04-12T02:10:00Z") throws -> String? {
    let tokens = try TokenFile("key someone AKID sk-0123456789abcdef")
    let now = try #require(Timestamp(rfc3339: time))
    return try? HuaweiSignature.principal(of: request, tokens, at: now).name
  }

  @Test("signatures of another implementation hold", arguments: vectors)
  func holding(_ method: String, _ target: String, _ names: String, _ body: String, _ signature: String) throws {
    let good = try request(method, target, names, body, signature)
    #expect(try signer(good) == "someone")
    #expect(try signer(try request(method, target, names, body + " ", signature)) == nil, "another body")
    #expect(try signer(try request("PUT", target, names, body, signature)) == nil, "another method")
    #expect(try signer(try request(method, target + "x", names, body, signature)) == nil, "another path or query")
    #expect(try signer(try request(method, target, names, body, signature, access: "OTHER")) == nil, "another key")
    let wrong = "0" + signature.dropFirst()
    #expect(try signer(try request(method, target, names, body, wrong)) == nil, "another signature")
  }

  @Test(
    "a signature holds for 15 minutes to each side",
    arguments: [
      ("2026-04-12T01:45:00Z", true), ("2026-04-12T02:15:00Z", true), ("2026-04-12T01:44:59Z", false),
      ("2026-04-12T02:15:01Z", false), ("2027-04-12T02:00:00Z", false),
    ])
  func times(_ time: String, _ holds: Bool) throws {
    let vector = Self.vectors[1]
    let made = try request(vector.0, vector.1, vector.2, vector.3, vector.4)
    #expect((try signer(made, at: time) != nil) == holds)
  }

  @Test("what changes something is made once, what only looks may be repeated")
  func replays() throws {
    let tokens = try TokenFile("key someone AKID sk-0123456789abcdef")
    let now = try #require(Timestamp(rfc3339: "2026-04-12T02:00:00Z"))
    for (index, vector) in Self.vectors.enumerated() {
      let made = try request(vector.0, vector.1, vector.2, vector.3, vector.4)
      #expect((try? HuaweiSignature.principal(of: made, tokens, at: now)) != nil)
      let again = try? HuaweiSignature.principal(of: made, tokens, at: now)
      #expect((again != nil) == (vector.0 == "GET"), "vector \(index)")
    }
  }

  @Test("a hash of the body that is stated must be that of the body")
  func statedHash() throws {
    let vector = Self.vectors[1]
    let right = SHA256.hash(Array(vector.3.utf8)).description
    for (hash, holds) in [(right, true), (String(repeating: "0", count: 64), false), ("UNSIGNED-PAYLOAD", false)] {
      let made = try request(
        vector.0, vector.1, vector.2, vector.3, vector.4, more: [.init("X-Sdk-Content-Sha256", hash)])
      #expect((try signer(made) != nil) == holds, "\(hash)")
    }
  }

  @Test("host and date must be signed, and no signed field is there twice")
  func fields() throws {
    let vector = Self.vectors[1]
    for names in ["host", "x-sdk-date", "", "host;x-sdk-date;x-nothing"] {
      #expect(try signer(try request(vector.0, vector.1, names, vector.3, vector.4)) == nil)
    }
    let twice = try request(
      vector.0, vector.1, vector.2, vector.3, vector.4, more: [.init("host", "elsewhere.example.org")])
    #expect(try signer(twice) == nil)
  }

  @Test("keyed hashes are those of RFC 2104")
  func hmac() {
    let text = Array("The quick brown fox jumps over the lazy dog".utf8)
    #expect(
      HMAC.sha256(text, key: Array("key".utf8)).description
        == "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8")
  }
}
