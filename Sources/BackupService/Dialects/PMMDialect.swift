// SPDX-License-Identifier: Apache-2.0

/// The backup calls of Percona Monitoring and Management, version 3.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Speaks as PMM does: backups are artifacts of services, fields that say nothing are left out.
struct PMMDialect: Dialect {
  static let name = "pmm"

  private static let rules = BackupRules.freeText(nameLength: 1...256)

  private static let form = RequestBody.Form(takesCamelCase: true)

  /// What the databases that PMM knows can be packed with; for others everything holds.
  static let methods: [String: [PMMCompression]] = [
    "mysql": [.default, .none, .quickLZ, .zstd, .lz4],
    "mongodb": [.default, .none, .zstd, .lz4, .s2, .gzip, .snappy, .pgzip],
  ]

  /// The words for states.
  static let states: [BackupState: String] = [
    .queued: "PENDING", .running: "IN_PROGRESS", .waiting: "PAUSED", .complete: "SUCCESS", .failed: "ERROR",
    .canceled: "ERROR", .skipped: "ERROR", .deleting: "DELETING", .deleteFailed: "FAILED_TO_DELETE",
  ]

  static func methods(for engine: String) -> [PMMCompression] { methods[vendor(engine)] ?? PMMCompression.allCases }

  var routes: [Route] {
    [
      Route("POST", "/v1/backups:start", Self.start),
      Route.list("/v1/backups/artifacts", []) { (call) throws(ServiceFault) in
        let rows = call.view.selection(account: call.account).map { Self.row($0, call.service) }
        return HTTPResponse(json: Self.object([("artifacts", .array(rows))]))
      },
      Route("DELETE", "/v1/backups/artifacts/{id}") { (call) throws(ServiceFault) in
        let record = try call.backup()
        // Without it the product forgets the row and keeps the files. Here they go together, or not at all.
        guard call.request.parameter("remove_files") == "true" else {
          throw ServiceFault(.unprocessable, "an artifact goes with its files: remove_files must be true")
        }
        try call.service.delete(record, by: call.principal.name)
        return HTTPResponse(json: [:])
      },
      Route("POST", "/v1/backups/restores:start", Self.restore),
      Route("GET", "/v1/backups/restores") { (call) throws(ServiceFault) in
        let restores = call.service.restoreRecords.filter { call.account == nil || $0.backup.account == call.account }
        return HTTPResponse(json: Self.object([("items", .array(restores.map { Self.row($0, call.service) }))]))
      },
      Route("GET", "/v1/backups/{id}/logs") { (call) throws(ServiceFault) in
        let record = try call.backup()
        return try Self.logs(call, call.service.activities[record.id], record)
      },
      Route("GET", "/v1/backups/restores/{id}/logs") { (call) throws(ServiceFault) in
        let restore = call.service.restoreRecords.first {
          $0.id.description == call["id"].lowercased() && (call.account == nil || $0.backup.account == call.account)
        }
        guard let restore else { throw ServiceFault(.notFound, "there is no restore '\(call["id"])'") }
        return try Self.logs(call, call.service.activities[restore.id], nil)
      },
      Route("GET", "/v1/backups/services/{service}/compression") { (call) throws(ServiceFault) in
        let instance = try call.service.instance(call["service"], account: call.account)
        return HTTPResponse(json: [
          "compression_methods": .array(Self.methods(for: instance.engine).map { .string($0.word) })
        ])
      },
      Route("GET", "/v1/backups/locations") { (call) throws(ServiceFault) in
        let rows = call.service.configuration.locations.map { location -> JSONValue in
          ["location_id": .string(location.id), "name": .string(location.name)]
        }
        return HTTPResponse(json: Self.object([("locations", .array(rows))]))
      },
    ]
  }

  func owns(_ segments: [String]) -> Bool {
    segments.first == "v1" && segments.count > 1 && (segments[1] == "backups" || segments[1].hasPrefix("backups:"))
  }

