// SPDX-License-Identifier: Apache-2.0

/// The backup calls of PlanetScale's API, version 1.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Speaks as PlanetScale does: a backup belongs to a branch of a database, every field is there, and none is null.
struct PlanetScaleDialect: Dialect {
  static let name = "planetscale"

  private static let rules = BackupRules.freeText(nameLength: 1...256)

  private static let form = RequestBody.Form(mayBeAbsent: true, nullIsAbsent: false)

  /// The words for states. One that is being deleted shows its time of deletion.
  static let states: [BackupState: String] = [
    .queued: "pending", .running: "running", .waiting: "running", .complete: "success", .failed: "failed",
    .canceled: "canceled", .skipped: "ignored", .deleting: "success", .deleteFailed: "failed",
  ]

  /// What stands for a time that is not known yet: clients read it, and the document allows no null.
  static let never = "0001-01-01T00:00:00Z"

  private static let branches = "/v1/organizations/{account}/databases/{database}/branches"

  var routes: [Route] {
    let backups = "\(Self.branches)/{branch}/backups"
    return [
      Route("POST", backups, Self.create),
      Route.list(backups, ["page", "per_page"], Self.list),
      Route("GET", "\(backups)/{id}") { (call) throws(ServiceFault) in
        HTTPResponse(json: Self.row(try Self.record(call), try Self.instance(call)))
      },
      Route("DELETE", "\(backups)/{id}") { (call) throws(ServiceFault) in
        try call.service.delete(try Self.record(call), by: call.principal.name)
        return HTTPResponse(status: 204)
      },
      Route("POST", Self.branches, Self.restore),
    ]
  }

  func owns(_ segments: [String]) -> Bool { segments.starts(with: ["v1", "organizations"]) }

  // MARK: - Requests

  private static func instance(_ call: Call) throws(ServiceFault) -> InstanceConfiguration {
    try call.service.instance(database: call["database"], branch: call["branch"], account: call["account"])
  }

  private static func record(_ call: Call) throws(ServiceFault) -> BackupRecord {
    let instance = try instance(call)
    let record = try call.backup()
    guard record.instance == instance.id else { throw ServiceFault(.notFound, "there is no backup '\(call["id"])'") }
    return record
  }

  private static func create(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let instance = try instance(call)
    let body = try RequestBody(call.request, form)
    try body.allowOnly(["name", "retention_unit", "retention_value", "emergency"])
    var order = BackupOrder(instance, by: name, call, account: call["account"], rules: rules)
    order.name = try body.filled("name")
    order.retention = try retention(body)
    order.isEmergency = try body.flag("emergency") ?? false
    if order.isEmergency, instance.engine != "postgresql" {
      throw ServiceFault(.badValue, "emergency backups are for PostgreSQL only")
    }
    return HTTPResponse(status: 201, json: row(try call.service.create(order), instance))
  }

  private static func retention(_ body: RequestBody) throws(ServiceFault) -> Retention? {
    let word = try body.text("retention_unit")
    let value = try body.number("retention_value", 1...1000)
    if word == nil, value == nil { return nil }
    guard let word, let value else {
      throw ServiceFault(.badValue, "retention_unit and retention_value belong together")
    }
    guard let unit = Retention.Unit(rawValue: word) else {
      throw ServiceFault(.badValue, "retention_unit is none of hour, day, week, month, year")
    }
    do throws(BackupError) { return try Retention(Int(value), unit) } catch { throw ServiceFault(error) }
  }

  private static func list(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let instance = try instance(call)
    let (page, size) = (try call.number("page") ?? 1, try call.number("per_page") ?? 25)
    guard (1...1_000_000).contains(page), (1...100).contains(size) else {
      throw ServiceFault(.badValue, "page is 1 or more, per_page is 1 to 100")
    }
    // The newest come first.
    let records = call.view.selection(account: call.account, instance: instance.id)
    let rows = records.reversed().dropFirst((page - 1) * size).prefix(size)
    let next = page * size < records.count ? page + 1 : nil
    let previous = page > 1 ? page - 1 : nil
    func number(_ page: Int?) -> JSONValue { page.map { .int(Int64($0)) } ?? .null }
    func link(_ page: Int?) -> JSONValue {
      page.map { .string("\(call.base)\(call.request.rawPath)?page=\($0)&per_page=\(size)") } ?? .null
    }
    return HTTPResponse(json: [
      "type": "list", "current_page": number(page), "next_page": number(next), "next_page_url": link(next),
      "prev_page": number(previous), "prev_page_url": link(previous), "data": .array(rows.map { row($0, instance) }),
    ])
  }

  private static func restore(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request, .init(nullIsAbsent: false))
    let branch = try body.required("name")
    let parent = try body.filled("parent_branch") ?? "main"
    guard let text = try body.filled("backup_id") else {
      throw ServiceFault(.badValue, "branches are made of backups only: backup_id is missing")
    }
    let target = try call.service.instance(database: call["database"], branch: branch, account: call["account"])
    let record = try call.service.backup(text, account: call.account)
    let restore = try call.service.restore(record, into: target, by: name, for: call.principal.name)
    let time = JSONValue.string(restore.createdAt.rfc3339(fractionDigits: 3))
    return HTTPResponse(
      status: 201,
      json: [
        "id": .string(target.id), "type": "Branch", "name": .string(branch), "created_at": time, "updated_at": time,
        "parent_branch": .string(parent), "state": "pending", "ready": false, "production": false,
        "restored_from_branch": ["id": .string(record.instance), "name": .string(record.instance)],
      ])
  }

  // MARK: - Answers

  private static func row(_ record: BackupRecord, _ instance: InstanceConfiguration) -> JSONValue {
    func time(_ time: Timestamp?) -> JSONValue { .string(time?.rfc3339(fractionDigits: 3) ?? never) }
    let stored = JSONValue.int(Int64(clamping: record.sizes.stored))
    return [
      "id": .string(record.id.description), "name": .string(record.name),
      "state": .string(states[record.state] ?? "failed"), "size": stored, "estimated_storage_cost": 0,
      "created_at": time(record.createdAt), "updated_at": time(record.updatedAt), "started_at": time(record.startedAt),
      "expires_at": time(record.expiresAt), "completed_at": time(record.endedAt),
      "deleted_at": time(record.state == .deleting ? record.updatedAt : nil), "pvc_size": stored,
      "protected": .bool(record.isProtected), "required": false, "restored_branches": [],
      "actor": ["id": .string(record.actor), "display_name": .string(record.actor), "avatar_url": ""],
      "backup_policy": policy(record),
      "schema_snapshot": [
        "id": "", "name": "", "created_at": .string(never), "updated_at": .string(never), "linted_at": .string(never),
        "url": "",
      ],
      "database_branch": [
        "id": .string(instance.id), "name": .string(instance.branch), "created_at": .string(never),
        "updated_at": .string(never), "deleted_at": .string(never),
      ],
    ]
  }

  /// What made it: words of the document stand for what no policy says.
  private static func policy(_ record: BackupRecord) -> JSONValue {
    let unit = JSONValue.string(record.retention?.unit.rawValue ?? "day")
    return [
      "id": "", "name": "", "target": "production", "retention_value": .int(Int64(record.retention?.value ?? 0)),
      "retention_unit": unit, "frequency_value": 0, "frequency_unit": "day", "schedule_time": "00:00",
      "schedule_day": 0, "schedule_week": 0, "created_at": .string(never), "updated_at": .string(never),
      "last_ran_at": .string(never), "next_run_at": .string(never), "required": false,
    ]
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
      case .malformed: ("invalid_params", 400)
      case .badValue: ("invalid_params", 422)
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
