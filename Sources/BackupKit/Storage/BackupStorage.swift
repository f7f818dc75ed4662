// SPDX-License-Identifier: Apache-2.0

/// Where a repository keeps its objects. Nothing above it may assume files or paths.
public import ArchiveKit
public import SystemIO

/// A group of objects in a repository.
public enum StorageFolder: String, Hashable, Sendable, CaseIterable {
  /// What the repository says of itself.
  case root = ""
  /// Archives of complete backups.
  case archives
  /// Records of all backups.
  case state
  /// Detached indexes.
  case indexes
  /// Archives that are being written.
  case partial
  /// Locks.
  case locks
}

/// The name of an object.
public struct StorageName: Hashable, Sendable, CustomStringConvertible {
  /// The group it is in.
  public let folder: StorageFolder
  /// Its name there: ASCII letters, digits, `-`, `_`, `.` and `%`.
  public let key: String

  /// Makes a name.
  ///
  /// - Parameters:
  ///   - folder: the group.
  ///   - key: the name there.
  public init(_ folder: StorageFolder, _ key: String) {
    self.folder = folder
    self.key = key
  }

  /// What a repository says of itself.
  public static let repository = StorageName(.root, "repository.json")

  /// The archive of a backup.
  public static func archive(_ id: BackupID) -> StorageName { StorageName(.archives, "\(id).cka") }
  /// The record of a backup.
  public static func state(_ id: BackupID) -> StorageName { StorageName(.state, "\(id).json") }
  /// The detached index of a backup.
  public static func index(_ id: BackupID) -> StorageName { StorageName(.indexes, "\(id).ckx") }
  /// The archive of a backup that is being made.
  public static func partial(_ id: BackupID) -> StorageName { StorageName(.partial, "\(id).cka") }

  /// The detached index of a backup that is being made.
  public static func partialIndex(_ id: BackupID) -> StorageName { StorageName(.partial, "\(id).ckx") }

  /// The backup that an object belongs to; nil when its name is not that of one.
  public var backup: BackupID? {
    guard let dot = key.lastIndex(of: ".") else { return nil }
    return BackupID(String(key[..<dot]))
  }

  /// Group and name, with a slash between.
  public var description: String { folder == .root ? key : "\(folder.rawValue)/\(key)" }
}

/// A lock that somebody holds. It is given back when the value goes away, and when the process ends.
public protocol StorageLock: AnyObject, Sendable {
  /// Gives the lock back.
  func release()
}

/// An object that is being written: nobody sees it under its name before it is published.
///
/// One that goes away without being published is removed.
public protocol StorageUpload: ArchiveOutput {
  /// How many bytes have been written.
  var written: UInt64 { get }

  /// Throws away what stands behind a length, to go on from there.
  ///
  /// - Parameter length: how much is kept; at most what is there.
  func cut(at length: UInt64) throws(BackupError)

  /// Ends the writing, and keeps what is there for ``BackupStorage/resume(_:)``.
  func suspend()

  /// What has been written so far, for reading it back.
  func source() throws(BackupError) -> any ArchiveSource

  /// Makes it durable and gives it a name, at once and as a whole.
  ///
  /// - Parameters:
  ///   - name: the name.
  ///   - replacing: whether an object of that name is replaced; without that, one that exists is an error.
  func publish(as name: StorageName, replacing: Bool) throws(BackupError)

  /// Gives it up.
  func abandon()
}

/// Keeps the objects of a repository.
///
/// What a method has returned from is durable. Several processes may use one storage at the same time.
public protocol BackupStorage: AnyObject, Sendable {
  /// What to call it in messages, as bytes of a path or an address.
  var place: [UInt8] { get }

  /// Where the catalogue lies as a file; `nil` when it is to be kept in memory and read from the records each time.
  var catalogue: Path? { get }

  /// The directory that must not be backed up because it is the repository itself; `nil` when there is none.
  var directory: FileStatus? { get }

  /// Makes what an empty repository needs.
  ///
  /// - Throws: ``BackupError`` with `repositoryExists` when there is something at that place.
  func prepare() throws(BackupError)

  /// The bytes of a small object; `nil` when there is none of that name.
  ///
  /// - Parameters:
  ///   - name: the object.
  ///   - limit: the most bytes that are read; more is an error.
  func contents(of name: StorageName, limit: Int) throws(BackupError) -> [UInt8]?

  /// Writes a small object, or replaces it, at once and as a whole.
  ///
  /// - Parameters:
  ///   - name: the object.
  ///   - bytes: its bytes.
  func put(_ name: StorageName, _ bytes: [UInt8]) throws(BackupError)

  /// The names in a group, in any order; those of unfinished objects of other groups are not among them.
  ///
  /// - Parameter folder: the group.
  func names(in folder: StorageFolder) throws(BackupError) -> [StorageName]

  /// How large an object is; `nil` when there is none of that name.
  ///
  /// - Parameter name: the object.
  func size(of name: StorageName) throws(BackupError) -> UInt64?

  /// An object, for reading any part of it.
  ///
  /// - Parameter name: the object.
  /// - Throws: ``BackupError`` with `notFound`, or what the system answered.
  func source(_ name: StorageName) throws(BackupError) -> any ArchiveSource

  /// Begins to write an archive. One of the same name in `partial` that is there already is thrown away.
  ///
  /// - Parameter name: a name in `partial`.
  func begin(_ name: StorageName) throws(BackupError) -> any StorageUpload

  /// Goes on with an archive whose writing was interrupted, or begins it. It is kept when this process ends.
  ///
  /// - Parameter name: a name in `partial`.
  /// - Returns: an upload that begins with what is there.
  func resume(_ name: StorageName) throws(BackupError) -> any StorageUpload

  /// Removes an object.
  ///
  /// - Parameter name: the object; one that is missing is fine.
  func delete(_ name: StorageName) throws(BackupError)

  /// Takes a lock.
  ///
  /// - Parameters:
  ///   - name: a name in `locks`; it need not exist.
  ///   - mode: who else may have it.
  ///   - holder: stands in an exclusive lock, for others to read.
  /// - Returns: the lock; `nil` when somebody else's keeps it from being taken.
  func lock(
    _ name: StorageName, _ mode: FileLock.Mode, holder: [UInt8]
  ) throws(BackupError) -> (any StorageLock)?

  /// Removes what stands in a lock that nobody holds.
  ///
  /// - Parameter name: the lock.
  /// - Returns: whether nobody held it.
  func clear(_ name: StorageName) throws(BackupError) -> Bool

  /// Keeps some room for the moment when nothing else is free, if it is not kept yet and can be had.
  func keepReserve()

  /// Gives up the room that was kept.
  ///
  /// - Returns: whether there was any.
  func releaseReserve() throws(BackupError) -> Bool
}

extension BackupStorage {
  /// Does nothing: what cannot be full keeps no room.
  public func keepReserve() {}

  /// Does nothing: there is none.
  public func releaseReserve() throws(BackupError) -> Bool { false }
}
