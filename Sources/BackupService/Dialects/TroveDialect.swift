// SPDX-License-Identifier: Apache-2.0

/// The backup calls of OpenStack Trove, and of Rackspace Cloud Databases.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Speaks as Trove does: everything stands in an envelope, times have no zone, sizes are in gigabytes.
struct TroveDialect: Dialect {
  static let name = "trove"

  /// Names may hold blanks, and repeat.
  private static let rules = BackupRules.freeText(nameLength: 1...64)

  /// The words for states.
  static let states: [BackupState: String] = [
    .queued: "NEW", .running: "BUILDING", .waiting: "BUILDING", .complete: "COMPLETED", .failed: "FAILED",
    .canceled: "FAILED", .skipped: "FAILED", .deleting: "DELETING", .deleteFailed: "DELETE_FAILED",
  ]

  /// What a list looks at in the query.
  private static let parameters = ["limit", "marker", "instance_id", "datastore"]
  /// How many rows a list has at most.
  private static let maximumPage = 100
  /// What everything is kept under.
  private static let container = "z_CLOUDDB_BACKUPS"

  var routes: [Route] {
    ["v1.0", "v1"].flatMap { version in
      [
        Route("POST", "/\(version)/{account}/backups", Self.create),
        Route.list("/\(version)/{account}/backups", Self.parameters) { (call) throws(ServiceFault) in
          try Self.list(call, instance: call.request.parameter("instance_id"))
        },
        Route.list("/\(version)/{account}/instances/{instance}/backups", Self.parameters) {
          (call) throws(ServiceFault) in
          try Self.list(call, instance: call["instance"])
        },
        Route("GET", "/\(version)/{account}/backups/{id}") { (call) throws(ServiceFault) in
          HTTPResponse(json: ["backup": Self.row(try call.backup(), call)])
        },
        Route("DELETE", "/\(version)/{account}/backups/{id}") { (call) throws(ServiceFault) in
          try call.service.delete(try call.backup(), by: call.principal.name)
          return HTTPResponse(status: 202)
        },
        Route("POST", "/\(version)/{account}/instances", Self.restore),
        // Clients look instances up before they ask for a backup of one.
        Route("GET", "/\(version)/{account}/instances") { (call) throws(ServiceFault) in
          let instances = call.service.instances(of: call.account).map { Self.row($0, call) }
          return HTTPResponse(json: ["instances": .array(instances), "links": []])
        },
        Route("GET", "/\(version)/{account}/instances/{instance}") { (call) throws(ServiceFault) in
          HTTPResponse(json: ["instance": Self.row(try Self.instance(call["instance"], call), call)])
        },
      ]
    }
  }

  func owns(_ segments: [String]) -> Bool { segments.first == "v1.0" || segments.first == "v1" }

  // MARK: - Requests

  private static func instance(_ name: String, _ call: Call) throws(ServiceFault) -> InstanceConfiguration {
    try call.service.instance(named: name, account: call.account)
  }

