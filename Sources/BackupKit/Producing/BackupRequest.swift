// SPDX-License-Identifier: Apache-2.0

/// What is asked for when a backup is made.
public import ArchiveKit

/// Which backup an increment builds on.
public enum ParentChoice: Hashable, Sendable {
  /// None: a full backup.
  case none
  /// The newest complete backup of the instance, or none when there is none.
  case automatic
  /// This one.
  case backup(BackupID)
}

/// What is to be backed up, and under which name.
public struct BackupRequest: Sendable {
  /// What its name and description may be; `nil` for what the repository says. Default: `nil`.
  public var rules: BackupRules?
  /// The name; `nil` for one made from the time. Default: `nil`.
  public var name: String?
  /// What it is for. Default: nothing.
  public var description: String?
  /// What is backed up: two backups of one instance are never made at the same time, and an increment and its parent
  /// are of one instance.
  public var instance: String
  /// Whose it is. Default: nobody's.
  public var account = ""
  /// By which interface it is made. Default: `cli`.
  public var origin = "cli"
  /// What it builds on. Default: nothing.
  public var parent = ParentChoice.none
  /// Why it is made. Default: manually.
  public var kind = BackupRecord.Kind.manual
  /// The program that the data is from. Default: unknown.
  public var engine = ""
  /// The version of that program. Default: unknown.
  public var engineVersion = ""
  /// What the data is. Default: not said.
  public var model: BackupRecord.Model?
  /// Where the one who asks wants it to be kept, in the words of an interface. Default: not said.
  public var location = ""
  /// In which folder there. Default: not said.
  public var folder = ""
  /// Whether it is urgent. Default: `false`.
  public var isEmergency = false
  /// Which of its databases. Default: not said.
  public var databases: [String] = []
  /// How long it is kept. Default: what the repository says.
  public var retention = RetentionChoice.repository
  /// Whether it is protected from the beginning. Default: `false`.
  public var isProtected = false
  /// How often to try again after a failure. Default: 0.
  public var retries = 0
  /// Whether what an interrupted attempt has left is kept, and the newest backup of the instance that was interrupted so
  /// is gone on with, instead of a new one. It keeps its identifier, and its name, unless another name is asked for: then
  /// it must have that. Default: `false`.
  public var resumes = false
  /// Nanoseconds between two attempts. Default: a minute.
  public var retryInterval: UInt64 = 60_000_000_000
  /// Who asks for it. Default: not said.
  public var actor = ""
  /// What it is packed with, in the words of the one who asks. Default: not said.
  public var codec = ""
  /// How the archive is written. Identity, time and the fields that the record knows are set by the repository.
  public var archive = ArchiveWriterOptions()
  /// Whether the archive is read back and checked before it counts. Default: `false`.
  public var verifies = false

  /// How long a backup is to be kept.
  public enum RetentionChoice: Hashable, Sendable {
    /// As the repository says for all.
    case repository
    /// Until somebody deletes it.
    case forever
    /// For a time.
    case limited(Retention)
  }

  /// Asks for a full backup of an instance.
  ///
  /// - Parameter instance: what is backed up.
  public init(instance: String) { self.instance = instance }

  /// Asks for a full backup of an instance, changed by `configure`.
  ///
  /// - Parameters:
  ///   - instance: what is backed up.
  ///   - configure: changes the request.
  public init(instance: String, _ configure: (inout Self) -> Void) {
    self.init(instance: instance)
    configure(&self)
  }
}

/// Who is told while something long is done, and who may end it.
public struct BackupObserver {
  /// How far it is.
  public struct Progress: Hashable, Sendable {
    /// Bytes read of the source.
    public var bytesRead: UInt64 = 0
    /// Bytes written to the repository.
    public var bytesWritten: UInt64 = 0

    /// At the beginning.
    public init() {}
  }

  /// Is told how far it is, often.
  public var progress: (Progress) -> Void = { _ in }
  /// Is asked whether to give up, often.
  public var isCancelled: () -> Bool = { false }
  /// Is told of each thing of the source that could not be taken as it is.
  public var warn: (TreeWarning) -> Void = { _ in }
  /// Is told what happened that changes nothing: that a new attempt begins, for one.
  public var note: (String) -> Void = { _ in }

  /// Nobody.
  public init() {}

  /// Somebody, as `configure` says.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }
}
