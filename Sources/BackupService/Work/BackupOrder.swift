// SPDX-License-Identifier: Apache-2.0

/// What a client asks for when it wants a backup, without the words of its interface.
internal import BackupKit

/// A request for a backup.
struct BackupOrder {
  /// The identifier of the instance.
  var instance: String
  /// Whose it is.
  var account: String
  /// By which interface.
  var origin: String
  /// What names and descriptions may be there.
  var rules: BackupRules
  var name: String?
  var description: String?
  /// What it builds on.
  var parent = ParentChoice.none
  var databases: [String] = []
  /// What it is packed with; `nil` for what the instance says.
  var codec: String?
  var retries = 0
  /// Nanoseconds between two attempts.
  var retryInterval: UInt64 = 60_000_000_000
  /// How long it is kept; `nil` for what the configuration says of the interface.
  var retention: Retention?
  var actor: String

  /// - Parameters:
  ///   - instance: the identifier of the instance.
  ///   - origin: by which interface.
  ///   - call: the request.
  ///   - account: whose it is.
  ///   - rules: what names and descriptions may be there.
  init(_ instance: String, by origin: String, _ call: Call, account: String, rules: BackupRules) {
    self.instance = instance
    self.origin = origin
    self.account = account
    self.rules = rules
    actor = call.principal.name
  }
}