  private static func create(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request).requiredObject("backup")
    if try body.object("restore_from") != nil {
      throw ServiceFault(.notImplemented, "backups are made of instances only, not of restore_from")
    }
    var order = BackupOrder(
      try instance(try body.required("instance"), call), by: name, call, account: call["account"], rules: rules)
    order.name = try body.required("name")
    order.description = try body.filled("description")
    order.location = try body.filled("swift_container") ?? ""
    let isIncremental = try body.number("incremental", 0...1) == 1
    if let text = try body.filled("parent_id") {
      guard let id = BackupID(text) else { throw ServiceFault(.notFound, "there is no backup '\(text)'") }
      order.parent = .backup(id)
    } else if isIncremental {
      order.parent = .automatic
    }
    return HTTPResponse(status: 202, json: ["backup": row(try call.service.create(order), call)])
  }

  private static func list(_ call: Call, instance: String?) throws(ServiceFault) -> HTTPResponse {
    let wanted = try call.number("limit") ?? 0
    let limit = wanted == 0 ? maximumPage : min(wanted, maximumPage)
    let selection = call.view.selection(account: call.account, instance: instance)
    let engine = call.request.parameter("datastore")
    var start = 0
    if let marker = call.request.parameter("marker"), !marker.isEmpty {
      guard let record = BackupID(marker).flatMap({ call.view[$0] }), let place = selection.place(of: record) else {
        throw ServiceFault(.badValue, "there is no backup '\(marker)' to go on behind")
      }
      start = place + 1
    }
    // One more than the page says whether another one follows.
    var page: [BackupRecord] = []
    for record in selection[start...] where engine == nil || record.engine == engine {
      page.append(record)
      if page.count > limit { break }
    }
    var links: [JSONValue] = []
    if page.count > limit {
      page.removeLast()
      var query = "marker=\(page.last?.id.description ?? "")&limit=\(limit)"
      for name in ["instance_id", "datastore"] {
        if let value = call.request.parameter(name) { query += "&\(name)=\(PercentCoding.encoded(value))" }
      }
      links.append(["rel": "next", "href": .string("\(call.base)\(call.request.rawPath)?\(query)")])
    }
    return HTTPResponse(json: ["backups": .array(page.map { row($0, call) }), "links": .array(links)])
  }

  private static func restore(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request).requiredObject("instance")
    let name = try body.required("name")
    guard let point = try body.object("restorePoint") else {
      throw ServiceFault(.notImplemented, "instances are made of backups only: restorePoint is missing")
    }
    let record = try call.service.backup(try point.required("backupRef"), account: call.account)
    let target = try instance(name, call)
    _ = try call.service.restore(record, into: target, by: Self.name, for: call.principal.name)
    return HTTPResponse(json: ["instance": row(target, call, status: "BUILD")])
  }

  // MARK: - Answers

  /// `YYYY-MM-DDThh:mm:ss`.
  private static func time(_ time: Timestamp) -> JSONValue { .string(String(time.rfc3339().dropLast())) }

  private static func row(_ instance: InstanceConfiguration, _ call: Call, status: String = "ACTIVE") -> JSONValue {
    let now = time(WallClock.now)
    let link = JSONValue.string(
      "\(call.base)/v1.0/\(PercentCoding.encoded(call["account"]))/instances/\(PercentCoding.encoded(instance.id))")
    return [
      "id": .string(instance.id), "name": .string(instance.name), "status": .string(status), "created": now,
      "updated": now, "datastore": ["type": .string(instance.engine), "version": .string(instance.version)],
      "flavor": ["id": "1", "links": []], "volume": ["size": 1], "links": [["rel": "self", "href": link]],
    ]
  }

  private static func row(_ record: BackupRecord, _ call: Call) -> JSONValue {
    let isComplete = record.state == .complete
    let place = "\(call.base)/v1/\(PercentCoding.encoded(record.account))/\(container)/\(record.id).cka"
    return [
      "id": .string(record.id.description), "name": .string(record.name),
      "description": record.description.map { .string($0) } ?? .null, "instance_id": .string(record.instance),
      "project_id": .string(record.account), "parent_id": record.parent.map { .string($0.description) } ?? .null,
      "locationRef": isComplete ? .string(place) : .null,
      "size": isComplete ? .double(Double(record.sizes.stored) / 1_073_741_824) : .null,
      "status": .string(states[record.state] ?? "FAILED"), "created": time(record.createdAt),
      "updated": time(record.updatedAt),
      "datastore": [
        "type": .string(record.engine), "version": .string(record.engineVersion),
        "version_id": .string(record.engineVersion),
      ],
    ]
  }

  // MARK: - Who asks, and refusals

  func principal(of request: HTTPRequest, _ tokens: TokenFile) throws(ServiceFault) -> TokenFile.Principal {
    guard let principal = Authorization(request).openStackToken.flatMap(tokens.bearer) else {
      throw ServiceFault(.unauthorized, "an X-Auth-Token that is known is needed")
    }
    return principal
  }

  func response(to fault: ServiceFault) -> HTTPResponse {
    let (key, status) =
      switch fault.kind {
      case .malformed, .badValue: ("badRequest", 400)
      case .unauthorized: ("unauthorized", 401)
      case .forbidden: ("forbidden", 403)
      case .notFound: ("itemNotFound", 404)
      case .methodNotAllowed: ("badMethod", 405)
      case .tooLarge: ("overLimit", 413)
      case .unprocessable, .busy, .conflict, .compression: ("unprocessableEntity", 422)
      case .notImplemented: ("notImplemented", 501)
      case .failure: ("instanceFault", 500)
      case .overloaded: ("serviceUnavailable", 503)
      }
    return HTTPResponse(
      status: status,
      json: .object([.init(key, ["code": .int(Int64(status)), "message": .string(fault.message)])]))
  }
}
