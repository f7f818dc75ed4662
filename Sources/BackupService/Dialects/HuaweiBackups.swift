// SPDX-License-Identifier: Apache-2.0

/// What the two interfaces of Huawei Cloud have in common: their clients ask both for the same paths.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Rows, rules, lists, restores and refusals of RDS and GaussDB.
enum HuaweiBackups {
  /// The rules of both.
  static let rules = BackupRules { $0.uniqueness = .account }

  /// The words for states.
  static let states: [BackupState: String] = [
    .queued: "BUILDING", .running: "BUILDING", .waiting: "BUILDING", .complete: "COMPLETED", .failed: "FAILED",
    .canceled: "FAILED", .skipped: "FAILED", .deleting: "DELETING", .deleteFailed: "FAILED",
  ]

  /// How many rows a list has at most.
  private static let maximumPage = 100

  // MARK: - Requests

  /// Takes an order from the fields that both have.
  static func order(_ call: Call, _ body: RequestBody, by origin: String) throws(ServiceFault) -> BackupOrder {
    let instance = try call.service.instance(try body.required("instance_id"), account: call.account)
    var order = BackupOrder(instance, by: origin, call, account: call["account"], rules: rules)
    order.name = try body.required("name")
    order.description = try body.filled("description")
    return order
  }

  /// What a list looks at in the query.
  static let parameters = [
    "instance_id", "backup_id", "backup_type", "status", "begin_time", "end_time", "name", "instance_name", "offset",
    "limit",
  ]

  /// Lists the backups that the query asks for, the newest first.
  static func list(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let request = call.request
    func filled(_ name: String) -> String? {
      guard let text = request.parameter(name), !text.isEmpty else { return nil }
      return text
    }
    let offset = try call.number("offset") ?? 0
    let limit = min(try call.number("limit") ?? maximumPage, maximumPage)
    func time(_ name: String) throws(ServiceFault) -> Int64? {
      guard let text = filled(name) else { return nil }
      guard let time = HuaweiTime.milliseconds(text) else { throw ServiceFault(.badValue, "\(name) is no time") }
      return time
    }
    let (begin, end) = (try time("begin_time"), try time("end_time"))
    let (word, kind) = (filled("status"), filled("backup_type"))
    let (name, instanceName) = (filled("name"), filled("instance_name"))
    func isWanted(_ record: BackupRecord) -> Bool {
      if isGaussDB(record, call), record.state == .deleting { return false }
      if let word, states[record.state] != word { return false }
      if let kind, type(of: record) != kind { return false }
      if let name, record.name != name { return false }
      if let instanceName, (try? call.service.instance(record.instance, account: nil))?.name != instanceName {
        return false
      }
      let time = record.createdAt.nanosecondsSince1970 / 1_000_000
      return begin.map { time >= $0 } ?? true && end.map { time <= $0 } ?? true
    }
    var wanted: any RandomAccessCollection<BackupRecord>
    if let text = filled("backup_id") {
      // A name that is given for an identifier finds nothing, and is no mistake.
      let record = BackupID(text).flatMap { call.view[$0] }.flatMap { record in
        record.account == call.account && filled("instance_id").map { $0 == record.instance } ?? true ? record : nil
      }
      wanted = [record].compactMap(\.self)
    } else {
      wanted = call.view.selection(account: call.account, instance: filled("instance_id"))
    }
    let filters: [Any?] = [word, kind, begin, end, name, instanceName]
    if call.view.hasLeaving || filters.contains(where: { $0 != nil }) {
      wanted = wanted.filter(isWanted)
    }
    let (rows, count) = page(wanted, offset, limit)
    return HTTPResponse(json: [
      "backups": .array(rows.map { row($0, call) }), "total_count": .int(Int64(count)),
    ])
  }

  /// A part of some records from the end on, and how many they are.
  private static func page(
    _ records: some RandomAccessCollection<BackupRecord>, _ offset: Int, _ limit: Int
  ) -> ([BackupRecord], Int) {
    (Array(records.reversed().dropFirst(offset).prefix(limit)), records.count)
  }

  /// Lists the instances: clients look them up before they ask for a backup of one.
  static func instances(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let wanted = call.service.instances(of: call.account).filter { instance in
      for (name, value) in [("id", instance.id), ("name", instance.name)] {
        if let text = call.request.parameter(name), !text.isEmpty, text != value { return false }
      }
      return true
    }
    let offset = try call.number("offset") ?? 0
    let limit = min(try call.number("limit") ?? maximumPage, maximumPage)
    let rows = wanted.dropFirst(offset).prefix(limit).map { instance -> JSONValue in
      [
        "id": .string(instance.id), "name": .string(instance.name), "status": "ACTIVE", "type": "Single",
        "datastore": ["type": .string(instance.engine), "version": .string(instance.version)],
      ]
    }
    return HTTPResponse(json: ["instances": .array(rows), "total_count": .int(Int64(wanted.count))])
  }

  /// Deletes a backup, with all that build on it.
  static func delete(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    try call.service.delete(try call.backup(), by: call.principal.name)
    return HTTPResponse(json: [:])
  }

