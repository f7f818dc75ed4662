// SPDX-License-Identifier: Apache-2.0

// PMM's calls: fields, compressions, retries, logs, restores.
import BackupKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

@Suite("PMM")
struct PMMDialectTests {
  private func start(_ test: TestService, _ body: String) -> Answer { test.send("POST", "/v1/backups:start", body) }

  @Test("a backup is asked for, polled, restored and deleted")
  func life() throws {
    let test = try TestService()
    let answer = test.send(
      "POST", "/v1/backups%3Astart",
      "{\"service_id\":\"my\",\"location_id\":\"default\",\"name\":\"One two\",\"folder\":\"f\"}")
    #expect(answer.status == 200)
    let id = try #require(answer.json["artifact_id"]?.text)
    try test.settle("my")
    let row = try #require(test.send("GET", "/v1/backups/artifacts").json["artifacts"]?.elements?.first)
    #expect(row["artifact_id"]?.text == id && row["name"]?.text == "One two" && row["folder"]?.text == "f")
    #expect(row["status"]?.text == "BACKUP_STATUS_SUCCESS" && row["mode"]?.text == "BACKUP_MODE_SNAPSHOT")
    #expect(row["vendor"]?.text == "mysql" && row["service_id"]?.text == "my" && row["location_id"]?.text == "default")
    #expect(row["data_model"]?.text == "DATA_MODEL_LOGICAL" && row["compression"]?.text == "BACKUP_COMPRESSION_ZSTD")
    #expect(!row.has("is_sharded_cluster"), "what says nothing is left out")
    #expect(row["metadata_list"]?.elements?.first?["file_list"]?.elements?.count == 1)

    var logs = JSONValue.null
    try test.wait {
      logs = test.send("GET", "/v1/backups/\(id)/logs?offset=0&limit=50").json
      return logs["end"]?.truth == true
    }
    #expect(logs["logs"]?.elements?.contains { $0["data"]?.text == "said\n" } == true)

    let restore = test.send("POST", "/v1/backups/restores:start", "{\"service_id\":\"my\",\"artifact_id\":\"\(id)\"}")
    #expect(restore.status == 200)
    let restoreID = try #require(restore.json["restore_id"]?.text)
    #expect(try test.outcome(ofRestore: restoreID) == "RESTORE_STATUS_SUCCESS")
    #expect(test.folder.contents("restored") == Array("data\n".utf8))
    let lines = test.send("GET", "/v1/backups/restores/\(restoreID)/logs").json["logs"]?.elements ?? []
    #expect(lines.contains { $0["data"]?.text == "the restore into my begins\n" })

    #expect(test.send("DELETE", "/v1/backups/artifacts/\(id)").status == 400, "files and row go together")
    let gone = test.send("DELETE", "/v1/backups/artifacts/\(id)?remove_files=true")
    #expect(gone.status == 200 && gone.json == .object([]))
    #expect(test.send("GET", "/v1/backups/artifacts").text == "{}\n")
    #expect(test.send("DELETE", "/v1/backups/artifacts/\(id)?remove_files=true").status == 404)
  }

