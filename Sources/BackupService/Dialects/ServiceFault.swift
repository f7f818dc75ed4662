// SPDX-License-Identifier: Apache-2.0

/// What keeps a request from being done, before any interface has put it into its own words.
internal import BackupKit

/// Why a request is refused.
struct ServiceFault: Error, Hashable {
  /// The kind of refusal; each interface has a status and a word for it.
  enum Kind: Hashable, CaseIterable {
    /// The request itself is wrong.
    case invalid
    /// A value is well formed, and cannot be.
    case unprocessable
    /// Nobody known asks.
    case unauthorized
    /// Somebody asks who may not.
    case forbidden
    /// What is asked for is not there.
    case notFound
    /// The path is there, but not for this method.
    case methodNotAllowed
    /// It is in use, or a name is taken.
    case conflict
    /// Another backup of the instance is being made.
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
      case .invalidValue: .invalid
      case .notFound: .notFound
      case .nameInUse, .isProtected, .isNeeded: .conflict
      case .locked: .busy
      case .parentUnusable, .illegalMove, .ambiguous: .unprocessable
      case .unsupported: .notImplemented
      default: .failure
      }
    // Where the repository lies, and what the system says of it, is for the log alone.
    self.init(kind, kind == .failure ? "the backup service has failed" : error.reason)
  }
}
