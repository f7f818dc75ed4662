// SPDX-License-Identifier: Apache-2.0

/// A repository in a folder of a file system.
public import ArchiveKit
public import SystemIO

/// Keeps objects as files below one folder.
public final class DirectoryStorage: BackupStorage {
  private let root: Path

  /// A storage below a folder, which need not exist.
  ///
  /// - Parameter root: the folder.
  public init(_ root: Path) { self.root = root }

  /// The folder's name.
  public var place: [UInt8] { root.bytes }

  /// The file of the catalogue.
  public var catalogue: Path? { root.joining("catalogue.sqlite") }

  /// The folder, as the file system knows it.
  public var directory: FileStatus? { try? FileSystem.status(of: root) }

  private func path(_ folder: StorageFolder) -> Path {
    folder == .root ? root : root.joining(folder.rawValue)
  }

  private func path(_ name: StorageName) -> Path { path(name.folder).joining(name.key) }

  /// Makes the folders, which nobody but their owner can look into. The folder itself may exist if it is empty.
  public func prepare() throws(BackupError) {
    try wrapping { () throws(IOError) in
      if try FileSystem.exists(root) {
        guard try DirectoryReader.entries(of: root).isEmpty else { throw IOError("use", path: root, errno: .exists) }
      } else {
        try FileSystem.makeDirectory(root, mode: .privateDirectory)
      }
      for folder in StorageFolder.allCases where folder != .root {
        try FileSystem.makeDirectory(path(folder), mode: .privateDirectory)
      }
      try FileSystem.syncDirectory(root)
      try FileSystem.syncDirectory(root.parent)
    }
    keepReserve()
  }

  /// The bytes of a small object.
  public func contents(of name: StorageName, limit: Int) throws(BackupError) -> [UInt8]? {
    do throws(IOError) { return try FileSystem.contents(of: path(name), limit: limit) } catch {
      if error.errno == .noSuchFile || error.errno == .notDirectory { return nil }
      throw BackupError(error)
    }
  }

  /// Writes a small object: temporary file, fsync, rename, fsync of the folder.
  public func put(_ name: StorageName, _ bytes: [UInt8]) throws(BackupError) {
    try wrapping { () throws(IOError) in
      var file = try AtomicFile(path(name))
      try file.write(bytes)
      let attributes = FileAttributes { $0.mode = FileMode(rawValue: 0o600) }
      try file.commit(replacing: true, attributes: attributes, sync: true)
    }
  }

  /// The names in a group.
  public func names(in folder: StorageFolder) throws(BackupError) -> [StorageName] {
    let entries: [DirectoryEntry]
    do throws(IOError) { entries = try DirectoryReader.entries(of: path(folder)) } catch {
      if error.errno == .noSuchFile { return [] }
      throw BackupError(error)
    }
    return entries.filter { !TemporaryName.matches($0.name) && $0.kind != .directory }.map {
      StorageName(folder, String(decoding: $0.name, as: UTF8.self))
    }
  }

  /// How large an object is.
  public func size(of name: StorageName) throws(BackupError) -> UInt64? {
    do throws(IOError) { return UInt64(clamping: try FileSystem.status(of: path(name)).size) } catch {
      if error.errno == .noSuchFile { return nil }
      throw BackupError(error)
    }
  }

  /// An object, for reading.
  public func source(_ name: StorageName) throws(BackupError) -> any ArchiveSource {
    do throws(ArchiveError) { return try FileArchiveSource(path(name)) } catch {
      if error.system?.errno == .noSuchFile { throw BackupError(.notFound, "there is no \(name)") }
      throw BackupError(error)
    }
  }

  /// Begins to write an archive.
  public func begin(_ name: StorageName) throws(BackupError) -> any StorageUpload {
    do throws(IOError) {
      return try DirectoryUpload(path(name), root: root, isResumable: false)
    } catch {
      throw BackupError(error)
    }
  }

  /// Goes on with an archive, or begins it.
  public func resume(_ name: StorageName) throws(BackupError) -> any StorageUpload {
    do throws(IOError) {
      return try DirectoryUpload(path(name), root: root, isResumable: true)
    } catch {
      throw BackupError(error)
    }
  }

  /// Removes an object, and makes that durable.
  public func delete(_ name: StorageName) throws(BackupError) {
    do throws(IOError) { try FileSystem.remove(path(name), syncingDirectory: true) } catch {
      if error.errno == .noSuchFile { return }
      throw BackupError(error)
    }
  }

