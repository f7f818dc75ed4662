// SPDX-License-Identifier: Apache-2.0

// The page: who may look, who may act, and what is shown of what others have written.
import BackupKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

@Suite("page")
struct ServicePageTests {
  private static let own = "http://127.0.0.1"
  private static let type = ("Content-Type", "application/x-www-form-urlencoded")

  private func logIn(_ test: TestService, _ secret: String = TestService.token, origin: String? = own) -> String? {
    var fields = [Self.type]
    if let origin { fields.append(("Origin", origin)) }
    let answer = test.send("POST", "/login", "secret=\(secret)", fields: fields)
    return answer.field("Set-Cookie").map { String($0.prefix { $0 != ";" }) }
  }

  private func formToken(_ page: Answer) -> String {
    String(page.text.firstMatch(of: /name="token" value="([0-9a-f]+)"/)?.1 ?? "")
  }

  private func post(
    _ test: TestService, _ path: String, _ body: String, _ cookie: String?, origin: String? = own
  ) -> Answer {
    var fields = [Self.type]
    if let origin { fields.append(("Origin", origin)) }
    if let cookie { fields.append(("Cookie", "other=1; \(cookie)")) }
    return test.send("POST", path, body, fields: fields)
  }

  @Test("somebody logs in, makes a backup, checks it, restores it and deletes it")
  func life() throws {
    let test = try TestService(hasTokens: true)
    #expect(test.send("GET", "/").status == 401)
    let cookie = try #require(logIn(test))
    let page = test.send("GET", "/", fields: [("Cookie", cookie)])
    #expect(page.status == 200 && page.text.contains("There are no backups yet"))
    let token = formToken(page)
    let made = post(test, "/backup", "token=\(token)&instance=my&name=From+the+page&kind=full", cookie)
    #expect(made.status == 303)
    let place = try #require(made.field("Location"))
    try test.settle("my")
    let details = test.send("GET", place, fields: [("Cookie", cookie)])
    #expect(details.text.contains("From the page") && details.text.contains(">complete<"))
    #expect(details.text.contains("said"), "what the command has said is shown")
    #expect(post(test, "\(place)/verify", "token=\(token)", cookie).status == 303)
    try test.wait { try test.repository.writtenRecords().first?.verifiedAt != nil }
    #expect(test.send("GET", "\(place)/restore", fields: [("Cookie", cookie)]).text.contains("Restore into"))
    #expect(post(test, "\(place)/restore", "token=\(token)&instance=my", cookie).status == 303)
    try test.wait { test.folder.contents("restored") != nil }
    try test.wait { !test.send("GET", place, fields: [("Cookie", cookie)]).text.contains("state running") }
    #expect(test.send("GET", "\(place)/delete", fields: [("Cookie", cookie)]).text.contains("will be gone for good"))
    #expect(try test.repository.writtenRecords().count == 1, "asking deletes nothing")
    #expect(post(test, "\(place)/delete", "token=\(token)", cookie).status == 303)
    #expect(try test.repository.writtenRecords().isEmpty)
    #expect(post(test, "/logout", "token=\(token)", cookie).status == 303)
    #expect(test.send("GET", "/", fields: [("Cookie", cookie)]).status == 401)
  }

  @Test("forms of other servers, of other sessions and of nobody do nothing")
  func forgeries() throws {
    let test = try TestService(hasTokens: true)
    let cookie = try #require(logIn(test))
    let other = try #require(logIn(test))
    let token = formToken(test.send("GET", "/", fields: [("Cookie", cookie)]))
    let body = "instance=my&kind=full&token="
    #expect(post(test, "/backup", body + token, cookie, origin: "http://evil.example.org").status == 403)
    #expect(post(test, "/backup", body + token, cookie, origin: "null").status == 403)
    #expect(post(test, "/backup", body + token, cookie, origin: nil).status == 403)
    #expect(post(test, "/backup", body, cookie).status == 403)
    #expect(post(test, "/backup", body + token, other).status == 403)
    #expect(post(test, "/backup", body + token, nil).status == 401)
    let plain = test.send(
      "POST", "/backup", body + token,
      fields: [("Content-Type", "text/plain"), ("Origin", Self.own), ("Cookie", cookie)])
    #expect(plain.status == 403)
    #expect(logIn(test, origin: "http://evil.example.org") == nil && logIn(test, "wrong-wrong-wrong-wrong") == nil)
    #expect(try test.repository.writtenRecords().isEmpty)
    #expect(post(test, "/backup", body + token, cookie).status == 303, "the right one does it")
  }

