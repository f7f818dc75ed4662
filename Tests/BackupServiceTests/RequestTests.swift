// SPDX-License-Identifier: Apache-2.0

// What holds for all requests: hosts, origins, lengths, methods, tokens, paths.
import BackupKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

@Suite("requests")
struct RequestTests {
  private static let list = "/v1/backups/artifacts"

  @Test("paths are taken apart segment by segment")
  func paths() throws {
    let request = try #require(HTTPRequest(method: "GET", target: "/a%2Fb/c%20d/?x=1&y=a+b&x=2&z"))
    #expect(request.segments == ["a/b", "c d"])
    #expect(request.parameter("x") == "2" && request.parameter("y") == "a b" && request.parameter("z") == "")
    #expect(request.rawPath == "/a%2Fb/c%20d/")
    for target in ["", "a", "*", "http://x/", "/%", "/%4", "/%zz", "/%00", "/%ff", "/?a=%"] {
      #expect(HTTPRequest(method: "GET", target: target) == nil, "\(target)")
    }
  }

  @Test("what is escaped is what it was", arguments: ["", "a~b-c_d.e", "a b/ü?&=%", "\u{1}\u{7f}"])
  func percentCoding(_ text: String) {
    let encoded = PercentCoding.encoded(text)
    #expect(PercentCoding.decoded(encoded) == text)
    #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
  }

  @Test(
    "only requests for this service are answered",
    arguments: [
      ("127.0.0.1", 200), ("127.0.0.1:8480", 200), ("LocalHost:1", 200), ("[::1]:9", 200), ("backup.example.org", 200),
      ("evil.example.org", 403), ("127.0.0.1.evil.example.org", 403), ("127.0.0.2", 403), ("", 403),
      ("127.0.0.1:x", 403),
    ])
  func hosts(_ host: String, _ status: Int) throws {
    let test = try TestService(others: "\"hosts\":[\"backup.example.org\"],")
    #expect(test.send("GET", Self.list, host: host).status == status)
    #expect(test.send("GET", "/", host: host).status == status)
  }

  @Test("a request names its host once")
  func hostCount() throws {
    let test = try TestService()
    #expect(test.send("GET", Self.list, host: nil).status == 403)
    #expect(test.send("GET", Self.list, fields: [("host", "127.0.0.1")]).status == 403)
  }

  @Test(
    "pages of other servers change nothing",
    arguments: [
      ("Origin", "http://evil.example.org", false), ("Origin", "null", false), ("Origin", "http://127.0.0.1:1", false),
      ("Sec-Fetch-Site", "cross-site", false), ("Sec-Fetch-Site", "same-site", false),
      ("Origin", "http://127.0.0.1", true),
      ("Sec-Fetch-Site", "same-origin", true), ("X-Nothing", "x", true),
    ])
  func origins(_ name: String, _ value: String, _ isFine: Bool) throws {
    let test = try TestService()
    let id = try test.backUp("my")
    let answer = test.send("DELETE", "\(Self.list)/\(id)?remove_files=true", fields: [(name, value)])
    #expect(answer.status == (isFine ? 200 : 403))
    #expect(test.send("GET", Self.list, fields: [(name, value)]).status == 200, "looking harms nobody")
  }

  @Test("a length that is said twice ends the connection")
  func lengths() throws {
    let test = try TestService()
    for fields in [
      [("Content-Length", "2"), ("content-length", "3")], [("Content-Length", "2"), ("Transfer-Encoding", "chunked")],
      [("Content-Length ", "2")],
    ] {
      let answer = test.send("POST", "/v1/backups:start", "{}", fields: fields)
      #expect(answer.status == 400 && answer.field("Connection") == "close", "\(fields)")
    }
  }

