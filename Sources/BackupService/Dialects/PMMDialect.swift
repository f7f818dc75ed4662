// SPDX-License-Identifier: Apache-2.0

/// The backup calls of Percona Monitoring and Management, version 3.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Speaks as PMM does: backups are artifacts of services, fields that are empty are left out.
struct PMMDialect: Dialect {
  static let name = "pmm"

  private static let rules = BackupRules {
    $0.nameLength = 1...256
    $0.nameForm = .text
    $0.uniqueness = .none
    $0.maximumDescriptionLength = 4096
    $0.forbiddenInDescriptions = []
  }

  /// What the databases that PMM knows can be packed with.
  private static let methods: [(database: String, codecs: [String])] = [
    ("mysql", ["DEFAULT", "QUICKLZ", "ZSTD", "LZ4", "NONE"]),
    ("mongodb", ["DEFAULT", "GZIP", "SNAPPY", "LZ4", "S2", "PGZIP", "ZSTD", "NONE"]),
  ]
  private static let everyCodec = ["DEFAULT", "NONE", "QUICKLZ", "ZSTD", "LZ4", "S2", "GZIP", "SNAPPY", "PGZIP"]

  private static func codecs(for engine: String) -> [String] {
    let database = engine == "mariadb" ? "mysql" : engine
    return methods.first { $0.database == database }?.codecs ?? everyCodec
  }

  var routes: [Route] {
    [
      Route("POST", "/v1/backups:start", Self.start),
      Route("GET", "/v1/backups/artifacts") { (call) throws(ServiceFault) in
        let rows = try call.service.backups(of: nil).map { Self.row($0, call.service) }
        return HTTPResponse(json: .object(Self.list("artifacts", rows)))
      },
      Route("DELETE", "/v1/backups/artifacts/{id}") { (call) throws(ServiceFault) in
        try call.service.delete(try call.service.backup(call["id"], account: nil))
        return HTTPResponse(json: [:])
      },
      Route("POST", "/v1/backups/restores:start", Self.restore),
      Route("GET", "/v1/backups/restores") { (call) throws(ServiceFault) in
        HTTPResponse(json: .object(Self.list("items", call.service.restoreRecords.map { Self.row($0, call.service) })))
      },
      Route("GET", "/v1/backups/{id}/logs") { (call) throws(ServiceFault) in
        let record = try call.service.backup(call["id"], account: nil)
        return try Self.logs(call, call.service.activity(of: record.id), record.log)
      },
      Route("GET", "/v1/backups/restores/{id}/logs") { (call) throws(ServiceFault) in
        guard let log = BackupID(call["id"]).flatMap({ call.service.restoreLog($0) }) else {
          throw ServiceFault(.notFound, "there is no restore '\(call["id"])'")
        }
        return try Self.logs(call, log, "")
      },
      Route("GET", "/v1/backups/services/{service}/compression") { (call) throws(ServiceFault) in
        let instance = try call.service.instance(call["service"], account: nil)
        let methods = Self.codecs(for: instance.engine).map { JSONValue.string("BACKUP_COMPRESSION_\($0)") }
        return HTTPResponse(json: ["compression_methods": .array(methods)])
      },
      Route("GET", "/v1/backups/locations") { (call) throws(ServiceFault) in
        let rows = call.service.configuration.locations.map { location -> JSONValue in
          ["location_id": .string(location.id), "name": .string(location.name)]
        }
        return HTTPResponse(json: .object(Self.list("locations", rows)))
      },
    ]
  }

  // MARK: - Requests

