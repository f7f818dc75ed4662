// SPDX-License-Identifier: Apache-2.0

/// The backup calls of GaussDB for MySQL, version 3.
internal import BackupKit

/// Speaks as GaussDB does. Its clients may leave the first segment of the path out; what is left then of the other calls is
/// what ``RDSDialect`` answers.
struct GaussDBDialect: Dialect {
  static let name = "gaussdb"

  var routes: [Route] {
    let both = ["", "/mysql"].flatMap { prefix in
      [
        Route("POST", "\(prefix)/v3/{account}/backups/create") { (call) throws(ServiceFault) in
          let order = try HuaweiBackups.order(call, try RequestBody(call.request), by: Self.name)
          return HuaweiBackups.created(try call.service.create(order))
        },
        Route("POST", "\(prefix)/v3/{account}/instances/restore") { (call) throws(ServiceFault) in
          let body = try RequestBody(call.request)
          return try HuaweiBackups.restore(
            call, body, of: try body.filled("source_instance_id"), into: try body.required("target_instance_id"),
            by: Self.name)
        },
      ]
    }
    return both + [
      Route.list("/mysql/v3/{account}/backups", HuaweiBackups.parameters, HuaweiBackups.list),
      Route("DELETE", "/mysql/v3/{account}/backups/{id}", HuaweiBackups.delete),
      Route("GET", "/mysql/v3/{account}/instances", HuaweiBackups.instances),
    ]
  }

  func owns(_ segments: [String]) -> Bool { HuaweiBackups.owns(segments) }

  func principal(of request: HTTPRequest, _ tokens: TokenFile) throws(ServiceFault) -> TokenFile.Principal {
    try HuaweiBackups.principal(of: request, tokens)
  }

  func response(to fault: ServiceFault) -> HTTPResponse { HuaweiBackups.response(to: fault) }
}
