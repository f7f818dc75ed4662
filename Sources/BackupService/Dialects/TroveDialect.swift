// SPDX-License-Identifier: Apache-2.0

/// The backup calls of OpenStack Trove, and of Rackspace Cloud Databases.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Speaks as Trove does: everything stands in an envelope, times have no zone, sizes are in gigabytes.
struct TroveDialect: Dialect {
  static let name = "trove"

  private static let rules = BackupRules {
    $0.nameLength = 1...64
    $0.nameForm = .text
    $0.uniqueness = .none
    $0.maximumDescriptionLength = 4096
    $0.forbiddenInDescriptions = []
  }

  /// How many rows a list has at most.
  private static let maximumPage = 100

  var routes: [Route] {
    ["v1.0", "v1"].flatMap { version in
      [
        Route("POST", "/\(version)/{account}/backups", Self.create),
        Route("GET", "/\(version)/{account}/backups") { (call) throws(ServiceFault) in
          try Self.list(call, instance: call.request.parameter("instance_id"))
        },
        Route("GET", "/\(version)/{account}/instances/{instance}/backups") { (call) throws(ServiceFault) in
          try Self.list(call, instance: call["instance"])
        },
        Route("GET", "/\(version)/{account}/backups/{id}") { (call) throws(ServiceFault) in
          let record = try call.service.backup(call["id"], account: call["account"])
          return HTTPResponse(json: ["backup": Self.row(record)])
        },
        Route("DELETE", "/\(version)/{account}/backups/{id}") { (call) throws(ServiceFault) in
          try call.service.delete(try call.service.backup(call["id"], account: call["account"]))
          return HTTPResponse(status: 202)
        },
        Route("POST", "/\(version)/{account}/instances", Self.restore),
      ]
    }
  }

  // MARK: - Requests

  private static func create(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request).requiredObject("backup")
    let instance = try body.required("instance")
    var order = BackupOrder(instance, by: name, call, account: call["account"], rules: rules)
    order.name = try body.required("name")
    if let text = try body.text("description"), !text.isEmpty { order.description = text }
    if let text = try body.text("parent_id"), !text.isEmpty {
      guard let id = BackupID(text) else { throw ServiceFault(.notFound, "there is no backup '\(text)'") }
      order.parent = .backup(id)
    } else if try body.number("incremental", 0...1) == 1 {
      order.parent = .automatic
    }
    return HTTPResponse(status: 202, json: ["backup": row(try call.service.create(order))])
  }

  private static func list(_ call: Call, instance: String?) throws(ServiceFault) -> HTTPResponse {
    let limit: Int
    if let text = call.request.parameter("limit") {
      guard let number = Int(text), number >= 0 else { throw ServiceFault(.invalid, "limit is no number") }
      limit = min(number == 0 ? maximumPage : number, maximumPage)
    } else {
      limit = maximumPage
    }
    var records = try call.service.backups(of: call["account"])[...]
    if let instance { records = records.filter { $0.instance == instance }[...] }
    if let engine = call.request.parameter("datastore") { records = records.filter { $0.engine == engine }[...] }
    if let marker = call.request.parameter("marker") {
      guard let place = records.firstIndex(where: { $0.id.description == marker }) else {
        throw ServiceFault(.invalid, "there is no backup '\(marker)' to go on behind")
      }
      records = records[(place + 1)...]
    }
    let page = records.prefix(limit)
    var links: [JSONValue] = []
    if page.count < records.count, let last = page.last {
      let address = "\(call.request.rawPath)?marker=\(last.id)&limit=\(limit)"
      links.append(["rel": "next", "href": .string(address)])
    }
    return HTTPResponse(json: ["backups": .array(page.map(row)), "links": .array(links)])
  }

  private static func restore(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    let body = try RequestBody(call.request).requiredObject("instance")
    let name = try body.required("name")
    guard let point = try body.object("restorePoint") else {
      throw ServiceFault(.notImplemented, "instances are made from backups only: restorePoint is missing")
    }
    let record = try call.service.backup(try point.required("backupRef"), account: call["account"])
    let target = try call.service.instance(name, account: call["account"])
    let restore = try call.service.restore(record, into: target, by: Self.name)
    let time = Self.time(restore.createdAt)
    return HTTPResponse(json: [
      "instance": [
        "id": .string(target.id), "name": .string(target.name), "status": "BUILD", "created": .string(time),
        "updated": .string(time), "datastore": ["type": .string(target.engine), "version": .string(target.version)],
        "flavor": ["id": .string((try? body.text("flavorRef")) ?? "1")], "volume": ["size": 1],
      ]
    ])
  }

  // MARK: - Answers

  /// `YYYY-MM-DDThh:mm:ss`.
  private static func time(_ time: Timestamp) -> String { String(time.rfc3339().dropLast()) }

  private static func row(_ record: BackupRecord) -> JSONValue {
    [
      "id": .string(record.id.description), "name": .string(record.name),
      "description": record.description.map { .string($0) } ?? .null, "instance_id": .string(record.instance),
      "project_id": .string(record.account), "parent_id": record.parent.map { .string($0.description) } ?? .null,
      "locationRef": record.state == .complete ? .string("z_CLOUDDB_BACKUPS/\(record.id).cka") : .null,
      "size": record.state == .complete ? .double(Double(record.sizes.stored) / 1e9) : .null,
      "status": .string(status(record.state)), "created": .string(time(record.createdAt)),
      "updated": .string(time(record.updatedAt)),
      "datastore": ["type": .string(record.engine), "version": "", "version_id": ""],
    ]
  }

  private static func status(_ state: BackupState) -> String {
    switch state {
    case .queued: "NEW"
    case .running, .waiting: "BUILDING"
    case .complete: "COMPLETED"
    case .failed, .canceled, .skipped: "FAILED"
    case .deleting: "DELETING"
    case .deleteFailed: "DELETE_FAILED"
    }
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
      case .invalid: ("badRequest", 400)
      case .unauthorized: ("unauthorized", 401)
      case .forbidden: ("forbidden", 403)
      case .notFound: ("itemNotFound", 404)
      case .methodNotAllowed: ("badMethod", 405)
      case .tooLarge, .overloaded: ("overLimit", 413)
      case .unprocessable, .busy, .conflict, .compression: ("unprocessableEntity", 422)
      case .notImplemented: ("notImplemented", 501)
      case .failure: ("instanceFault", 500)
      }
    return HTTPResponse(
      status: status,
      json: .object([.init(key, ["code": .int(Int64(status)), "message": .string(fault.message)])]))
  }
}