  // MARK: - Requests

  private static func start(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request, form)
    let instance = try call.service.instance(try body.required("service_id"), account: call.account)
    let location = try body.required("location_id")
    guard call.service.configuration.locations.contains(where: { $0.id == location }) else {
      throw ServiceFault(.notFound, "there is no location '\(location)'")
    }
    var order = BackupOrder(
      instance, by: name, call, account: call.account ?? instance.account ?? "", rules: rules)
    order.location = location
    order.folder = try body.text("folder") ?? ""
    order.name = try body.filled("name")
    order.description = try body.filled("description")
    order.retries = Int(try body.number("retries", 0...Int64(UInt32.max)) ?? 0)
    if let text = try body.filled("retry_interval") {
      guard let interval = ProtobufDuration.nanoseconds(text) else {
        throw ServiceFault(.badValue, "retry_interval is no duration, such as 60s")
      }
      order.retryInterval = interval
    }
    order.codec = try codec(try body.filled("compression"), instance)
    let record = try call.service.create(order)
    return HTTPResponse(json: ["artifact_id": .string(record.id.description)])
  }

  /// The codec that a word stands for; `nil` for what the instance says.
  private static func codec(_ word: String?, _ instance: InstanceConfiguration) throws(ServiceFault) -> String? {
    guard let word else { return nil }
    guard let method = PMMCompression.allCases.first(where: { $0.word == word }) else {
      throw ServiceFault(.compression, "'\(word)' is no compression")
    }
    guard methods(for: instance.engine).contains(method) else {
      throw ServiceFault(.compression, "\(word) does not go with \(instance.engine)")
    }
    return method.codec
  }

  private static func restore(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request, form)
    let target = try call.service.instance(try body.required("service_id"), account: call.account)
    let record = try call.service.backup(try body.required("artifact_id"), account: call.account)
    if try body.filled("pitr_timestamp") != nil {
      throw ServiceFault(.notImplemented, "a restore to a point in time is not possible")
    }
    let restore = try call.service.restore(record, into: target, by: name, for: call.principal.name)
    return HTTPResponse(json: ["restore_id": .string(restore.id.description)])
  }

  /// What was said of something: as it was written down while it was made or, when that was done by another process, what
  /// is left of it in the record.
  private static func logs(
    _ call: Call, _ activity: Activity?, _ record: BackupRecord?
  ) throws(ServiceFault) -> HTTPResponse {
    let (offset, limit) = (try call.number("offset") ?? 0, min(try call.number("limit") ?? 1000, 10_000))
    let found: (lines: [(number: Int, text: String)], isEnd: Bool)
    if let activity {
      found = activity.lines(from: offset, limit: limit)
    } else {
      let lines = (record?.log ?? "").split(whereSeparator: \.isNewline).map(String.init)
      let first = min(offset, lines.count)
      let last = first + min(limit, lines.count - first)
      found = ((first..<last).map { ($0, lines[$0]) }, last == lines.count && record?.state.isActive != true)
    }
    let chunks = found.lines.map { line in
      object([("chunk_id", .int(Int64(line.number))), ("data", .string(line.text + "\n"))])
    }
    return HTTPResponse(json: object([("logs", .array(chunks)), ("end", .bool(found.isEnd))]))
  }

  // MARK: - Answers

  /// An object without the members that say nothing.
  private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(
      members.filter { ![.string(""), .bool(false), .int(0), .array([])].contains($0.1) }
        .map { JSONValue.Member($0.0, $0.1) })
  }

  private static func vendor(_ engine: String) -> String { engine == "mariadb" ? "mysql" : engine }

  private static func row(_ record: BackupRecord, _ service: ServiceCore) -> JSONValue {
    let instance = try? service.instance(record.instance, account: nil)
    let location = location(record.location, service)
    let model = record.model ?? instance?.model ?? .physical
    var metadata: [JSONValue] = []
    if record.state == .complete {
      metadata = [
        [
          "file_list": [["name": .string("\(record.id).cka")]],
          "restore_to": .string((record.startedAt ?? record.createdAt).rfc3339(fractionDigits: 6)),
        ]
      ]
    }
    return object([
      ("artifact_id", .string(record.id.description)), ("name", .string(record.name)),
      ("vendor", .string(vendor(record.engine))), ("location_id", .string(location.id)),
      ("location_name", .string(location.name)), ("service_id", .string(record.instance)),
      ("service_name", .string(instance?.name ?? "")),
      ("data_model", .string(model == .logical ? "DATA_MODEL_LOGICAL" : "DATA_MODEL_PHYSICAL")),
      ("status", .string("BACKUP_STATUS_\(states[record.state] ?? "INVALID")")),
      ("created_at", .string(record.createdAt.rfc3339(fractionDigits: 6))),
      ("mode", .string(record.parent == nil ? "BACKUP_MODE_SNAPSHOT" : "BACKUP_MODE_INCREMENTAL")),
      ("folder", .string(record.folder)), ("metadata_list", .array(metadata)),
      ("compression", .string(PMMCompression(codec: record.codec).word)),
    ])
  }

  private static func row(_ restore: RestoreRecord, _ service: ServiceCore) -> JSONValue {
    let location = location(restore.backup.location, service)
    let status =
      switch restore.state {
      case .queued, .running: "IN_PROGRESS"
      case .complete: "SUCCESS"
      case .failed: "ERROR"
      }
    let model = restore.backup.model ?? .physical
    return object([
      ("restore_id", .string(restore.id.description)), ("artifact_id", .string(restore.backup.id.description)),
      ("name", .string(restore.backup.name)), ("vendor", .string(vendor(restore.backup.engine))),
      ("location_id", .string(location.id)), ("location_name", .string(location.name)),
      ("service_id", .string(restore.instance)),
      ("service_name", .string((try? service.instance(restore.instance, account: nil))?.name ?? "")),
      ("data_model", .string(model == .logical ? "DATA_MODEL_LOGICAL" : "DATA_MODEL_PHYSICAL")),
      ("status", .string("RESTORE_STATUS_\(status)")),
      ("started_at", .string(restore.createdAt.rfc3339(fractionDigits: 6))),
      ("finished_at", .string(restore.endedAt?.rfc3339(fractionDigits: 6) ?? "")),
    ])
  }

  /// The location that a record names, or the first.
  private static func location(_ id: String, _ service: ServiceCore) -> ServiceConfiguration.Location {
    let locations = service.configuration.locations
    return locations.first { $0.id == id } ?? locations[0]
  }

  // MARK: - Who asks, and refusals

  func principal(of request: HTTPRequest, _ tokens: TokenFile) throws(ServiceFault) -> TokenFile.Principal {
    guard let principal = Authorization(request).token.flatMap(tokens.bearer) else {
      throw ServiceFault(.unauthorized, "a bearer token that is known is needed")
    }
    return principal
  }

  func response(to fault: ServiceFault) -> HTTPResponse {
    let (code, status): (Int64, Int) =
      switch fault.kind {
      case .malformed, .badValue, .compression: (3, 400)
      case .tooLarge: (3, 413)
      case .unprocessable, .busy: (9, 400)
      case .unauthorized: (16, 401)
      case .forbidden: (7, 403)
      case .notFound: (5, 404)
      case .methodNotAllowed: (12, 405)
      case .conflict: (6, 409)
      case .overloaded: (8, 429)
      case .notImplemented: (12, 501)
      case .failure: (13, 500)
      }
    let details: [JSONValue] =
      fault.kind == .compression
      ? [["@type": "type.googleapis.com/backup.v1.Error", "code": "ERROR_CODE_INVALID_COMPRESSION"]] : []
    return HTTPResponse(
      status: status,
      json: [
        "error": .string(fault.message), "code": .int(code), "message": .string(fault.message),
        "details": .array(details),
      ])
  }
}
