// SPDX-License-Identifier: Apache-2.0

/// The backup calls of the Relational Database Service of Huawei Cloud and Open Telekom Cloud, version 3.
internal import BackupKit
internal import TextFormats

/// Speaks as RDS does, and answers what GaussDB's clients ask on the same paths.
struct RDSDialect: Dialect {
  static let name = "rds"

  var routes: [Route] {
    [
      Route("POST", "/v3/{project}/backups") { (call) throws(ServiceFault) in
        let body = try RequestBody(call.request)
        var order = try HuaweiBackups.order(call, body, by: Self.name)
        for database in try body.objects("databases") { order.databases.append(try database.required("name")) }
        return HuaweiBackups.created(try call.service.create(order))
      },
      Route("GET", "/v3/{project}/backups", HuaweiBackups.list),
      Route("DELETE", "/v3/{project}/backups/{id}", HuaweiBackups.delete),
      Route("POST", "/v3/{project}/instances/recovery") { (call) throws(ServiceFault) in
        let body = try RequestBody(call.request)
        let (source, target) = (try body.requiredObject("source"), try body.requiredObject("target"))
        guard try source.text("type") ?? "backup" == "backup" else {
          throw ServiceFault(.notImplemented, "a restore to a point in time is not possible")
        }
        return try HuaweiBackups.restore(
          call, try source.required("backup_id"), into: try target.required("instance_id"), by: Self.name)
      },
      Route("GET", "/v3/{project}/backup-files") { (call) throws(ServiceFault) in
        let record = try call.service.backup(call.request.parameter("backup_id") ?? "", account: call["project"])
        guard record.state == .complete else {
          throw ServiceFault(.unprocessable, "the backup '\(record.name)' is \(record.state.rawValue), not complete")
        }
        let file: JSONValue = [
          "name": .string("\(record.id).cka"), "size": .int(Int64(clamping: (record.sizes.stored + 999) / 1000)),
          "download_link": "", "link_expired_time": .string(HuaweiBackups.time(record.updatedAt)),
        ]
        return HTTPResponse(json: ["files": [file], "bucket": "backups"])
      },
    ]
  }

  func principal(of request: HTTPRequest, _ tokens: TokenFile) throws(ServiceFault) -> TokenFile.Principal {
    try HuaweiBackups.principal(of: request, tokens)
  }

  func response(to fault: ServiceFault) -> HTTPResponse { HuaweiBackups.response(to: fault) }
}
