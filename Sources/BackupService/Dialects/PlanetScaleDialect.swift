// SPDX-License-Identifier: Apache-2.0

/// The backup calls of PlanetScale's API, version 1.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Speaks as PlanetScale does: a backup belongs to a branch of a database, every field is there, and none is null.
struct PlanetScaleDialect: Dialect {
  static let name = "planetscale"

  private static let rules = BackupRules {
    $0.nameLength = 1...256
    $0.nameForm = .text
    $0.uniqueness = .none
    $0.maximumDescriptionLength = 4096
    $0.forbiddenInDescriptions = []
  }

  /// What stands for a time that is not known yet: clients read it, and the document allows no null.
  private static let never = "0001-01-01T00:00:00Z"

  private static let branch = "/v1/organizations/{organization}/databases/{database}/branches/{branch}"

  var routes: [Route] {
    [
      Route("POST", "\(Self.branch)/backups", Self.create),
      Route("GET", "\(Self.branch)/backups", Self.list),
      Route("GET", "\(Self.branch)/backups/{id}") { (call) throws(ServiceFault) in
        HTTPResponse(json: Self.row(try Self.record(call), call))
      },
      Route("DELETE", "\(Self.branch)/backups/{id}") { (call) throws(ServiceFault) in
        try call.service.delete(try Self.record(call))
        return HTTPResponse(status: 204)
      },
      Route("POST", "/v1/organizations/{organization}/databases/{database}/branches", Self.restore),
    ]
  }

  // MARK: - Requests

  private static func instance(_ call: Call) throws(ServiceFault) -> InstanceConfiguration {
    try call.service.instance(
      database: call["database"], branch: call["branch"], account: call["organization"])
  }

  private static func record(_ call: Call) throws(ServiceFault) -> BackupRecord {
    let instance = try instance(call)
    let record = try call.service.backup(call["id"], account: call["organization"])
    guard record.instance == instance.id else { throw ServiceFault(.notFound, "there is no backup '\(call["id"])'") }
    return record
  }

  private static func create(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let instance = try instance(call)
    let body = try RequestBody(call.request, isOptional: true)
    let known = ["name", "retention_unit", "retention_value", "emergency"]
    if let unknown = body.keys.first(where: { !known.contains($0) }) {
      throw ServiceFault(.invalid, "there is no field '\(unknown)'")
    }
    var order = BackupOrder(instance.id, by: name, call, account: call["organization"], rules: rules)
    if let text = try body.text("name"), !text.isEmpty { order.name = text }
    order.retention = try retention(body)
    if try body.flag("emergency") == true, instance.engine != "postgresql" {
      throw ServiceFault(.unprocessable, "emergency backups are for PostgreSQL only")
    }
    return HTTPResponse(status: 201, json: row(try call.service.create(order), call))
  }

  private static func retention(_ body: RequestBody) throws(ServiceFault) -> Retention? {
    let unit = try body.text("retention_unit")
    let value = try body.number("retention_value", 1...1000)
    guard unit != nil || value != nil else { return nil }
    guard let word = unit, let value else {
      throw ServiceFault(.unprocessable, "retention_unit and retention_value belong together")
    }
    guard let unit = Retention.Unit(rawValue: word) else {
      throw ServiceFault(.unprocessable, "retention_unit is none of hour, day, week, month, year")
    }
    do throws(BackupError) { return try Retention(Int(value), unit) } catch {
      throw ServiceFault(.unprocessable, error.reason)
    }
  }

