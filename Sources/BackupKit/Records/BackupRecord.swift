// SPDX-License-Identifier: Apache-2.0

/// All that is known of a backup besides its content.
public import SystemIO

/// The record of a backup.
public struct BackupRecord: Hashable, Sendable {
  /// Why a backup was made, and from what.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// By a timer or a policy.
    case automatic = "auto"
    /// Because somebody wanted one.
    case manual
  }

  /// What the data of a backup is.
  public enum Model: String, Hashable, Sendable, CaseIterable {
    /// The files of a program.
    case physical
    /// What a program says that it holds.
    case logical
  }

  /// What went wrong.
  public struct Failure: Hashable, Sendable {
    /// The code of the ``BackupError``.
    public var code: String
    /// Why, in one sentence.
    public var reason: String

    /// Makes one.
    public init(code: String, reason: String) {
      self.code = code
      self.reason = reason
    }
  }

  /// How large a backup is, in bytes.
  public struct Sizes: Hashable, Sendable {
    /// Of all files, holes not counted: what a restore writes.
    public var logical: UInt64 = 0
    /// Of what was new in it, without what is there twice, not packed.
    public var unique: UInt64 = 0
    /// Of the archive as it is stored.
    public var stored: UInt64 = 0
    /// Of its detached index; 0 when there is none.
    public var index: UInt64 = 0
    /// How many entries it has.
    public var entries: UInt64 = 0
    /// How many things could not be read, or changed while they were read.
    public var warnings: UInt64 = 0

    /// Nothing.
    public init() {}

    /// What is freed when the backup is deleted.
    public var freed: UInt64 { stored &+ index }
  }

  /// Identifies the backup; the archive has the same.
  public var id: BackupID
  /// What people call it.
  public var name: String
  /// What it is for.
  public var description: String?
  /// What was backed up: backups of different instances have nothing to do with each other.
  public var instance: String
  /// Whose it is; empty for the command line.
  public var account = ""
  /// By which interface it was made.
  public var origin: String
  /// The backup it is an increment to; `nil` for a full one.
  public var parent: BackupID?
  /// How many ancestors a restore needs besides it.
  public var depth: Int = 0
  /// Why it was made.
  public var kind = Kind.manual
  /// The program that the data is from, such as `mysql`; empty when nobody said so.
  public var engine = ""
  /// The version of that program; empty when nobody said so.
  public var engineVersion = ""
  /// What the data is; `nil` when nobody said so.
  public var model: Model?
  /// Where the one who asked wanted it to be kept, in the words of an interface.
  public var location = ""
  /// In which folder there.
  public var folder = ""
  /// Whether it was urgent.
  public var isEmergency = false
  /// Which of its databases, as far as somebody said so.
  public var databases: [String] = []
  /// What it is packed with.
  public var codec = ""
  /// How often to try again after a failure.
  public var retries: Int = 0
  /// Nanoseconds between two attempts.
  public var retryInterval: UInt64 = 0
  /// How long it is kept; `nil` for until somebody deletes it.
  public var retention: Retention?
  /// Whether somebody has said that it never expires: rules of pruning leave it alone then.
  public var isKeptForever = false
  /// Whether what an interrupted attempt has left is kept, to go on with it.
  public var isResumable = false
  /// Whether it must not be deleted.
  public var isProtected = false
  /// Where in its life it is.
  public internal(set) var state = BackupState.queued
  /// How it came there, oldest first.
  public internal(set) var history: [BackupEvent] = []
  /// How large it is; zeros until it is complete.
  public var sizes = Sizes()
  /// Stands for all its content; empty until it is complete.
  public var contentRoot = ""
  /// When it was asked for.
  public var createdAt: Timestamp
  /// When something of this last changed.
  public internal(set) var updatedAt: Timestamp
  /// When its archive was last found to be sound.
  public var verifiedAt: Timestamp?
  /// Why it failed.
  public internal(set) var failure: Failure?
  /// The end of what the command that delivered the data wrote to its standard error.
  public var log = ""
  /// Where its source stood, in the words of the source: a place in a log, for one.
  public var position: String?
  /// Who asked for it.
  public var actor = ""

  /// Makes the record of a backup that is queued.
  ///
  /// - Parameters:
  ///   - id: identifies it.
  ///   - name: what people call it.
  ///   - instance: what is backed up.
  ///   - origin: by which interface.
  ///   - time: now.
  public init(id: BackupID, name: String, instance: String, origin: String, time: Timestamp) {
    self.id = id
    self.name = name
    self.instance = instance
    self.origin = origin
    createdAt = time
    updatedAt = time
    history = [BackupEvent(time, .queued)]
  }

  /// When it began; `nil` when it did not.
  public var startedAt: Timestamp? { history.first { $0.state == .running }?.time }

  /// When it was complete or given up; `nil` while it is not.
  public var endedAt: Timestamp? { history.first { $0.state.isFinal && $0.state != .skipped }?.time }

  /// When it may be deleted by itself; `nil` for never.
  public var expiresAt: Timestamp? { retention?.end(from: createdAt) }

  /// Whether its time is over, and nothing forbids to delete it.
  ///
  /// - Parameter now: the time.
  public func isExpired(at now: Timestamp) -> Bool {
    guard !isProtected, let expiresAt else { return false }
    return expiresAt <= now
  }

  /// Sets how long it is kept.
  ///
  /// - Parameters:
  ///   - choice: what was asked for.
  ///   - absent: what the repository says for all.
  mutating func keep(_ choice: BackupRequest.RetentionChoice, orElse absent: Retention?) {
    isKeptForever = choice == .forever
    retention =
      switch choice {
      case .repository: absent
      case .forever: nil
      case .limited(let retention): retention
      }
  }

  /// Whether a service that has left it unfinished makes it after its next start: it waits, or an attempt is left. What the
  /// command line has begun ends with its process.
  var hasAttemptsOfService: Bool {
    guard state.isActive, origin != "cli" else { return false }
    return state != .running || history.count { $0.state == .running } <= retries
  }

  /// Whether it came to nothing, and cannot be gone on with.
  var isUseless: Bool {
    switch state {
    case .failed: !isResumable
    case .canceled, .skipped, .deleteFailed: true
    default: false
    }
  }

  /// Moves it to another state.
  ///
  /// - Parameters:
  ///   - next: the state.
  ///   - time: now.
  ///   - reason: why.
  /// - Throws: ``BackupError`` with `illegalMove`.
  mutating func move(to next: BackupState, at time: Timestamp, _ reason: String? = nil) throws(BackupError) {
    guard state.mayBecome(next) else {
      throw BackupError(
        .illegalMove, "the backup '\(name)' is \(state.rawValue) and cannot become \(next.rawValue)", backups: [id])
    }
    state = next
    append(BackupEvent(time, next, reason))
  }

  /// Writes down that something happened that changes nothing of the state.
  mutating func note(_ reason: String, at time: Timestamp) {
    append(BackupEvent(time, state, reason))
  }

  /// The most events that are kept.
  static let maximumHistory = 1000

  /// Adds an event. Of very many, which thousands of attempts make, those in the middle are forgotten.
  private mutating func append(_ event: BackupEvent) {
    updatedAt = event.time
    history.append(event)
    if history.count > Self.maximumHistory { history.remove(at: Self.maximumHistory / 2) }
  }
}
