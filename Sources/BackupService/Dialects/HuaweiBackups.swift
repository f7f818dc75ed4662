// SPDX-License-Identifier: Apache-2.0

/// What the two interfaces of Huawei Cloud have in common: their clients ask both for the same paths.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Rows, rules, lists, restores and refusals of RDS and GaussDB.
enum HuaweiBackups {
  /// The rules of both.
  static let rules = BackupRules {
    $0.uniqueness = .account
  }

  /// Takes an order from the fields that both have.
  static func order(_ call: Call, _ body: RequestBody, by origin: String) throws(ServiceFault) -> BackupOrder {
    var order = BackupOrder(
      try body.required("instance_id"), by: origin, call, account: call["project"], rules: rules)
    order.name = try body.required("name")
    if let text = try body.text("description"), !text.isEmpty { order.description = text }
    return order
  }

  /// Lists the backups that the query asks for, the newest first.
  static func list(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let request = call.request
    func number(_ name: String) throws(ServiceFault) -> Int? {
      guard let text = request.parameter(name), !text.isEmpty else { return nil }
      guard let number = Int(text), number >= 0 else { throw ServiceFault(.invalid, "\(name) is no number") }
      return number
    }
    let (offset, limit) = (try number("offset") ?? 0, min(try number("limit") ?? 100, 100))
    let (begin, end) = (try number("begin_time"), try number("end_time"))
    let wanted = try call.service.backups(of: call["project"]).filter { record in
      if let id = request.parameter("backup_id"), !id.isEmpty, record.id.description != id { return false }
      if let id = request.parameter("instance_id"), !id.isEmpty, record.instance != id { return false }
      if let word = request.parameter("status"), !word.isEmpty, status(record.state) != word { return false }
      if let word = request.parameter("backup_type"), !word.isEmpty, type(of: record) != word { return false }
      let time = Int(clamping: record.createdAt.nanosecondsSince1970 / 1_000_000)
      if let begin, time < begin { return false }
      if let end, time > end { return false }
      return true
    }
    let newest = wanted.reversed().dropFirst(offset).prefix(limit)
    return HTTPResponse(json: [
      "backups": .array(newest.map { row($0, call) }), "total_count": .int(Int64(wanted.count)),
    ])
  }

  /// Deletes a backup, with all that build on it.
  static func delete(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    try call.service.delete(try call.service.backup(call["id"], account: call["project"]))
    return HTTPResponse(json: [:])
  }

  /// Takes a restore in hand.
  ///
  /// - Parameters:
  ///   - backup: the identifier of the backup.
  ///   - target: that of the instance.
  static func restore(
    _ call: Call, _ backup: String, into target: String, by origin: String
  ) throws(ServiceFault) -> HTTPResponse {
    let record = try call.service.backup(backup, account: call["project"])
    let instance = try call.service.instance(target, account: call["project"])
    let restore = try call.service.restore(record, into: instance, by: origin)
    return HTTPResponse(status: 202, json: ["job_id": .string(restore.id.description)])
  }

  /// What is answered to a create.
  static func created(_ record: BackupRecord) -> HTTPResponse {
    var backup: JSONValue = [
      "id": .string(record.id.description), "instance_id": .string(record.instance), "name": .string(record.name),
      "description": .string(record.description ?? ""), "begin_time": .string(time(record.createdAt)),
      "status": .string(status(record.state)), "type": .string(type(of: record)),
    ]
    if !record.databases.isEmpty { backup.add("databases", databases(of: record)) }
    return HTTPResponse(json: ["backup": backup])
  }

  private static func databases(of record: BackupRecord) -> JSONValue {
    .array(record.databases.map { ["name": .string($0)] })
  }

  /// A row with the fields of both interfaces; a client passes over those that it does not know.
  private static func row(_ record: BackupRecord, _ call: Call) -> JSONValue {
    let instance = try? call.service.instance(record.instance, account: nil)
    let isGaussDB = instance?.engine == "gaussdb" || record.origin == GaussDBDialect.name
    let minutes = record.endedAt.map { ($0.seconds - record.createdAt.seconds + 59) / 60 } ?? 0
    return [
      "id": .string(record.id.description), "instance_id": .string(record.instance), "name": .string(record.name),
      "description": .string(record.description ?? ""), "begin_time": .string(time(record.startedAt ?? record.createdAt)),
      "end_time": .string(record.endedAt.map(time) ?? ""), "status": .string(status(record.state)),
      "type": .string(type(of: record)),
      "size": isGaussDB
        ? .double(Double(record.sizes.stored) / 1e6) : .int(Int64(clamping: (record.sizes.stored + 999) / 1000)),
      "datastore": ["type": .string(instance?.engine ?? record.engine), "version": .string(instance?.version ?? "")],
      "databases": databases(of: record), "take_up_time": .int(minutes),
      "instance_name": .string(instance?.name ?? ""), "backup_level": "instance", "backup_mode": "physical",
    ]
  }

  /// `YYYY-MM-DDThh:mm:ss+0000`.
  static func time(_ time: Timestamp) -> String { time.rfc3339().dropLast() + "+0000" }

  static func type(of record: BackupRecord) -> String {
    record.parent != nil ? "incremental" : record.kind == .automatic ? "auto" : "manual"
  }

  static func status(_ state: BackupState) -> String {
    switch state {
    case .queued, .running, .waiting: "BUILDING"
    case .complete: "COMPLETED"
    case .failed, .canceled, .skipped, .deleteFailed: "FAILED"
    case .deleting: "DELETING"
    }
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
      case .invalid: ("DBS.200001", 400)
      case .tooLarge: ("DBS.200001", 413)
      case .compression, .unprocessable: ("DBS.200002", 400)
      case .unauthorized: ("DBS.200401", 401)
      case .forbidden: ("DBS.200403", 403)
      case .notFound: ("DBS.200404", 404)
      case .methodNotAllowed: ("DBS.200405", 405)
      case .conflict, .busy: ("DBS.200409", 409)
      case .overloaded: ("DBS.200429", 429)
      case .notImplemented: ("DBS.200501", 501)
      case .failure: ("DBS.200500", 500)
      }
    return HTTPResponse(status: status, json: ["error_code": .string(code), "error_msg": .string(fault.message)])
  }
}
