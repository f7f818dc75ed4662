// SPDX-License-Identifier: Apache-2.0

// RDS and GaussDB: names, lists, sizes, restores.
import BackupKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

@Suite("RDS and GaussDB")
struct HuaweiDialectTests {
  @Test("a backup is asked for, listed, restored and deleted")
  func life() throws {
    let test = try TestService()
    let answer = test.send(
      "POST", "/v3/p1/backups",
      "{\"instance_id\":\"my\",\"name\":\"nightly-1\",\"description\":\"d\",\"databases\":[{\"name\":\"shop\"}]}")
    #expect(answer.status == 200)
    let backup = try #require(answer.json["backup"])
    #expect(
      backup["status"]?.text == "BUILDING" && backup["type"]?.text == "manual" && backup["name"]?.text == "nightly-1")
    #expect(backup["begin_time"]?.text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000/) != nil)
    #expect(backup["databases"]?.elements?.first?["name"]?.text == "shop")
    try test.settle("my")
    let id = try #require(backup["id"]?.text)
    let list = test.send("GET", "/v3/p1/backups?instance_id=my&offset=0&limit=10").json
    let row = try #require(list["backups"]?.elements?.first)
    #expect(list["total_count"]?.unsigned == 1 && row["status"]?.text == "COMPLETED")
    guard case .int(let size)? = row["size"] else {
      Issue.record("the size is no whole number")
      return
    }
    let stored = try #require(try test.repository.writtenRecords().first?.sizes.stored)
    #expect(UInt64(size) == (stored + 1023) / 1024)
    let files = test.send("GET", "/v3/p1/backup-files?backup_id=\(id)").json
    #expect(files["files"]?.elements?.count == 1 && files["bucket"]?.text?.isEmpty == false)