  @Test("without tokens the page shows everything and changes nothing")
  func withoutTokens() throws {
    let test = try TestService()
    let id = try test.backUp("my", name: "seen")
    let page = test.send("GET", "/")
    #expect(page.status == 200 && page.text.contains("seen") && !page.text.contains("<button"))
    #expect(post(test, "/backup/\(id)/delete", "token=\(formToken(page))", nil).status == 403)
    #expect(try test.repository.writtenRecords().count == 1)
  }

  @Test("who may only look has no buttons, and no way to act")
  func readers() throws {
    let test = try TestService(hasTokens: true)
    let cookie = try #require(logIn(test, TestService.reader))
    let page = test.send("GET", "/", fields: [("Cookie", cookie)])
    #expect(page.status == 200 && !page.text.contains("Back up</button>"))
    #expect(post(test, "/backup", "token=\(formToken(page))&instance=my", cookie).status == 403)
  }

  @Test("what others have written is text, and nothing comes from elsewhere")
  func escaping() throws {
    let test = try TestService()
    let name = "<script>alert(1)</script>&\\\"'"
    _ = test.send(
      "POST", "/v1/backups:start", "{\"service_id\":\"my\",\"location_id\":\"default\",\"name\":\"\(name)\"}")
    try test.settle("my")
    let id = try #require(try test.repository.writtenRecords().first?.id)
    for path in ["/", "/backup/\(id)"] {
      let page = test.send("GET", path)
      #expect(
        !page.text.contains("<script") && page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;"))
      #expect(page.field("Content-Security-Policy")?.hasPrefix("default-src 'none'") == true)
      #expect(!page.text.contains("http://") && !page.text.contains("https://"))
    }
    #expect(test.send("GET", "/style.css").field("Content-Type")?.hasPrefix("text/css") == true)
    #expect(test.send("GET", "/backup/nonsense").status == 404)
  }

  @Test("what means something in HTML is escaped whatever follows it", arguments: ["&", "<", ">", "\"", "'"])
  func combining(_ mark: String) {
    // A combining accent makes one character with what is before it, which a browser reads by itself all the same.
    #expect(MarkupText.escaped(mark + "\u{301}") == MarkupText.escaped(mark) + "\u{301}")
    #expect(MarkupText.escaped(mark) != mark)
  }

  @Test("a deletion shows what goes with it")
  func cascade() throws {
    let test = try TestService(hasTokens: true)
    let cookie = try #require(logIn(test))
    let token = formToken(test.send("GET", "/", fields: [("Cookie", cookie)]))
    let full = try #require(post(test, "/backup", "token=\(token)&instance=my&name=full", cookie).field("Location"))
    try test.settle("my")
    _ = post(test, "/backup", "token=\(token)&instance=my&name=child&kind=incremental", cookie)
    try test.settle("my")
    let question = test.send("GET", "\(full)/delete", fields: [("Cookie", cookie)]).text
    #expect(question.contains("One backup builds on it") && question.contains("<li>child,"))
    #expect(post(test, "\(full)/delete", "token=\(token)", cookie).status == 303)
    #expect(try test.repository.writtenRecords().isEmpty)
  }

  @Test(
    "sizes are written for people",
    arguments: [
      (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (305_496, "305 kB"), (999_999, "1.0 MB"),
      (38_100_000_000, "38.1 GB"), (UInt64.max, "18.4 EB"),
    ])
  func sizes(_ bytes: UInt64, _ text: String) { #expect(PageText.size(bytes) == text) }
}
