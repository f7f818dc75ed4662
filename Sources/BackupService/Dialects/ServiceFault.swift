// SPDX-License-Identifier: Apache-2.0

/// What keeps a request from being done, before any interface has put it into its own words.
internal import BackupKit

/// Why a request is refused.
struct ServiceFault: Error, Hashable {
  /// The kind of refusal; each interface has a status and a word for it.
  enum Kind: Hashable, CaseIterable {
    /// The request cannot be understood.
    case malformed
    /// It can, but something in it is missing, of another type or not allowed.
    case badValue
    /// What it asks for does not go with how things are.
    case unprocessable
    /// Nobody known asks.
    case unauthorized
    /// Somebody asks who may not.
    case forbidden
    /// What is asked for is not there.
    case notFound
    /// The path is there, but not for this method.
    case methodNotAllowed
    /// A name is taken.
    case conflict
    /// Another backup of the instance is being made, or a restore into it.
    case busy
    /// The body is too long.
    case tooLarge
    /// The codec does not go with the database.
    case compression
    /// Too much is waiting already.
    case overloaded
    /// It cannot be done by this service.
    case notImplemented
    /// The service has failed.
    case failure
  }

  var kind: Kind
  var message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// What the engine says, as the fault of a request.
  init(_ error: BackupError) {
    let kind: Kind =
      switch error.code {
      case .invalidValue: .badValue
      case .notFound: .notFound
      case .nameInUse: .conflict
      case .locked: .busy
      case .parentUnusable, .illegalMove, .ambiguous, .isProtected, .isNeeded: .unprocessable
      case .unsupported: .notImplemented
      default: .failure
      }
    // Where the repository lies, who holds its locks and what the system says of it is for the log alone.
    switch kind {
    case .failure: self.init(kind, "the backup service has failed")
    case .busy: self.init(kind, "a backup or a restore of the instance is at work")
    default: self.init(kind, error.reason)
    }
  }
}