  @Test("a body that is too long is refused in the words of the interface")
  func longBodies() throws {
    let test = try TestService()
    for (path, key) in [
      ("/v1/backups:start", "code"), ("/v1.0/a/backups", "overLimit"), ("/v3/p/backups", "error_code"),
    ] {
      var request = try #require(
        HTTPRequest(method: "POST", target: path, fields: [.init("Host", "127.0.0.1")]))
      request.isTooLong = true
      let answer = test.send(request)
      #expect(answer.status == 413 && answer.json.has(key))
    }
  }

  @Test(
    "another method on a path that is there is told which it is for",
    arguments: [
      ("PUT", "/v1/backups/artifacts", "GET"), ("GET", "/v1/backups:start", "POST"),
      ("PATCH", "/v1.0/a/backups", "GET, POST"), ("PUT", "/v3/p/backups/x", "DELETE"), ("POST", "/healthz", "GET"),
      ("DELETE", "/v1/organizations/o/databases/d/branches", "POST"), ("POST", "/metrics", "GET"), ("PUT", "/", "GET"),
    ])
  func methods(_ method: String, _ path: String, _ allowed: String) throws {
    let test = try TestService()
    let answer = test.send(method, path)
    #expect(answer.status == 405 && answer.field("Allow") == allowed)
  }

  @Test(
    "paths that are not there are told in the words of the interface whose they could be",
    arguments: [
      ("/v1/backups/nothing/here/at/all", "code"), ("/v1/organizations/o", "code"), ("/v1.0/a/b/c/d/e", "itemNotFound"),
      ("/v3/p/nothing", "error_code"), ("/mysql/v3/nothing", "error_code"), ("/nothing", "error"),
      ("//v1/../etc/passwd", "error"), ("/v1/backups/artifacts/", "artifacts"),
    ])
  func unknownPaths(_ path: String, _ key: String) throws {
    let test = try TestService()
    let answer = test.send("GET", path)
    if key == "artifacts" {
      #expect(answer.status == 200, "a slash at the end separates nothing")
    } else {
      #expect(answer.status == 404 && answer.json.has(key), "\(answer.text)")
    }
  }

  /// Path, then a field that shows a token.
  static let doors: [(String, String, String)] = [
    ("/v1/backups/artifacts", "Authorization", "Bearer TOKEN"),
    ("/v1/backups/artifacts", "authorization", "bearer TOKEN"),
    ("/v1/backups/artifacts", "Authorization", "Basic YWRtaW46YS10b2tlbi1vZi10aGUtdGVzdHM="),
    ("/v1.0/acme/backups", "X-Auth-Token", "TOKEN"), ("/v3/acme/backups", "X-Auth-Token", "TOKEN"),
    ("/mysql/v3/acme/backups", "X-Auth-Token", "TOKEN"),
    ("/v1/organizations/acme/databases/shop/branches/main/backups", "Authorization", "ID:secret-of-a-service"),
    ("/v1/organizations/acme/databases/shop/branches/main/backups", "Authorization", "Bearer TOKEN"),
    ("/metrics", "Authorization", "Bearer TOKEN"),
  ]

  @Test("where there are tokens, each interface wants its own way to show one", arguments: doors)
  func tokens(_ path: String, _ name: String, _ value: String) throws {
    let test = try TestService(hasTokens: true)
    let good = value.replacing("TOKEN", with: TestService.token)
    #expect(test.send("GET", path, fields: [(name, good)]).status == 200)
    #expect(test.send("GET", path).status == 401)
    #expect(test.send("GET", path, fields: [(name, good + "x")]).status == 401)
    #expect(test.send("GET", path, fields: [(name, "")]).status == 401)
    #expect(test.send("GET", "/healthz").status == 200, "whether it lives is no secret")
  }

  @Test("who may only look changes nothing, and who belongs to an account sees no other")
  func scopes() throws {
    let test = try TestService(hasTokens: true)
    let reader = [("X-Auth-Token", TestService.reader)]
    #expect(test.send("GET", "/v1.0/a/backups", fields: reader).status == 200)
    let body = "{\"backup\":{\"name\":\"n\",\"instance\":\"my\"}}"
    #expect(test.send("POST", "/v1.0/a/backups", body, fields: reader).status == 403)
    #expect(try test.repository.writtenRecords().isEmpty)
    let tenant = [("X-Auth-Token", TestService.tenant)]
    #expect(test.send("GET", "/v1.0/a/backups", fields: tenant).status == 403)
    #expect(test.send("POST", "/v1.0/acme/backups", body, fields: tenant).status == 202)
    try test.settle("my")
    let all = [("X-Auth-Token", TestService.token)]
    #expect(test.send("POST", "/v1.0/b/backups", body, fields: all).status == 202)
    try test.settle("my")
    func count(_ token: String) -> Int? {
      test.send("GET", Self.list, fields: [("Authorization", "Bearer \(token)")]).json["artifacts"]?.elements?.count
    }
    #expect(count(TestService.tenant) == 1 && count(TestService.token) == 2)
  }

  @Test("lists tell of changes at once, also of those of other processes")
  func freshness() throws {
    let test = try TestService()
    #expect(test.send("GET", Self.list).text == "{}\n")
    let id = try test.backUp("my", name: "one")
    for _ in 0..<2 { #expect(test.send("GET", Self.list).text.contains(id)) }
    #expect(test.send("DELETE", "\(Self.list)/\(id)?remove_files=true").status == 200)
    #expect(test.send("GET", Self.list).text == "{}\n")
  }
}
