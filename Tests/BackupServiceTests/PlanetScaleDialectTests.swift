// SPDX-License-Identifier: Apache-2.0

// PlanetScale's calls: every field there, none null, nothing unknown taken.
import BackupKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

@Suite("PlanetScale")
struct PlanetScaleDialectTests {
  private static let path = "/v1/organizations/o/databases/shop/branches/main/backups"

  /// The fields of a row, and those of the objects in it.
  private static let fields: Set<String> = [
    "id", "name", "state", "size", "estimated_storage_cost", "created_at", "updated_at", "started_at", "expires_at",
    "completed_at", "deleted_at", "pvc_size", "protected", "required", "restored_branches", "actor", "backup_policy",
    "schema_snapshot", "database_branch",
  ]

  private func keys(_ json: JSONValue?) -> [String] {
    guard case .object(let members)? = json else { return [] }
    #expect(!members.contains { $0.value == .null }, "no field is null")
    return members.map(\.key)
  }

  @Test("a backup needs no body, and its row has all fields and no others")
  func rows() throws {
    let test = try TestService()
    let answer = test.send("POST", Self.path)
    #expect(answer.status == 201)
    #expect(Set(keys(answer.json)) == Self.fields && keys(answer.json).count == 19)
    #expect(keys(answer.json["actor"]).count == 3 && keys(answer.json["backup_policy"]).count == 15)
    #expect(keys(answer.json["schema_snapshot"]).count == 6 && keys(answer.json["database_branch"]).count == 5)
    #expect(answer.json["state"]?.text == "pending" && answer.json["completed_at"]?.text == "0001-01-01T00:00:00Z")
    try test.settle("pg")
    let id = try #require(answer.json["id"]?.text)
    let row = test.send("GET", "\(Self.path)/\(id)").json
    #expect(row["state"]?.text == "success" && Set(keys(row)) == Self.fields)
    for field in ["created_at", "updated_at", "started_at", "completed_at"] {
      #expect(row[field]?.text.flatMap { Timestamp(rfc3339: $0) } != nil)
    }
    #expect(row["size"]?.unsigned == (try test.repository.writtenRecords().first?.sizes.stored))
    let gone = test.send("DELETE", "\(Self.path)/\(id)")
    #expect(gone.status == 204 && gone.text.isEmpty)
    #expect(test.send("GET", "\(Self.path)/\(id)").status == 404)
  }

  @Test("retention and urgency are kept")
  func retention() throws {
    let test = try TestService()
    let answer = test.send(
      "POST", Self.path, "{\"name\":\"n\",\"retention_unit\":\"month\",\"retention_value\":3,\"emergency\":true}")
    #expect(answer.status == 201)
    #expect(answer.json["expires_at"]?.text != "0001-01-01T00:00:00Z")
    let record = try #require(try test.repository.writtenRecords().first)
    #expect(record.retention?.description == "3mo" && record.isEmergency && record.name == "n")
  }

  @Test("what the configuration says of an interface holds where a client says nothing")
  func defaults() throws {
    let test = try TestService(others: "\"retention\":{\"planetscale\":\"2w\"},")
    _ = test.send("POST", Self.path)
    #expect(try test.repository.writtenRecords().first?.retention?.description == "2w")
    _ = try test.backUp("my")
    #expect(try test.repository.writtenRecords().last?.retention == nil)
  }

  @Test(
    "what makes no sense is refused",
    arguments: [
      ("{\"nam\":\"x\"}", 422), ("{\"name\":5}", 422), ("{\"name\":null}", 422), ("{\"retention_unit\":\"day\"}", 422),
      ("{\"retention_value\":5}", 422), ("{\"retention_unit\":\"decade\",\"retention_value\":1}", 422),
      ("{\"retention_unit\":\"day\",\"retention_value\":0}", 422),
      ("{\"retention_unit\":\"day\",\"retention_value\":1001}", 422), ("{\"emergency\":\"yes\"}", 422), ("[]", 422),
      ("{", 400), ("nonsense", 400),
    ])
  func refusals(_ body: String, _ status: Int) throws {
    let test = try TestService()
    let answer = test.send("POST", Self.path, body)
    #expect(answer.status == status)
    #expect(answer.json["code"]?.text == "invalid_params" && answer.json["message"]?.text?.isEmpty == false)
  }

  @Test("only PostgreSQL has urgent backups")
  func emergency() throws {
    let test = try TestService()
    #expect(
      test.send("POST", "/v1/organizations/o/databases/my/branches/main/backups", "{\"emergency\":true}").status == 422)
  }

  @Test("lists are pages with their neighbours")
  func lists() throws {
    let test = try TestService()
    for number in 0..<3 {
      _ = test.send("POST", Self.path, "{\"name\":\"n\(number)\"}")
      try test.settle("pg")
    }
    let first = test.send("GET", "\(Self.path)?page=1&per_page=2").json
    #expect(first["type"]?.text == "list" && first["current_page"]?.unsigned == 1 && first["next_page"]?.unsigned == 2)
    #expect(!first.has("prev_page") && first["data"]?.elements?.compactMap { $0["name"]?.text } == ["n2", "n1"])
    let link = try #require(first["next_page_url"]?.text)
    let second = test.send("GET", String(link.dropFirst("http://127.0.0.1".count))).json
    #expect(second["data"]?.elements?.compactMap { $0["name"]?.text } == ["n0"] && !second.has("next_page"))
    #expect(second["prev_page"]?.unsigned == 1)
    #expect(test.send("GET", "\(Self.path)?page=9").json["data"]?.elements?.isEmpty == true)
    for query in ["page=0", "per_page=0", "per_page=101", "page=x"] {
      #expect(test.send("GET", "\(Self.path)?\(query)").status == 422)
    }
    #expect(test.send("GET", "/v1/organizations/o/databases/shop/branches/dev/backups").status == 404)
  }
}
