// SPDX-License-Identifier: Apache-2.0

// What a service does by itself: take up what an earlier one has left, expire, and come to its end.
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupKit
@testable import BackupService

@Suite("life of a service")
struct ServiceLifeTests {
  @Test("what an earlier process has left is made, or has failed")
  func takingUp() throws {
    let test = try TestService()
    test.service.stop()
    // A process that has ended leaves its records as they are, and no locks.
    func leave(_ instance: String, running: Bool, retries: Int) throws -> BackupID {
      let request = BackupRequest(instance: instance) {
        $0.origin = "pmm"
        $0.codec = "lz4"
        $0.retries = retries
        $0.retryInterval = 1_000_000
      }
      let pending = try test.repository.prepare(request)
      if running {
        try test.repository.change(pending.record.id) { (record) throws(BackupError) in
          try record.move(to: .running, at: WallClock.now)
        }
      }
      pending.leave()
      return pending.record.id
    }
    let queued = try leave("my", running: false, retries: 0)
    let again = try leave("mongo", running: true, retries: 1)
    let over = try leave("other", running: true, retries: 0)
    let configuration = test.configuration
    let service = try BackupService(configuration, nil, test.repository)
    for instance in ["my", "mongo", "other"] { try test.settle(instance) }
    service.stop()
    #expect(try test.repository.record(queued).state == .complete)
    #expect(try test.repository.record(queued).codec == "lz4")
    #expect(try test.repository.record(again).state == .complete)
    #expect(try test.repository.record(again).history.count { $0.state == .running } == 2)
    #expect(try test.repository.record(over).state == .failed)
  }

  @Test("what waits when the service stops is left for the next one, what is made is ended")
  func stopping() throws {
    let test = try TestService(others: "\"workers\":1,")
    _ = test.send("POST", "/v1/backups:start", "{\"service_id\":\"slow\",\"location_id\":\"default\"}")
    try test.wait { try test.repository.writtenRecords().first?.state != .queued }
    _ = test.send("POST", "/v1/backups:start", "{\"service_id\":\"my\",\"location_id\":\"default\"}")
    test.service.stop()
    let states = try Dictionary(
      test.repository.writtenRecords().map { ($0.instance, $0.state) }, uniquingKeysWith: { first, _ in first })
    #expect(states["my"] == .queued)
    #expect(states["slow"] == .canceled || states["slow"] == .failed)
    let service = try BackupService(test.configuration, nil, test.repository)
    try test.settle("my")
    service.stop()
    #expect(try test.repository.writtenRecords().first { $0.instance == "my" }?.state == .complete)
  }

  @Test("deleting what waits, for its turn or for its next attempt, cancels it", .timeLimit(.minutes(2)))
  func deletingWhatWaits() throws {
    let test = try TestService(others: "\"workers\":1,")
    func start(_ instance: String, _ more: String = "") throws -> String {
      let answer = test.send(
        "POST", "/v1/backups:start", "{\"service_id\":\"\(instance)\",\"location_id\":\"default\"\(more)}")
      return try #require(answer.json["artifact_id"]?.text)
    }
    func state(_ id: String) throws -> BackupState? {
      try test.repository.writtenRecords().first { $0.id.description == id }?.state
    }
    func delete(_ id: String) -> Int { test.send("DELETE", "/v1/backups/artifacts/\(id)?remove_files=true").status }
    let failing = try start("bad", ",\"retries\":5,\"retry_interval\":\"1h\"")
    while try state(failing) != .waiting { _ = test.send("GET", "/healthz") }
    let slow = try start("slow")
    while try state(slow) != .running { _ = test.send("GET", "/healthz") }
    let queued = try start("my")
    #expect(delete(slow) == 400, "it is being made")
    #expect(delete(queued) == 200 && delete(failing) == 200)
    #expect(try test.repository.writtenRecords().map(\.id.description) == [slow])
    _ = try start("my")
    try test.letGo()
    for instance in ["slow", "my"] { try test.settle(instance) }
    #expect(try test.repository.writtenRecords().map(\.state) == [.complete, .complete])
  }

  @Test("a repository that is not there any more is no health, until it is there again")
  func health() throws {
    let test = try TestService()
    #expect(test.send("GET", "/healthz").status == 200)
    let (here, away) = (test.folder.path("repository"), test.folder.path("away"))
    try FileSystem.rename(here, to: away)
    #expect(test.send("GET", "/healthz").status == 503)
    try FileSystem.rename(away, to: here)
    #expect(test.send("GET", "/healthz").status == 200)
  }

