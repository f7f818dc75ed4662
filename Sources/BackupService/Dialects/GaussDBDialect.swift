// SPDX-License-Identifier: Apache-2.0

/// The backup calls of GaussDB for MySQL, version 3.
internal import BackupKit

/// Speaks as GaussDB does. Its clients leave the first segment of the path out, so that both forms are there; what is
/// left of the others then is what ``RDSDialect`` answers.
struct GaussDBDialect: Dialect {
  static let name = "gaussdb"

  var routes: [Route] {
    ["", "/mysql"].flatMap { prefix in
      [
        Route("POST", "\(prefix)/v3/{project}/backups/create") { (call) throws(ServiceFault) in
          let order = try HuaweiBackups.order(call, try RequestBody(call.request), by: Self.name)
          return HuaweiBackups.created(try call.service.create(order))
        },
        Route("POST", "\(prefix)/v3/{project}/instances/restore") { (call) throws(ServiceFault) in
          let body = try RequestBody(call.request)
          guard try body.text("type") ?? "backup" == "backup" else {
            throw ServiceFault(.notImplemented, "a restore to a point in time is not possible")
          }
          return try HuaweiBackups.restore(
            call, try body.required("backup_id"), into: try body.required("target_instance_id"), by: Self.name)
        },
      ]
    } + [
      Route("GET", "/mysql/v3/{project}/backups", HuaweiBackups.list),
      Route("DELETE", "/mysql/v3/{project}/backups/{id}", HuaweiBackups.delete),
    ]
  }

  func principal(of request: HTTPRequest, _ tokens: TokenFile) throws(ServiceFault) -> TokenFile.Principal {
    try HuaweiBackups.principal(of: request, tokens)
  }

  func response(to fault: ServiceFault) -> HTTPResponse { HuaweiBackups.response(to: fault) }
}
