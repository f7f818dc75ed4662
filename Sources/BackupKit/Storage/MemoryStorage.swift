// SPDX-License-Identifier: Apache-2.0

/// A repository in memory, for tests and for what need not last.
public import ArchiveKit
public import SystemIO

/// Keeps objects in memory.
public final class MemoryStorage: BackupStorage {
  private struct State {
    var objects: [StorageName: [UInt8]] = [:]
    /// How many shared locks there are on a name; -1 stands for an exclusive one.
    var locks: [StorageName: Int] = [:]
    var isPrepared = false
  }

  private let state = Monitor(State())

  /// An empty one.
  public init() {}

  /// What it is called.
  public var place: [UInt8] { Array("memory".utf8) }

  /// There is no file.
  public var catalogue: Path? { nil }

  /// There is no directory.
  public var directory: FileStatus? { nil }

  /// Begins, if it has not begun.
  public func prepare() throws(BackupError) {
    let isFirst = state.withLock { state in
      defer { state.isPrepared = true }
      return !state.isPrepared
    }
    guard isFirst else { throw BackupError(.repositoryExists, "something is there already") }
  }

  /// The bytes of an object.
  public func contents(of name: StorageName, limit: Int) throws(BackupError) -> [UInt8]? {
    guard let bytes = state.withLock({ $0.objects[name] }) else { return nil }
    guard bytes.count <= limit else { throw BackupError(IOError("read", errno: .fileTooLarge)) }
    return bytes
  }

  /// Writes an object.
  public func put(_ name: StorageName, _ bytes: [UInt8]) throws(BackupError) {
    state.withLock { $0.objects[name] = bytes }
  }

  /// The names in a group.
  public func names(in folder: StorageFolder) throws(BackupError) -> [StorageName] {
    state.withLock { $0.objects.keys.filter { $0.folder == folder } }
  }

  /// How large an object is.
  public func size(of name: StorageName) throws(BackupError) -> UInt64? {
    state.withLock { $0.objects[name].map { UInt64($0.count) } }
  }

  /// An object, for reading.
  public func source(_ name: StorageName) throws(BackupError) -> any ArchiveSource {
    guard let bytes = state.withLock({ $0.objects[name] }) else {
      throw BackupError(.notFound, "there is no \(name)")
    }
    return MemoryArchiveSource(bytes)
  }

  /// Begins to write an archive.
  public func begin(_ name: StorageName) throws(BackupError) -> any StorageUpload {
    try delete(name)
    return MemoryUpload(self, name, [])
  }

  /// Goes on with an archive, or begins it.
  public func resume(_ name: StorageName) throws(BackupError) -> any StorageUpload {
    MemoryUpload(self, name, try contents(of: name, limit: .max) ?? [])
  }

  /// Removes an object.
  public func delete(_ name: StorageName) throws(BackupError) {
    state.withLock { $0.objects[name] = nil }
  }

  /// Takes a lock.
  public func lock(
    _ name: StorageName, _ mode: FileLock.Mode, holder: [UInt8]
  ) throws(BackupError) -> (any StorageLock)? {
    let isTaken = state.withLock { state in
      let held = state.locks[name] ?? 0
      guard mode == .shared ? held >= 0 : held == 0 else { return true }
      state.locks[name] = mode == .shared ? held + 1 : -1
      if mode == .exclusive { state.objects[name] = holder }
      return false
    }
    return isTaken ? nil : MemoryLock(self, name)
  }

  /// Removes what stands in a lock that nobody holds.
  public func clear(_ name: StorageName) throws(BackupError) -> Bool {
    state.withLock { state in
      guard (state.locks[name] ?? 0) == 0 else { return false }
      state.objects[name] = nil
      return true
    }
  }

  fileprivate func release(_ name: StorageName) {
    state.withLock { state in
      let held = state.locks[name] ?? 0
      if held < 0 { state.objects[name] = nil }
      state.locks[name] = held > 1 ? held - 1 : nil
    }
  }

  fileprivate func publish(_ bytes: [UInt8], as name: StorageName, replacing: Bool) throws(BackupError) {
    let isTaken = state.withLock { state in
      if !replacing, state.objects[name] != nil { return true }
      state.objects[name] = bytes
      return false
    }
    if isTaken { throw BackupError(IOError("publish", errno: .exists)) }
  }
}

private final class MemoryLock: StorageLock {
  private let storage: MemoryStorage
  private let name: StorageName
  private let isHeld = Monitor(true)

  init(_ storage: MemoryStorage, _ name: StorageName) {
    self.storage = storage
    self.name = name
  }

  func release() {
    let wasHeld = isHeld.withLock { held in
      defer { held = false }
      return held
    }
    if wasHeld { storage.release(name) }
  }

  deinit { release() }
}

private final class MemoryUpload: StorageUpload {
  private let storage: MemoryStorage
  private let name: StorageName
  private var bytes: [UInt8]

  init(_ storage: MemoryStorage, _ name: StorageName, _ bytes: [UInt8]) {
    self.storage = storage
    self.name = name
    self.bytes = bytes
  }

  func cut(at length: UInt64) throws(BackupError) { bytes.removeLast(bytes.count - min(bytes.count, Int(length))) }

  func suspend() { try? storage.put(name, bytes) }

  var written: UInt64 { UInt64(bytes.count) }

  func write(_ more: RawSpan) throws(ArchiveError) {
    unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  func source() throws(BackupError) -> any ArchiveSource { MemoryArchiveSource(bytes) }

  func publish(as name: StorageName, replacing: Bool) throws(BackupError) {
    try storage.publish(bytes, as: name, replacing: replacing)
    try storage.delete(self.name)
    bytes = []
  }

  func abandon() {
    bytes = []
    try? storage.delete(name)
  }
}