  /// Takes a restore in hand.
  ///
  /// - Parameters:
  ///   - source: what says which backup.
  ///   - instance: the identifier of the instance that it must be of, if that is said.
  ///   - target: the identifier of the instance.
  ///   - origin: by which interface.
  static func restore(
    _ call: Call, _ source: RequestBody, of instance: String?, into target: String, by origin: String
  ) throws(ServiceFault) -> HTTPResponse {
    switch try source.filled("type") ?? "backup" {
    case "backup": break
    case "timestamp": throw ServiceFault(.notImplemented, "a restore to a point in time is not possible")
    default: throw ServiceFault(.badValue, "type is neither backup nor timestamp")
    }
    let record = try call.service.backup(try source.required("backup_id"), account: call.account)
    if let instance, instance != record.instance {
      throw ServiceFault(.badValue, "the backup is of '\(record.instance)', not of '\(instance)'")
    }
    let place = try call.service.instance(target, account: call.account)
    let restore = try call.service.restore(record, into: place, by: origin, for: call.principal.name)
    return HTTPResponse(status: 202, json: ["job_id": .string(restore.id.description)])
  }

  // MARK: - Answers

  /// What is answered to a create.
  static func created(_ record: BackupRecord) -> HTTPResponse {
    var backup: JSONValue = [
      "id": .string(record.id.description), "instance_id": .string(record.instance), "name": .string(record.name),
      "description": .string(record.description ?? ""), "begin_time": .string(time(record.createdAt)),
      "status": .string(states[record.state] ?? "FAILED"), "type": .string(type(of: record)),
    ]
    if !record.databases.isEmpty { backup.add("databases", databases(of: record)) }
    return HTTPResponse(json: ["backup": backup])
  }

  private static func databases(of record: BackupRecord) -> JSONValue {
    .array(record.databases.map { ["name": .string($0)] })
  }

  /// Whether a row is for GaussDB's clients: the instance's engine says so.
  private static func isGaussDB(_ record: BackupRecord, _ call: Call) -> Bool {
    record.engine.hasPrefix("gaussdb") || record.engine.hasPrefix("taurus") || call.request.segments.first == "mysql"
  }

  /// A row with the fields of both interfaces; a client passes over those that it does not know.
  private static func row(_ record: BackupRecord, _ call: Call) -> JSONValue {
    let instance = try? call.service.instance(record.instance, account: nil)
    let begin = record.startedAt ?? record.createdAt
    let minutes = record.endedAt.map { max(0, $0.seconds - begin.seconds + 59) / 60 } ?? 0
    let size: JSONValue =
      isGaussDB(record, call)
      ? .double(Double(record.sizes.stored) / 1_048_576) : .int(Int64(clamping: kilobytes(record.sizes.stored)))
    return [
      "id": .string(record.id.description), "instance_id": .string(record.instance), "name": .string(record.name),
      "description": .string(record.description ?? ""), "begin_time": .string(time(begin)),
      "end_time": .string(record.endedAt.map(time) ?? ""), "status": .string(states[record.state] ?? "FAILED"),
      "type": .string(type(of: record)), "size": size,
      "datastore": ["type": .string(record.engine), "version": .string(record.engineVersion)],
      "databases": databases(of: record), "take_up_time": .int(minutes),
      "instance_name": .string(instance?.name ?? ""), "backup_level": "instance",
      "backup_mode": .string((record.model ?? .physical).rawValue),
    ]
  }

  /// Bytes in kilobytes, rounded up.
  static func kilobytes(_ bytes: UInt64) -> UInt64 { bytes / 1024 + (bytes % 1024 > 0 ? 1 : 0) }

  /// `YYYY-MM-DDThh:mm:ss+0000`.
  static func time(_ time: Timestamp) -> String { time.rfc3339().dropLast() + "+0000" }

  private static func type(of record: BackupRecord) -> String {
    record.parent != nil ? "incremental" : record.kind == .automatic ? "auto" : "manual"
  }

  // MARK: - Who asks, and refusals

  /// Whether a path is one of those that both have.
  static func owns(_ segments: [String]) -> Bool {
    segments.first == "v3" || segments.first == "mysql" && segments.dropFirst().first == "v3"
  }

  /// Who asks: by token or by signature.
  static func principal(of request: HTTPRequest, _ tokens: TokenFile) throws(ServiceFault) -> TokenFile.Principal {
    if let principal = Authorization(request).openStackToken.flatMap(tokens.bearer) { return principal }
    if request.field("Authorization")?.hasPrefix(HuaweiSignature.scheme) == true {
      return try HuaweiSignature.principal(of: request, tokens, at: WallClock.now)
    }
    throw ServiceFault(.unauthorized, "a token that is known, or a signature, is needed")
  }

  /// A refusal in their words.
  static func response(to fault: ServiceFault) -> HTTPResponse {
    let (code, status) =
      switch fault.kind {
      case .malformed, .badValue, .compression: ("DBS.200001", 400)
      case .tooLarge: ("DBS.200413", 413)
      case .unauthorized: ("DBS.200401", 401)
      case .forbidden: ("DBS.200403", 403)
      case .notFound: ("DBS.200404", 404)
      case .methodNotAllowed: ("DBS.200405", 405)
      case .conflict, .busy, .unprocessable: ("DBS.200409", 409)
      case .overloaded: ("DBS.200429", 429)
      case .notImplemented: ("DBS.200501", 501)
      case .failure: ("DBS.200500", 500)
      }
    return HTTPResponse(status: status, json: ["error_code": .string(code), "error_msg": .string(fault.message)])
  }
}