    func recover(_ source: String, _ target: String) -> Answer {
      test.send(
        "POST", "/v3/p1/instances/recovery", "{\"source\":{\(source)},\"target\":{\"instance_id\":\"\(target)\"}}")
    }
    let restore = recover("\"type\":\"backup\",\"backup_id\":\"\(id)\",\"instance_id\":\"my\"", "my")
    #expect(restore.status == 202)
    #expect(try test.outcome(ofRestore: restore.json["job_id"]?.text ?? "") == "RESTORE_STATUS_SUCCESS")
    #expect(
      recover("\"backup_id\":\"\(id)\",\"instance_id\":\"other\"", "my").status == 400, "it is of another instance")
    #expect(recover("\"type\":\"timestamp\",\"restore_time\":1,\"instance_id\":\"my\"", "my").status == 501)
    #expect(recover("\"backup_id\":\"\(id)\"", "nowhere").status == 404)
    #expect(test.send("DELETE", "/v3/p1/backups/\(id)").text == "{}\n")
    #expect(test.send("GET", "/v3/p1/backups").json["total_count"]?.unsigned == 0)
  }

  @Test(
    "names have 4 to 64 characters, a letter first",
    arguments: [
      ("abcd", true), ("Abc-_9", true), ("abc", false), ("1abc", false), ("ab cd", false), ("äbcd", false),
      ("abc.d", false),
    ])
  func names(_ name: String, _ isFine: Bool) throws {
    let test = try TestService()
    let answer = test.send("POST", "/v3/p/backups", "{\"instance_id\":\"my\",\"name\":\"\(name)\"}")
    #expect((answer.status == 200) == isFine, "\(answer.text)")
    if !isFine { #expect(answer.status == 400 && answer.json["error_code"]?.text == "DBS.200001") }
  }

  @Test("the longest name is one of 64 characters, and a name is missing from none")
  func lengths() throws {
    let test = try TestService()
    let long = String(repeating: "a", count: 64)
    #expect(test.send("POST", "/v3/p/backups", "{\"instance_id\":\"my\",\"name\":\"\(long)a\"}").status == 400)
    #expect(test.send("POST", "/v3/p/backups", "{\"instance_id\":\"my\",\"name\":\"\(long)\"}").status == 200)
    #expect(test.send("POST", "/v3/p/backups", "{\"instance_id\":\"my\"}").status == 400)
    #expect(test.send("POST", "/v3/p/backups", "{\"name\":\"abcd\"}").status == 400)
    #expect(test.send("POST", "/v3/p/backups", "{\"instance_id\":\"no\",\"name\":\"abcd\"}").status == 404)
  }

  @Test("descriptions are short, and free of some characters", arguments: [">", "!", "<", "\\\"", "&", "'", "="])
  func descriptions(_ character: String) throws {
    let test = try TestService()
    func create(_ description: String) -> Int {
      test.send(
        "POST", "/mysql/v3/p/backups/create",
        "{\"instance_id\":\"my\",\"name\":\"name\",\"description\":\"\(description)\"}"
      ).status
    }
    #expect(create("a\(character)b") == 400)
    #expect(create(String(repeating: "d", count: 257)) == 400)
    #expect(create(String(repeating: "d", count: 256)) == 200)
  }

  @Test("a name is used once in a project, and free again when its backup is gone")
  func uniqueness() throws {
    let test = try TestService()
    func create(_ project: String, _ instance: String = "my") throws -> Answer {
      let answer = test.send("POST", "/v3/\(project)/backups", "{\"instance_id\":\"\(instance)\",\"name\":\"name\"}")
      try test.settle(instance)
      return answer
    }
    let first = try create("one")
    #expect(first.status == 200)
    #expect(try create("one", "other").status == 409)
    #expect(try create("two").status == 200)
    #expect(test.send("DELETE", "/v3/one/backups/\(first.json["backup"]?["id"]?.text ?? "")").status == 200)
    #expect(try create("one").status == 200)
  }

  @Test("only databases that an instance offers can be chosen")
  func databases() throws {
    let test = try TestService()
    let body = "{\"instance_id\":\"my\",\"name\":\"name\",\"databases\":[{\"name\":\"--result-file=x\"}]}"
    #expect(test.send("POST", "/v3/p/backups", body).status == 400)
    #expect(test.send("POST", "/v3/p/backups", body.replacing("--result-file=x", with: "stock")).status == 200)
  }

  @Test("lists have pages, filters, and the count of all that match")
  func lists() throws {
    let test = try TestService()
    for number in 0..<5 {
      _ = test.send("POST", "/v3/p/backups", "{\"instance_id\":\"my\",\"name\":\"name\(number)\"}")
      try test.settle("my")
    }
    func list(_ query: String) -> (names: [String], total: UInt64?) {
      let json = test.send("GET", "/v3/p/backups?\(query)").json
      return (json["backups"]?.elements?.compactMap { $0["name"]?.text } ?? [], json["total_count"]?.unsigned)
    }
    #expect(list("offset=1&limit=2").names == ["name3", "name2"] && list("offset=1&limit=2").total == 5)
    #expect(list("offset=5").names.isEmpty && list("offset=5").total == 5)
    #expect(list("offset=5&limit=5").names.isEmpty)
    #expect(list("name=name3").names == ["name3"] && list("name=name3").total == 1)
    #expect(list("backup_id=name3").total == 0, "a name is no identifier, and no mistake")
    let id = try #require(test.send("GET", "/v3/p/backups?name=name2").json["backups"]?.elements?.first?["id"]?.text)
    #expect(list("backup_id=\(id)").names == ["name2"] && list("backup_id=\(id)").total == 1)
    #expect(list("backup_id=\(id)&instance_id=other").total == 0)
    #expect(list("status=COMPLETED").total == 5 && list("status=FAILED").total == 0)
    #expect(list("backup_type=manual").total == 5 && list("backup_type=auto").total == 0)
    #expect(list("begin_time=2000-01-01T00:00:00%2B0000&end_time=2100-01-01T00:00:00Z").total == 5)
    #expect(list("begin_time=2100-01-01T00:00:00%2B0000").total == 0 && list("end_time=1000").total == 0)
    #expect(test.send("GET", "/v3/p/backups?begin_time=soon").status == 400)
    #expect(test.send("GET", "/v3/p/backups?limit=-1").status == 400)
    #expect(list("instance_id=nobody").total == 0)
  }

  @Test("on the paths that both share the engine says in which unit sizes are")
  func units() throws {
    let test = try TestService()
    for instance in ["my", "gauss"] {
      let path = instance == "my" ? "/v3/p/backups" : "/v3/p/backups/create"
      #expect(test.send("POST", path, "{\"instance_id\":\"\(instance)\",\"name\":\"name-\(instance)\"}").status == 200)
      try test.settle(instance)
    }
    func size(_ instance: String) -> JSONValue? {
      test.send("GET", "/v3/p/backups?instance_id=\(instance)").json["backups"]?.elements?.first?["size"]
    }
    guard case .int? = size("my"), case .double(let megabytes)? = size("gauss") else {
      Issue.record("kilobytes are whole, megabytes need not be")
      return
    }
    #expect(megabytes > 0 && megabytes < 1)
  }

  @Test(
    "times of queries are read in all the forms that clients write",
    arguments: [
      ("1970-01-01T00:00:01+0000", 1000), ("1970-01-01T00:00:01Z", 1000), ("1970-01-01T01:00:00+0100", 0),
      ("1970-01-01T00:00:01+00:00", 1000), ("12345", 12345),
    ])
  func times(_ text: String, _ milliseconds: Int64) { #expect(HuaweiTime.milliseconds(text) == milliseconds) }
}