  private static func start(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request)
    let instance = try call.service.instance(try body.required("service_id"), account: nil)
    let location = try body.required("location_id")
    guard call.service.configuration.locations.contains(where: { $0.id == location }) else {
      throw ServiceFault(.notFound, "there is no location '\(location)'")
    }
    var order = BackupOrder(instance.id, by: name, call, account: instance.account ?? "", rules: rules)
    if let text = try body.text("name"), !text.isEmpty { order.name = text }
    if let text = try body.text("description"), !text.isEmpty { order.description = text }
    order.retries = Int(try body.number("retries", 0...Int64(UInt32.max)) ?? 0)
    if let text = try body.text("retry_interval") {
      guard let interval = ProtobufDuration.nanoseconds(text) else {
        throw ServiceFault(.invalid, "retry_interval is no duration, such as 60s")
      }
      order.retryInterval = interval
    }
    order.codec = try codec(try body.text("compression"), instance)
    let record = try call.service.create(order)
    return HTTPResponse(json: ["artifact_id": .string(record.id.description)])
  }

  /// The codec that a value of the enumeration stands for; `nil` for what the instance says.
  private static func codec(_ text: String?, _ instance: InstanceConfiguration) throws(ServiceFault) -> String? {
    guard let text, text != "BACKUP_COMPRESSION_DEFAULT" else { return nil }
    let prefix = "BACKUP_COMPRESSION_"
    guard text.hasPrefix(prefix), everyCodec.contains(String(text.dropFirst(prefix.count))) else {
      throw ServiceFault(.compression, "'\(text)' is no compression")
    }
    let codec = String(text.dropFirst(prefix.count))
    guard codecs(for: instance.engine).contains(codec) else {
      throw ServiceFault(.compression, "\(text) does not go with \(instance.engine)")
    }
    return codec.lowercased()
  }

  private static func restore(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request)
    let target = try call.service.instance(try body.required("service_id"), account: nil)
    let record = try call.service.backup(try body.required("artifact_id"), account: nil)
    if let text = try body.text("pitr_timestamp"), !text.isEmpty {
      throw ServiceFault(.notImplemented, "a restore to a point in time is not possible")
    }
    let restore = try call.service.restore(record, into: target, by: name)
    return HTTPResponse(json: ["restore_id": .string(restore.id.description)])
  }

  private static func logs(_ call: Call, _ log: ActivityLog?, _ kept: String) throws(ServiceFault) -> HTTPResponse {
    func number(_ name: String, _ absent: Int) throws(ServiceFault) -> Int {
      guard let text = call.request.parameter(name), !text.isEmpty else { return absent }
      guard let number = Int(text), number >= 0 else { throw ServiceFault(.invalid, "\(name) is no number") }
      return number
    }
    let (offset, limit) = (try number("offset", 0), min(try number("limit", 1000), 10_000))
    let found: (lines: [(number: Int, text: String)], isEnd: Bool)
    if let log {
      found = log.lines(from: offset, limit: limit)
    } else {
      // It was made by another process: what its command has said is in the record.
      let lines = kept.split(separator: "\n").map(String.init)
      let first = min(offset, lines.count)
      let last = first + min(limit, lines.count - first)
      found = ((first..<last).map { ($0, lines[$0]) }, last == lines.count)
    }
    let chunks = found.lines.map { line -> JSONValue in
      ["chunk_id": .int(Int64(line.number)), "data": .string(line.text + "\n")]
    }
    return HTTPResponse(json: .object(list("logs", chunks) + [.init("end", .bool(found.isEnd))]))
  }

  // MARK: - Answers

  /// A list; an empty one is left out.
  private static func list(_ key: String, _ rows: [JSONValue]) -> [JSONValue.Member] {
    rows.isEmpty ? [] : [.init(key, .array(rows))]
  }

  /// An object without the members that say nothing.
  private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(
      members.filter { ![.string(""), .bool(false), .int(0), .array([])].contains($0.1) }
        .map { JSONValue.Member($0.0, $0.1) })
  }

  private static func vendor(_ engine: String) -> String {
    switch engine {
    case "mysql", "mariadb": "mysql"
    case "mongodb": "mongodb"
    default: engine
    }
  }

  private static func row(_ record: BackupRecord, _ service: ServiceCore) -> JSONValue {
    let location = service.configuration.locations[0]
    let instance = try? service.instance(record.instance, account: nil)
    let isLogical: Bool = if case .command = instance?.source { true } else { false }
    let codec = record.codec.prefix { $0 != ":" }.uppercased()
    let isKnown = everyCodec.contains(codec)
    return object([
      ("artifact_id", .string(record.id.description)), ("name", .string(record.name)),
      ("vendor", .string(vendor(record.engine))), ("location_id", .string(location.id)),
      ("location_name", .string(location.name)), ("service_id", .string(record.instance)),
      ("service_name", .string(instance?.name ?? "")),
      ("data_model", .string(isLogical ? "DATA_MODEL_LOGICAL" : "DATA_MODEL_PHYSICAL")),
      ("status", .string(status(record.state))), ("created_at", .string(record.createdAt.rfc3339(fractionDigits: 6))),
      ("mode", .string(record.parent == nil ? "BACKUP_MODE_SNAPSHOT" : "BACKUP_MODE_INCREMENTAL")),
      (
        "metadata_list",
        record.state == .complete
          ? [["file_list": [["name": .string("\(record.id).cka")]], "restore_to": .string(record.createdAt.rfc3339())]]
          : []
      ),
      ("compression", .string(isKnown ? "BACKUP_COMPRESSION_\(codec)" : "BACKUP_COMPRESSION_DEFAULT")),
    ])
  }

  private static func row(_ restore: RestoreRecord, _ service: ServiceCore) -> JSONValue {
    let location = service.configuration.locations[0]
    let status =
      switch restore.state {
      case .queued, .running: "RESTORE_STATUS_IN_PROGRESS"
      case .complete: "RESTORE_STATUS_SUCCESS"
      case .failed: "RESTORE_STATUS_ERROR"
      }
    return object([
      ("restore_id", .string(restore.id.description)), ("artifact_id", .string(restore.backup.id.description)),
      ("name", .string(restore.backup.name)), ("vendor", .string(vendor(restore.backup.engine))),
      ("location_id", .string(location.id)), ("location_name", .string(location.name)),
      ("service_id", .string(restore.instance)),
      ("service_name", .string((try? service.instance(restore.instance, account: nil))?.name ?? "")),
      ("status", .string(status)), ("started_at", .string(restore.createdAt.rfc3339(fractionDigits: 6))),
      ("finished_at", .string(restore.endedAt?.rfc3339(fractionDigits: 6) ?? "")),
    ])
  }

  private static func status(_ state: BackupState) -> String {
    let word =
      switch state {
      case .queued: "PENDING"
      case .running: "IN_PROGRESS"
      case .waiting: "PAUSED"
      case .complete: "SUCCESS"
      case .failed, .canceled, .skipped: "ERROR"
      case .deleting: "DELETING"
      case .deleteFailed: "FAILED_TO_DELETE"
      }
    return "BACKUP_STATUS_\(word)"
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
      case .invalid, .compression, .tooLarge: (3, fault.kind == .tooLarge ? 413 : 400)
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
    var body: JSONValue = [
      "code": .int(code), "error": .string(fault.message), "message": .string(fault.message),
    ]
    let details: [JSONValue] =
      fault.kind == .compression
      ? [["@type": "type.googleapis.com/backup.v1.Error", "code": "ERROR_CODE_INVALID_COMPRESSION"]] : []
    body.add("details", .array(details))
    return HTTPResponse(status: status, json: body)
  }
}
