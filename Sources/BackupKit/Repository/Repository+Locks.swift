// SPDX-License-Identifier: Apache-2.0

/// Who may work on an instance, and who must wait.
internal import CodecKit
internal import SystemIO

/// Locks that are held together, and given back together.
final class HeldLocks: Sendable {
  private let locks: [any StorageLock]

  init(_ locks: [any StorageLock]) { self.locks = locks }

  /// Gives them back.
  func release() { for lock in locks { lock.release() } }

  deinit { release() }
}

extension Repository {
  /// The lock of the repository as a whole: shared by all who change something, exclusive for a rebuild. The name is that
  /// of no instance, since a percent sign is followed by digits there.
  static let wholeLock = StorageName(.locks, "%all")

  /// The lock of an instance.
  ///
  /// - Parameter instance: any text.
  static func lockName(of instance: String) -> StorageName {
    let plain = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-".utf8)
    var key = ""
    for (index, byte) in instance.utf8.enumerated() {
      if plain.contains(byte) || byte == UInt8(ascii: ".") && index > 0 {
        key.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        key += "%" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    // File systems have names of 255 bytes.
    if key.utf8.count > 200 {
      key = "\(key.prefix(160))-\(SHA256.hash(Array(instance.utf8)).description.prefix(32))"
    }
    return StorageName(.locks, key)
  }

  /// Takes the lock of an instance, and with it a part of that of the repository.
  ///
  /// - Parameters:
  ///   - instance: the instance.
  ///   - mode: exclusive for whoever changes backups of it, shared for whoever reads them.
  ///   - operation: what it is taken for, such as `create`.
  /// - Throws: ``BackupError`` with `locked`, which names the holder.
  func lock(_ instance: String, _ mode: FileLock.Mode, _ operation: String) throws(BackupError) -> HeldLocks {
    let holder = LockHolder(operation: operation, at: clock())
    do throws(BackupError) {
      guard let whole = try storage.lock(Self.wholeLock, .shared, holder: []) else {
        throw lockedError("the repository is locked", Self.wholeLock)
      }
      let name = Self.lockName(of: instance)
      guard let own = try storage.lock(name, mode, holder: holder.bytes) else {
        throw lockedError("'\(instance)' is locked", name)
      }
      return HeldLocks([own, whole])
    } catch {
      // What nobody can write, nobody can change: reading needs no lock then.
      guard mode == .shared, let errno = error.system?.errno, errno == .readOnlyFileSystem || errno == .accessDenied
      else { throw error }
      return HeldLocks([])
    }
  }

  /// Whether nobody works on an instance at this moment.
  func isFree(_ instance: String) throws(BackupError) -> Bool {
    do throws(BackupError) {
      try lock(instance, .exclusive, "settle").release()
      return true
    } catch {
      guard error.code == .locked else { throw error }
      return false
    }
  }

  /// Takes the lock of the whole repository.
  static func lockAll(
    of storage: any BackupStorage, _ operation: String, at time: Timestamp
  ) throws(BackupError) -> HeldLocks {
    let holder = LockHolder(operation: operation, at: time)
    guard let whole = try storage.lock(wholeLock, .exclusive, holder: holder.bytes) else {
      // Who has a part of it has one of the others too, and stands there.
      for name in try storage.names(in: .locks) {
        if let holder = try storage.contents(of: name, limit: 1 << 16).flatMap({ LockHolder($0) }) {
          throw BackupError(.locked, "the repository is in use: \(holder)", holder: holder)
        }
      }
      throw BackupError(.locked, "the repository is in use")
    }
    return HeldLocks([whole])
  }

  private func lockedError(_ what: String, _ name: StorageName) -> BackupError {
    let known = (try? readHolder(of: name)) ?? nil
    return BackupError(.locked, known.map { "\(what): \($0)" } ?? what, holder: known)
  }

  private func readHolder(of name: StorageName) throws(BackupError) -> LockHolder? {
    try storage.contents(of: name, limit: 1 << 16).flatMap { LockHolder($0) }
  }

  /// Removes what stands in locks that nobody holds: what a process that was killed has left behind, which disturbs
  /// nobody. A lock that is held is never broken. What a service has left for its next start is given up.
  ///
  /// - Returns: how many had something in them, and who holds the others.
  /// - Throws: what the storage throws.
  public func unlock() throws(BackupError) -> (cleared: Int, held: [LockHolder]) {
    var cleared = 0
    var held: [LockHolder] = []
    for name in try storage.names(in: .locks) {
      let text = try storage.contents(of: name, limit: 1 << 16) ?? []
      if try storage.clear(name) {
        if !text.isEmpty { cleared += 1 }
      } else if let holder = LockHolder(text) {
        held.append(holder)
      }
    }
    for instance in Set(try records().map(\.instance)).sorted() { try settle(instance) { _ in true } }
    return (cleared, held)
  }
}
