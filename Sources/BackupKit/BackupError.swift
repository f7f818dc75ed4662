// SPDX-License-Identifier: Apache-2.0

/// What could not be done with a repository or a backup, and why.
public import ArchiveKit
public import SystemIO

/// What could not be done with a repository or a backup, and why.
///
/// Switch on ``code``: codes are stable, reasons are for people and may change.
public struct BackupError: Error, Hashable, Sendable {
  /// The kind of failure. A struct, not an enum, so that new kinds can be added without breaking clients.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Kind: String, Sendable {
      case invalidValue, nameInUse, notFound, ambiguous, parentUnusable, isProtected, isNeeded, illegalMove, locked
      case noRepository, repositoryExists, unsupportedVersion, catalogueDamaged, sourceFailed, archive, io, cancelled
      case unsupported
    }

    private let kind: Kind

    private init(_ kind: Kind) { self.kind = kind }

    /// A name, a description, a retention or another value breaks a rule.
    public static let invalidValue = Code(.invalidValue)
    /// The name belongs to another backup.
    public static let nameInUse = Code(.nameInUse)
    /// There is no such backup, or no such entry in it.
    public static let notFound = Code(.notFound)
    /// More than one backup is meant.
    public static let ambiguous = Code(.ambiguous)
    /// The parent does not exist, is not complete, is of another instance, or is not what it was.
    public static let parentUnusable = Code(.parentUnusable)
    /// The backup is protected, or one that would have to go with it.
    public static let isProtected = Code(.isProtected)
    /// Other backups need this one.
    public static let isNeeded = Code(.isNeeded)
    /// The state of the backup does not allow it.
    public static let illegalMove = Code(.illegalMove)
    /// Somebody else works on the instance or the repository; see ``BackupError/holder``.
    public static let locked = Code(.locked)
    /// There is no repository at that place.
    public static let noRepository = Code(.noRepository)
    /// There is a repository, or something else, at that place already.
    public static let repositoryExists = Code(.repositoryExists)
    /// The repository is of a version that this one does not know.
    public static let unsupportedVersion = Code(.unsupportedVersion)
    /// The catalogue, or a file of the repository beside the archives, cannot be understood.
    public static let catalogueDamaged = Code(.catalogueDamaged)
    /// What should deliver the data failed, or delivered something else than was announced.
    public static let sourceFailed = Code(.sourceFailed)
    /// An archive could not be written or read; see ``BackupError/archive``.
    public static let archive = Code(.archive)
    /// The system refused; see ``BackupError/system``.
    public static let io = Code(.io)
    /// The work was given up because the caller wished it.
    public static let cancelled = Code(.cancelled)
    /// This version cannot do that.
    public static let unsupported = Code(.unsupported)

    /// The name of the code, such as `nameInUse`.
    public var description: String { kind.rawValue }
  }

  /// The kind of failure; stable.
  public let code: Code
  /// Why, in one sentence: lower case, no full stop. Names in it are as they are: who prints them escapes them.
  public let reason: String
  /// The backups concerned.
  public let backups: [BackupID]
  /// Who holds the lock, when that is the failure and the lock tells.
  public let holder: LockHolder?
  /// What was wrong with an archive.
  public let archive: ArchiveError?
  /// What the system said, if it refused.
  public let system: IOError?

  /// Whether there was no room for what had to be written.
  var isLackOfRoom: Bool { system?.isLackOfRoom ?? false }

  /// Makes an error.
  ///
  /// - Parameters:
  ///   - code: the kind of failure.
  ///   - reason: why, in one sentence, lower case, no full stop.
  ///   - backups: the backups concerned.
  ///   - holder: who holds the lock.
  public init(_ code: Code, _ reason: String, backups: [BackupID] = [], holder: LockHolder? = nil) {
    self.init(code, reason, backups: backups, holder: holder, archive: nil, system: nil)
  }

  /// Wraps what the system answered.
  ///
  /// - Parameter error: the answer.
  public init(_ error: IOError) {
    self.init(.io, error.description, backups: [], holder: nil, archive: nil, system: error)
  }

  /// Wraps what was wrong with an archive. A wish of the caller to give up stays one; what the system answered does too.
  ///
  /// - Parameters:
  ///   - error: what was wrong.
  ///   - backups: the backups concerned.
  public init(_ error: ArchiveError, backups: [BackupID] = []) {
    let code: Code = error.code == .cancelled ? .cancelled : error.system != nil ? .io : .archive
    self.init(code, error.reason, backups: backups, holder: nil, archive: error, system: error.system)
  }

  private init(
    _ code: Code, _ reason: String, backups: [BackupID], holder: LockHolder?, archive: ArchiveError?, system: IOError?
  ) {
    self.code = code
    self.reason = reason
    self.backups = backups
    self.holder = holder
    self.archive = archive
    self.system = system
  }
}