  /// Takes a lock of an open file description.
  public func lock(
    _ name: StorageName, _ mode: FileLock.Mode, holder: [UInt8]
  ) throws(BackupError) -> (any StorageLock)? {
    do throws(IOError) {
      guard let lock = try FileLock.take(path(name), mode) else { return nil }
      if mode == .exclusive {
        // The lock holds without it, and on a full disk too.
        do throws(IOError) { try lock.write(holder) } catch { guard error.isLackOfRoom else { throw error } }
      }
      return DirectoryLock(lock)
    } catch {
      throw BackupError(error)
    }
  }

  /// Removes what stands in a lock that nobody holds.
  public func clear(_ name: StorageName) throws(BackupError) -> Bool {
    do throws(IOError) {
      guard let lock = try FileLock.take(path(name), .exclusive) else { return false }
      try lock.write([])
      return true
    } catch {
      throw BackupError(error)
    }
  }

  private var reserve: DirectoryReserve { DirectoryReserve(root.joining("reserve")) }

  /// Keeps a MiB in files that hold nothing.
  public func keepReserve() {
    // Without it all is well but for deletions on a full disk.
    try? reserve.keep()
  }

  /// Removes the files that hold nothing.
  public func releaseReserve() throws(BackupError) -> Bool {
    do throws(IOError) { return try reserve.release() } catch { throw BackupError(error) }
  }

  private func wrapping(_ body: () throws(IOError) -> Void) throws(BackupError) {
    do throws(IOError) { try body() } catch {
      if error.errno == .exists || error.errno == .notDirectory {
        throw BackupError(.repositoryExists, "something is there already, and it is no empty folder")
      }
      throw BackupError(error)
    }
  }
}

/// A lock of a file.
private final class DirectoryLock: StorageLock {
  private let lock: Monitor<FileLock?>

  init(_ lock: consuming FileLock) { self.lock = Monitor(consume lock) }

  func release() {
    let held = lock.withLock { $0.take() }
    guard let held else { return }
    // The text is for those who are kept out; nobody is any more.
    if held.mode == .exclusive { try? held.write([]) }
    held.release()
  }

  deinit { release() }
}

/// A file in `partial`.
private final class DirectoryUpload: StorageUpload {
  private let path: Path
  private let root: Path
  private var file: FileHandle?
  private var isSettled = false
  private(set) var written: UInt64 = 0

  init(_ path: Path, root: Path, isResumable: Bool) throws(IOError) {
    self.path = path
    self.root = root
    if isResumable {
      // Writes go to the end, wherever that is after a cut.
      let opened = try FileHandle.create(path, mode: .ownerOnly, ifExists: .append, noFollow: true)
      written = UInt64(clamping: try opened.status().size)
      file = consume opened
      return
    }
    do throws(IOError) { try FileSystem.remove(path) } catch {
      if error.errno != .noSuchFile { throw error }
    }
    file = try FileHandle.create(path, mode: .ownerOnly)
    Signals.registerTemporary(path)
  }

  func cut(at length: UInt64) throws(BackupError) {
    do throws(IOError) { try file?.truncate(to: Int64(clamping: length)) } catch { throw BackupError(error) }
    written = length
  }

  func suspend() {
    isSettled = true
    file = nil
  }

  deinit { abandon() }

  func write(_ bytes: RawSpan) throws(ArchiveError) {
    do throws(IOError) { try file?.write(bytes) } catch { throw ArchiveError(error) }
    written += UInt64(bytes.byteCount)
  }

  func source() throws(BackupError) -> any ArchiveSource {
    do throws(ArchiveError) { return try FileArchiveSource(path) } catch { throw BackupError(error) }
  }

  func publish(as name: StorageName, replacing: Bool) throws(BackupError) {
    let folder = root.joining(name.folder.rawValue)
    let target = folder.joining(name.key)
    do throws(IOError) {
      guard let file = file.take() else { throw IOError("publish", path: path, errno: .badDescriptor) }
      try file.sync()
      try file.close()
      if replacing {
        try FileSystem.rename(path, to: target)
      } else {
        try FileSystem.renameExclusively(path, to: target)
      }
      isSettled = true
      Signals.forgetTemporary(path)
      try FileSystem.syncDirectory(folder)
      try FileSystem.syncDirectory(path.parent)
    } catch {
      throw BackupError(error)
    }
  }

  func abandon() {
    guard !isSettled else { return }
    isSettled = true
    file = nil
    try? FileSystem.remove(path)
    Signals.forgetTemporary(path)
  }
}
