// SPDX-License-Identifier: Apache-2.0

/// What a client asks for when it wants a backup, without the words of its interface.
internal import BackupKit

/// A request for a backup.
struct BackupOrder {
  /// What is to be backed up.
  var instance: InstanceConfiguration
  /// Whose it is.
  var account: String
  /// By which interface.
  var origin: String
  /// What names and descriptions may be there.
  var rules: BackupRules
  /// The name; `nil` for one that is made up.
  var name: String?
  /// What it is for.
  var description: String?
  /// What it builds on.
  var parent = ParentChoice.none
  /// Which databases; empty for all.
  var databases: [String] = []
  /// What it is packed with; `nil` for what the instance says.
  var codec: String?
  /// How often to try again.
  var retries = 0
  /// Nanoseconds between two attempts.
  var retryInterval: UInt64 = 60_000_000_000
  /// How long it is kept; `nil` for what the configuration says of the interface.
  var retention: Retention?
  /// Where it is to be kept, in the words of the interface.
  var location = ""
  /// In which folder there.
  var folder = ""
  /// Whether it is urgent.
  var isEmergency = false
  /// Who asks.
  var actor: String

  /// - Parameters:
  ///   - instance: what is to be backed up.
  ///   - origin: by which interface.
  ///   - call: the request.
  ///   - account: whose it is.
  ///   - rules: what names and descriptions may be there.
  init(_ instance: InstanceConfiguration, by origin: String, _ call: Call, account: String, rules: BackupRules) {
    self.init(instance, by: origin, to: call.principal.name, account: account, rules: rules)
  }

  /// - Parameters:
  ///   - instance: what is to be backed up.
  ///   - origin: by which interface.
  ///   - actor: who asks.
  ///   - account: whose it is.
  ///   - rules: what names and descriptions may be there.
  init(_ instance: InstanceConfiguration, by origin: String, to actor: String, account: String, rules: BackupRules) {
    self.instance = instance
    self.origin = origin
    self.account = account
    self.rules = rules
    self.actor = actor
  }
}
