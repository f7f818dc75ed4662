// SPDX-License-Identifier: Apache-2.0

/// What can be changed of a backup once it is made.
internal import SystemIO

/// A change of what stands in the record of a backup.
public struct BackupChange: Hashable, Sendable {
  /// Whether it is protected from now on; `nil` leaves that as it is.
  public var isProtected: Bool?
  /// How long it is kept, counted from when it was made; `nil` leaves that as it is.
  public var retention: BackupRequest.RetentionChoice?
  /// What it is for; `nil` leaves that as it is, an empty text takes it away.
  public var description: String?
  /// Its new name; `nil` leaves that as it is.
  public var name: String?

  /// One that changes nothing.
  public init() {}

  /// One that `configure` describes.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }
}

extension Repository {
  /// Changes what stands in the record of a backup. The archive stays as it is.
  ///
  /// - Parameters:
  ///   - id: the backup.
  ///   - wanted: what to change.
  /// - Returns: the changed record.
  /// - Throws: ``BackupError`` with `notFound`, `invalidValue`, `nameInUse`, `illegalMove` when it is being deleted, or
  ///   what the storage throws.
  public func update(_ id: BackupID, _ wanted: BackupChange) throws(BackupError) -> BackupRecord {
    if let text = wanted.description { try rules.check(description: text) }
    if let name = wanted.name { try rules.check(name: name) }
    let known = try record(id)
    // A deletion, which holds the lock, must not meet a protection halfway.
    let locks = try lock(known.instance, .exclusive, "update")
    defer { locks.release() }
    // A protection that is taken back is often the first step to a deletion.
    return try makingRoom { () throws(BackupError) in
      try change(id) { (catalogue) throws(BackupError) in
        guard let name = wanted.name else { return }
        try checkIsFree(name, account: known.account, for: id, catalogue)
      } _: { (record) throws(BackupError) in
        guard record.state != .deleting else {
          throw BackupError(.illegalMove, "'\(record.name)' is being deleted", backups: [id])
        }
        if let isProtected = wanted.isProtected { record.isProtected = isProtected }
        if let text = wanted.description { record.description = text.isEmpty ? nil : text }
        if let name = wanted.name { record.name = name }
        if let choice = wanted.retention { record.keep(choice, orElse: settings.retention) }
      }
    }
  }
}