  @Test("what a service has left is made, though somebody has looked at the repository in between")
  func lookingInBetween() throws {
    let test = try TestService()
    test.service.stop()
    let pending = try test.repository.prepare(
      BackupRequest(instance: "my") {
        $0.origin = "pmm"
        $0.codec = "lz4"
      })
    pending.leave()
    // As `archivetool backup list` does.
    #expect(try test.repository.records().map(\.state) == [.queued])
    // One that is not configured any more is nobody's.
    let other = try test.repository.prepare(BackupRequest(instance: "gone") { $0.origin = "pmm" })
    other.leave()
    let service = try BackupService(test.configuration, nil, test.repository)
    try test.settle("my")
    service.stop()
    #expect(try test.repository.record(pending.record.id).state == .complete)
    #expect(try test.repository.record(other.record.id).state == .skipped)
  }

  @Test("a backup that is refused leaves nothing, and its name is free when it is asked for again")
  func refusedForNow() throws {
    let test = try TestService(others: "\"workers\":1,\"queue\":1,")
    func start(_ instance: String) -> Answer {
      test.send("POST", "/v3/p/backups", "{\"instance_id\":\"\(instance)\",\"name\":\"of-\(instance)\"}")
    }
    #expect(start("slow").status == 200)
    try test.wait { try test.repository.writtenRecords().first?.state == .running }
    #expect(start("my").status == 200)
    for _ in 0..<3 { #expect(start("other").status == 429) }
    #expect(try test.repository.writtenRecords().map(\.instance) == ["slow", "my"])
    try test.letGo()
    for instance in ["slow", "my"] { try test.settle(instance) }
    #expect(start("other").status == 200)
    try test.settle("other")
    // While something is restored into an instance it is the same.
    let backup = try #require(
      try test.repository.writtenRecords().first { $0.instance == "my" && $0.state == .complete })
    try FileSystem.remove(test.folder.path("go"))
    let restore = test.send(
      "POST", "/v1/backups/restores:start", "{\"service_id\":\"slow\",\"artifact_id\":\"\(backup.id)\"}")
    #expect(restore.status == 200)
    #expect(start("slow").status == 409)
    #expect(try test.repository.writtenRecords().count { $0.instance == "slow" } == 1)
    try test.letGo()
    #expect(try test.outcome(ofRestore: restore.json["restore_id"]?.text ?? "") == "RESTORE_STATUS_SUCCESS")
  }

  @Test("metrics are those of the records, in the form of Prometheus")
  func metrics() throws {
    let test = try TestService()
    _ = try test.backUp("my")
    _ = try test.backUp("bad")
    let text = test.send("GET", "/metrics").text
    #expect(text.contains("archivetool_backups{state=\"complete\"} 1\n"))
    #expect(text.contains("archivetool_backups{state=\"failed\"} 1\n"))
    #expect(text.contains("archivetool_last_complete_timestamp_seconds{instance=\"my\"}"))
    for line in text.split(separator: "\n") {
      #expect(
        line.wholeMatch(of: /# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z]+="[^"\n]*"\})? [0-9]+/) != nil, "\(line)")
    }
  }

  @Test("metrics tell somebody of an account of that alone")
  func metricsOfAnAccount() throws {
    let test = try TestService(hasTokens: true)
    for (account, instance) in [("acme", "my"), ("other", "pg")] {
      let answer = test.send(
        "POST", "/v1.0/\(account)/backups", "{\"backup\":{\"name\":\"b\",\"instance\":\"\(instance)\"}}",
        fields: [("X-Auth-Token", TestService.token)])
      #expect(answer.status == 202, "\(answer.text)")
      try test.settle(instance)
    }
    func text(_ token: String) -> String {
      test.send("GET", "/metrics", fields: [("Authorization", "Bearer \(token)")]).text
    }
    let (own, all) = (text(TestService.tenant), text(TestService.token))
    #expect(own.contains("{instance=\"my\"}") && !own.contains("{instance=\"pg\"}"))
    #expect(own.contains("archivetool_backups{state=\"complete\"} 1\n"))
    #expect(all.contains("{instance=\"my\"}") && all.contains("{instance=\"pg\"}"))
    #expect(all.contains("archivetool_backups{state=\"complete\"} 2\n"))
  }

  @Test("what is in a label ends neither the label nor the line")
  func labels() throws {
    let test = try TestService(
      #"{"id":"a\"\u0301b\r\nc\\d","engine":"redis","backup":{"command":"echo data","file":"dump"}}"#)
    #expect(
      test.send("POST", "/v1/backups:start", #"{"service_id":"a\"\u0301b\r\nc\\d","location_id":"default"}"#).status
        == 200)
    try test.settle("a\"\u{301}b\r\nc\\d")
    let label = "{instance=\"a\\\"\u{301}b\r\\nc\\\\d\"} "
    #expect(
      test.send("GET", "/metrics").text.utf8.split(separator: 10).contains { line in
        String(Substring(line)).contains(label)
      })
  }
}