  @Test("of a log that only its record has, lines are lines however they end")
  func recordedLog() throws {
    let test = try TestService()
    let record = try test.repository.backUp(
      BackupRequest(instance: "other"),
      from: CommandProducer(#"echo x; printf 'one\r\ntwo\n' >&2"#, as: Array("dump".utf8)))
    let lines = test.send("GET", "/v1/backups/\(record.id)/logs").json["logs"]?.elements ?? []
    #expect(lines.map { $0["data"]?.text } == ["one\n", "two\n"])
  }

  /// What MySQL, MongoDB and others can be packed with.
  static let matrix: [(String, Bool, Bool)] = [
    ("DEFAULT", true, true), ("NONE", true, true), ("QUICKLZ", true, false), ("ZSTD", true, true), ("LZ4", true, true),
    ("S2", false, true), ("GZIP", false, true), ("SNAPPY", false, true), ("PGZIP", false, true),
  ]

  @Test("the matrix of compressions holds", arguments: matrix)
  func compression(_ word: String, _ mysql: Bool, _ mongo: Bool) throws {
    let test = try TestService()
    for (instance, isFine) in [("my", mysql), ("mongo", mongo), ("other", true)] {
      let answer = start(
        test,
        "{\"service_id\":\"\(instance)\",\"location_id\":\"default\",\"compression\":\"BACKUP_COMPRESSION_\(word)\"}")
      #expect((answer.status == 200) == isFine, "\(word) \(instance): \(answer.text)")
      if !isFine {
        #expect(answer.status == 400 && answer.text.contains("ERROR_CODE_INVALID_COMPRESSION"))
      } else {
        try test.settle(instance)
        let row = test.send("GET", "/v1/backups/artifacts").json["artifacts"]?.elements?.last
        #expect(row?["status"]?.text == "BACKUP_STATUS_SUCCESS")
        let stored = word == "DEFAULT" ? "ZSTD" : word
        #expect(row?["compression"]?.text == "BACKUP_COMPRESSION_\(stored)")
      }
    }
    let words = { (id: String) in
      test.send("GET", "/v1/backups/services/\(id)/compression").json["compression_methods"]?.elements?.compactMap(
        \.text)
        ?? []
    }
    #expect(words("my").contains("BACKUP_COMPRESSION_\(word)") == mysql)
    #expect(words("mongo").contains("BACKUP_COMPRESSION_\(word)") == mongo)
    #expect(words("other").contains("BACKUP_COMPRESSION_\(word)"))
  }

  @Test(
    "requests that make no sense are refused, and make no backup",
    arguments: [
      ("", 400), ("{", 400), ("[]", 400), ("{\"service_id\":\"my\"}", 400), ("{\"location_id\":\"default\"}", 400),
      ("{\"service_id\":\"\",\"location_id\":\"default\"}", 400),
      ("{\"service_id\":7,\"location_id\":\"default\"}", 400),
      ("{\"service_id\":\"no\",\"location_id\":\"default\"}", 404),
      ("{\"service_id\":\"my\",\"location_id\":\"no\"}", 404),
      ("{\"service_id\":\"my\",\"location_id\":\"default\",\"retries\":-1}", 400),
      ("{\"service_id\":\"my\",\"location_id\":\"default\",\"retries\":4294967296}", 400),
      ("{\"service_id\":\"my\",\"location_id\":\"default\",\"retries\":1.5}", 400),
      ("{\"service_id\":\"my\",\"location_id\":\"default\",\"retry_interval\":\"soon\"}", 400),
      ("{\"service_id\":\"my\",\"location_id\":\"default\",\"compression\":\"BACKUP_COMPRESSION_INVALID\"}", 400),
      ("{\"service_id\":\"my\",\"location_id\":\"default\",\"compression\":\"ZSTD\"}", 400),
      ("{\"service_id\":\"my\",\"service_id\":\"my\",\"location_id\":\"default\"}", 400),
    ])
  func refusals(_ body: String, _ status: Int) throws {
    let test = try TestService()
    #expect(start(test, body).status == status)
    #expect(try test.repository.writtenRecords().isEmpty)
  }

  @Test("names of fields and numbers may be written as protocol buffers do, and unknown fields are passed over")
  func protobuf() throws {
    let test = try TestService()
    let answer = start(
      test,
      "{\"serviceId\":\"bad\",\"locationId\":\"default\",\"retries\":\"2\",\"retryInterval\":\"0.01s\",\"color\":[1]}")
    #expect(answer.status == 200, "\(answer.text)")
    try test.settle("bad")
    let record = try #require(try test.repository.writtenRecords().first)
    #expect(record.retries == 2 && record.retryInterval == 10_000_000)
    #expect(record.history.count { $0.state == .running } == 3, "one attempt and two more")
    #expect(record.state == .failed && record.failure?.reason.contains("oops") == true)
  }

  @Test("one backup of an instance at a time, whichever interface asks, and none while it is restored into")
  func oneAtATime() throws {
    let test = try TestService()
    #expect(start(test, "{\"service_id\":\"slow\",\"location_id\":\"default\"}").status == 200)
    let second = start(test, "{\"service_id\":\"slow\",\"location_id\":\"default\"}")
    #expect(second.status == 400 && second.json["code"]?.unsigned == 9)
    let trove = test.send("POST", "/v1.0/a/backups", "{\"backup\":{\"name\":\"n\",\"instance\":\"slow\"}}")
    #expect(trove.status == 422)
    #expect(test.send("POST", "/v3/p/backups", "{\"instance_id\":\"slow\",\"name\":\"name\"}").status == 409)
    #expect(
      test.send("POST", "/mysql/v3/p/backups/create", "{\"instance_id\":\"slow\",\"name\":\"name\"}").status == 409)
    let scale = test.send("POST", "/v1/organizations/o/databases/slow/branches/main/backups")
    #expect(scale.status == 422 && scale.json["code"]?.text == "unprocessable")
    let id = try #require(try test.repository.writtenRecords().first?.id)
    try test.wait { try test.repository.record(id).state == .running }
    #expect(test.send("DELETE", "/v1/backups/artifacts/\(id)?remove_files=true").status == 400, "it is being made")
    try test.letGo()
    try test.settle("slow")
    #expect(try test.repository.writtenRecords().map(\.state) == [.complete])
  }
}

@Suite("durations of protocol buffers")
struct ProtobufDurationTests {
  @Test(
    "durations are read",
    arguments: [
      ("60s", 60_000_000_000), ("0s", 0), ("1.5s", 1_500_000_000), ("0.000000001s", 1), ("1m", 60_000_000_000),
      ("1h", 3_600_000_000_000), ("250ms", 250_000_000), ("7us", 7000), ("9ns", 9), ("0.5h", 1_800_000_000_000),
    ])
  func reading(_ text: String, _ nanoseconds: UInt64) { #expect(ProtobufDuration.nanoseconds(text) == nanoseconds) }

  @Test(
    "what is no duration is not read",
    arguments: [
      "", "s", "60", "-1s", "1.s", ".5s", "1e3s", "1 s", "1.0000000001x", "99999999999999999999s", "1d", "١s",
    ])
  func refusing(_ text: String) { #expect(ProtobufDuration.nanoseconds(text) == nil) }
}
