// SPDX-License-Identifier: Apache-2.0

// Trove's calls: envelopes, parents, pages, restores.
import BackupKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

@Suite("Trove")
struct TroveDialectTests {
  private func create(_ test: TestService, _ fields: String, account: String = "acct") -> Answer {
    test.send("POST", "/v1.0/\(account)/backups", "{\"backup\":{\(fields)}}")
  }

  @Test("names may hold blanks and repeat, and rows have what clients read")
  func rows() throws {
    let test = try TestService()
    for _ in 0..<2 {
      let answer = create(
        test, "\"name\":\"My backup, 1!\",\"incremental\":0,\"instance\":\"my\",\"description\":\"<d>\"")
      #expect(answer.status == 202)
      let row = try #require(answer.json["backup"])
      #expect(row["status"]?.text == "NEW" && !row.has("size") && row["project_id"]?.text == "acct")
      try test.settle("my")
    }
    let rows = test.send("GET", "/v1/acct/backups").json["backups"]?.elements ?? []
    #expect(rows.count == 2)
    for row in rows {
      #expect(
        row["name"]?.text == "My backup, 1!" && row["description"]?.text == "<d>" && row["instance_id"]?.text == "my")
      #expect(row["status"]?.text == "COMPLETED" && !row.has("parent_id"))
      #expect(row["created"]?.text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/) != nil)
      #expect(row["locationRef"]?.text?.contains("/z_CLOUDDB_BACKUPS/") == true)
      guard case .double(let size)? = row["size"] else {
        Issue.record("the size is no number")
        continue
      }
      #expect(size > 0 && size < 1)
      #expect(row["datastore"]?["type"]?.text == "mysql" && row["datastore"]?["version"]?.text == "8.0")
    }
    let id = try #require(rows[0]["id"]?.text)
    #expect(test.send("GET", "/v1.0/acct/backups/\(id)").json["backup"] == rows[0])
    #expect(test.send("GET", "/v1.0/other/backups/\(id)").status == 404, "it is somebody else's")
  }

  @Test("parents: the newest complete one, one that is named, and those that cannot be")
  func parents() throws {
    let test = try TestService()
    let first = create(test, "\"name\":\"full\",\"instance\":\"my\"").json["backup"]?["id"]?.text ?? ""
    try test.settle("my")
    let second = create(test, "\"name\":\"inc\",\"incremental\":1,\"instance\":\"my\"").json["backup"]
    #expect(second?["parent_id"]?.text == first)
    try test.settle("my")
    let third = create(test, "\"name\":\"inc\",\"incremental\":0,\"parent_id\":\"\(first)\",\"instance\":\"my\"")
    #expect(third.json["backup"]?["parent_id"]?.text == first)
    try test.settle("my")

    let unknown = "00000000-0000-4000-8000-000000000000"
    #expect(create(test, "\"name\":\"n\",\"instance\":\"my\",\"parent_id\":\"\(unknown)\"").status == 404)
    #expect(create(test, "\"name\":\"n\",\"instance\":\"my\",\"parent_id\":\"nonsense\"").status == 404)
    #expect(create(test, "\"name\":\"n\",\"instance\":\"other\",\"parent_id\":\"\(first)\"").status == 400)
    let failed = create(test, "\"name\":\"n\",\"instance\":\"bad\"").json["backup"]?["id"]?.text ?? ""
    try test.settle("bad")
    #expect(create(test, "\"name\":\"n\",\"instance\":\"bad\",\"parent_id\":\"\(failed)\"").status == 422)

    // A cascade takes what builds on it, and nothing else.
    #expect(test.send("DELETE", "/v1.0/acct/backups/\(first)").status == 202)
    let rest = test.send("GET", "/v1.0/acct/backups").json["backups"]?.elements ?? []
    #expect(rest.compactMap { $0["id"]?.text } == [failed])
    #expect(
      test.send("DELETE", "/v1.0/acct/backups/\(failed)").text.isEmpty, "its leftovers go with it, without a body")
  }

  @Test(
    "bodies that make no sense",
    arguments: [
      "", "{}", "{\"backup\":[]}", "{\"backup\":{\"name\":\"n\"}}", "{\"backup\":{\"instance\":\"my\"}}",
      "{\"backup\":{\"name\":\"\",\"instance\":\"my\"}}", "{\"backup\":{\"name\":\"a\\nb\",\"instance\":\"my\"}}",
      "{\"backup\":{\"name\":5,\"instance\":\"my\"}}",
      "{\"backup\":{\"name\":\"n\",\"instance\":\"my\",\"incremental\":2}}",
      "{\"backup\":{\"name\":\"n\",\"instance\":\"my\",\"incremental\":\"1\"}}",
    ])
  func refusals(_ body: String) throws {
    let test = try TestService()
    let answer = test.send("POST", "/v1.0/a/backups", body)
    #expect(answer.status == 400)
    #expect(answer.json["badRequest"]?["message"]?.text?.isEmpty == false)
  }

  @Test("a name has 64 characters, counted as such")
  func longNames() throws {
    let test = try TestService()
    let name = String(repeating: "é", count: 64)
    #expect(create(test, "\"name\":\"\(name)\",\"instance\":\"my\"").status == 202)
    try test.settle("my")
    #expect(create(test, "\"name\":\"\(name)x\",\"instance\":\"my\"").status == 400)
  }

  @Test("pages follow each other by marker, and keep what was asked for")
  func pages() throws {
    let test = try TestService()
    for number in 0..<5 {
      #expect(create(test, "\"name\":\"n\(number)\",\"instance\":\"\(number == 2 ? "other" : "my")\"").status == 202)
      try test.settle(number == 2 ? "other" : "my")
    }
    var names: [String] = []
    var target: String? = "/v1.0/acct/backups?limit=2&instance_id=my"
    var requests = 0
    while let next = target, requests < 10 {
      requests += 1
      let page = test.send("GET", next).json
      names += page["backups"]?.elements?.compactMap { $0["name"]?.text } ?? []
      let link = page["links"]?.elements?.first?["href"]?.text
      target = link.map { String($0.dropFirst("http://127.0.0.1".count)) }
    }
    #expect(names == ["n0", "n1", "n3", "n4"])
    #expect(requests == 2)
    #expect(test.send("GET", "/v1.0/acct/instances/other/backups").json["backups"]?.elements?.count == 1)
    #expect(test.send("GET", "/v1.0/acct/backups?limit=x").status == 400)
    #expect(test.send("GET", "/v1.0/acct/backups?marker=nothing").status == 400)
  }

  @Test("an instance is restored from a backup, by its name")
  func restore() throws {
    let test = try TestService()
    let id = create(test, "\"name\":\"full\",\"instance\":\"my\"").json["backup"]?["id"]?.text ?? ""
    try test.settle("my")
    let body =
      "{\"instance\":{\"name\":\"my\",\"flavorRef\":\"1\",\"volume\":{\"size\":1},\"restorePoint\":{\"backupRef\":\"\(id)\"}}}"
    let answer = test.send("POST", "/v1.0/acct/instances", body)
    #expect(answer.status == 200 && answer.json["instance"]?["id"]?.text == "my")
    let restore = test.send("GET", "/v1/backups/restores").json["items"]?.elements?.first?["restore_id"]?.text ?? ""
    #expect(try test.outcome(ofRestore: restore) == "RESTORE_STATUS_SUCCESS")
    #expect(test.folder.contents("restored") == Array("data\n".utf8))
    #expect(test.send("POST", "/v1.0/acct/instances", "{\"instance\":{\"name\":\"my\"}}").status == 501)
    let other = body.replacing("\"my\"", with: "\"other\"")
    #expect(test.send("POST", "/v1.0/acct/instances", other).status == 422, "it says no way to restore it")
  }
}