  private static func list(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let instance = try instance(call)
    func number(_ name: String, _ absent: Int, _ range: ClosedRange<Int>) throws(ServiceFault) -> Int {
      guard let text = call.request.parameter(name) else { return absent }
      guard let number = Int(text), range.contains(number) else {
        throw ServiceFault(.invalid, "\(name) is not from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    let (page, size) = (try number("page", 1, 1...1_000_000), try number("per_page", 25, 1...100))
    // The newest come first.
    let records = Array(
      try call.service.backups(of: call["organization"]).filter { $0.instance == instance.id }.reversed())
    let first = min((page - 1) * size, records.count)
    let last = first + min(size, records.count - first)
    func link(_ number: Int?) -> JSONValue {
      number.map { .string("\(call.request.rawPath)?page=\($0)&per_page=\(size)") } ?? .null
    }
    let next = last < records.count ? page + 1 : nil
    let previous = page > 1 ? page - 1 : nil
    return HTTPResponse(json: [
      "type": "list", "current_page": .int(Int64(page)), "next_page": next.map { .int(Int64($0)) } ?? .null,
      "next_page_url": link(next), "prev_page": previous.map { .int(Int64($0)) } ?? .null,
      "prev_page_url": link(previous), "data": .array(records[first..<last].map { row($0, call) }),
    ])
  }

  private static func restore(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request)
    let branch = try body.required("name")
    guard let text = try body.text("backup_id"), !text.isEmpty else {
      throw ServiceFault(.notImplemented, "branches are made from backups only: backup_id is missing")
    }
    let target = try call.service.instance(
      database: call["database"], branch: branch, account: call["organization"])
    let record = try call.service.backup(text, account: call["organization"])
    let restore = try call.service.restore(record, into: target, by: name)
    let time = restore.createdAt.rfc3339(fractionDigits: 3)
    return HTTPResponse(
      status: 201,
      json: [
        "id": .string(target.id), "type": "Branch", "name": .string(branch), "created_at": .string(time),
        "updated_at": .string(time), "parent_branch": .string(try body.text("parent_branch") ?? ""),
        "restored_from_branch": ["id": .string(record.instance), "name": .string(record.instance)],
        "state": "pending", "ready": false,
      ])
  }

  // MARK: - Answers

  private static func row(_ record: BackupRecord, _ call: Call) -> JSONValue {
    func time(_ time: Timestamp?) -> JSONValue { .string(time?.rfc3339(fractionDigits: 3) ?? never) }
    let stored = JSONValue.int(Int64(clamping: record.sizes.stored))
    let policy: JSONValue = [
      "id": "", "name": "", "target": "production",
      "retention_value": .int(Int64(record.retention?.value ?? 0)),
      "retention_unit": .string(record.retention?.unit.rawValue ?? ""), "frequency_value": 0, "frequency_unit": "",
      "schedule_time": "00:00", "schedule_day": 0, "schedule_week": 0, "created_at": .string(never),
      "updated_at": .string(never), "last_ran_at": .string(never), "next_run_at": .string(never), "required": false,
    ]
    return [
      "id": .string(record.id.description), "name": .string(record.name), "state": .string(state(record.state)),
      "size": stored, "estimated_storage_cost": 0, "created_at": time(record.createdAt),
      "updated_at": time(record.updatedAt), "started_at": time(record.startedAt), "expires_at": time(record.expiresAt),
      "completed_at": time(record.endedAt),
      "deleted_at": time(record.state == .deleting ? record.updatedAt : nil), "pvc_size": stored,
      "protected": .bool(record.isProtected), "required": false, "restored_branches": [],
      "actor": ["id": .string(record.actor), "display_name": .string(record.actor), "avatar_url": ""],
      "backup_policy": policy,
      "schema_snapshot": [
        "id": "", "name": "", "created_at": .string(never), "updated_at": .string(never), "linted_at": .string(never),
        "url": "",
      ],
      "database_branch": [
        "id": .string(record.instance), "name": .string(call["branch"]), "created_at": .string(never),
        "updated_at": .string(never), "deleted_at": .string(never),
      ],
    ]
  }

  private static func state(_ state: BackupState) -> String {
    switch state {
    case .queued: "pending"
    case .running, .waiting: "running"
    case .complete, .deleting: "success"
    case .failed, .deleteFailed: "failed"
    case .canceled: "canceled"
    case .skipped: "ignored"
    }
  }

  // MARK: - Who asks, and refusals

  func principal(of request: HTTPRequest, _ tokens: TokenFile) throws(ServiceFault) -> TokenFile.Principal {
    let authorization = Authorization(request)
    if let (id, secret) = authorization.serviceToken, let principal = tokens.bearer(ofService: id, secret) {
      return principal
    }
    if let token = authorization.token, let principal = tokens.bearer(of: token) { return principal }
    throw ServiceFault(.unauthorized, "a service token that is known is needed")
  }

  func response(to fault: ServiceFault) -> HTTPResponse {
    let (code, status) =
      switch fault.kind {
      case .invalid: ("invalid_params", 400)
      case .tooLarge: ("invalid_params", 413)
      case .unprocessable, .busy, .conflict, .compression: ("unprocessable", 422)
      case .unauthorized: ("unauthorized", 401)
      case .forbidden: ("forbidden", 403)
      case .notFound: ("not_found", 404)
      case .methodNotAllowed: ("method_not_allowed", 405)
      case .overloaded: ("too_many_requests", 429)
      case .notImplemented: ("not_implemented", 501)
      case .failure: ("internal_error", 500)
      }
    return HTTPResponse(status: status, json: ["code": .string(code), "message": .string(fault.message)])
  }
}
