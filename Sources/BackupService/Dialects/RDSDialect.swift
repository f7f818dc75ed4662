// SPDX-License-Identifier: Apache-2.0

/// The backup calls of the Relational Database Service of Huawei Cloud and Open Telekom Cloud, version 3.
internal import BackupKit
internal import TextFormats

/// Speaks as RDS does, and answers what GaussDB's clients ask on the same paths.
struct RDSDialect: Dialect {
  static let name = "rds"

  var routes: [Route] {
    [
      Route("POST", "/v3/{account}/backups") { (call) throws(ServiceFault) in
        let body = try RequestBody(call.request)
        var order = try HuaweiBackups.order(call, body, by: Self.name)
        for database in try body.objects("databases") { order.databases.append(try database.required("name")) }
        return HuaweiBackups.created(try call.service.create(order))
      },
      Route.list("/v3/{account}/backups", HuaweiBackups.parameters, HuaweiBackups.list),
      Route("DELETE", "/v3/{account}/backups/{id}", HuaweiBackups.delete),
      Route("GET", "/v3/{account}/instances", HuaweiBackups.instances),
      Route("POST", "/v3/{account}/instances/recovery") { (call) throws(ServiceFault) in
        let body = try RequestBody(call.request)
        let (source, target) = (try body.requiredObject("source"), try body.requiredObject("target"))
        return try HuaweiBackups.restore(
          call, source, of: try source.filled("instance_id"), into: try target.required("instance_id"), by: Self.name)
      },
      Route("GET", "/v3/{account}/backup-files", Self.files),
    ]
  }

  func owns(_ segments: [String]) -> Bool { HuaweiBackups.owns(segments) }

  private static func files(_ call: Call) throws(ServiceFault) -> HTTPResponse {
    guard let id = call.request.parameter("backup_id"), !id.isEmpty else {
      throw ServiceFault(.badValue, "backup_id is missing")
    }
    let record = try call.service.backup(id, account: call.account)
    guard record.state == .complete else {
      throw ServiceFault(.unprocessable, "the backup '\(record.name)' is \(record.state.rawValue), not complete")
    }
    return HTTPResponse(json: [
      "files": [
        [
          "name": .string("\(record.id).cka"),
          "size": .int(Int64(clamping: HuaweiBackups.kilobytes(record.sizes.stored))),
          "download_link": "", "link_expired_time": .string(HuaweiBackups.time(record.updatedAt)),
        ]
      ],
      "bucket": .string(record.location.isEmpty ? "backups" : record.location),
    ])
  }

  func principal(of request: HTTPRequest, _ tokens: TokenFile) throws(ServiceFault) -> TokenFile.Principal {
    try HuaweiBackups.principal(of: request, tokens)
  }

  func response(to fault: ServiceFault) -> HTTPResponse { HuaweiBackups.response(to: fault) }
}
