// SPDX-License-Identifier: Apache-2.0

/// A lock on a file that goes away with the process that holds it.
internal import CCodecs

/// A lock of an open file description over a whole file.
///
/// It is gone when the value goes away and when the process ends, however it ends. Two values exclude each other also
/// within one process. The lock binds only those who ask for it, and on a network file system as far as that carries it.
public struct FileLock: ~Copyable, Sendable {
  /// Who else may have a lock meanwhile.
  public enum Mode: Int32, Hashable, Sendable {
    /// Others may have a shared one.
    case shared = 1
    /// Nobody.
    case exclusive = 2
  }

  private let file: FileHandle
  /// Who else may have one.
  public let mode: Mode

  /// Takes the lock of a file, which is made if it is missing.
  ///
  /// - Parameters:
  ///   - path: the file; it is never removed, because whoever waits for it would lock what nobody else finds.
  ///   - mode: who else may have one.
  /// - Returns: the lock; `nil` when another one keeps it from being taken.
  /// - Throws: what the system answered.
  public static func take(_ path: Path, _ mode: Mode) throws(IOError) -> FileLock? {
    let file = try FileHandle.create(path, mode: FileMode(rawValue: 0o644), ifExists: .append, noFollow: true)
    let descriptor = file.descriptor
    let result = Syscalls.call(.lock, .descriptor(descriptor)) { _ in
      Int(ccodecs_lock_file(descriptor, mode.rawValue, 0))
    }
    if result >= 0 { return FileLock(file: file, mode: mode) }
    // Nothing was taken, so that nothing is given back.
    let error = Errno(result: result)
    if error == .wouldBlock || error == .accessDenied { return nil }
    throw IOError("lock", path: path, errno: error)
  }

  /// Whether an existing file is locked by anybody, so that this mode could not be taken now.
  ///
  /// - Parameters:
  ///   - path: the file; a missing one is not locked.
  ///   - mode: what would be taken.
  /// - Throws: what the system answered.
  public static func isTaken(_ path: Path, for mode: Mode) throws(IOError) -> Bool {
    let file: FileHandle
    do throws(IOError) { file = try FileHandle.open(path, .noFollow) } catch {
      if error.errno == .noSuchFile { return false }
      throw error
    }
    let descriptor = file.descriptor
    let result = try Syscalls.run(.lock, "look at the lock of", path: path, descriptor: descriptor) { _ in
      Int(ccodecs_file_is_locked(descriptor, mode.rawValue))
    }
    return result != 0
  }

  /// Replaces what stands in the locked file, which tells others who holds it. Nothing depends on it.
  ///
  /// - Parameter text: what is to stand there.
  /// - Throws: what the system answered.
  public func write(_ text: [UInt8]) throws(IOError) {
    try file.truncate(to: 0)
    // Opened for appending: that is the start now.
    if !text.isEmpty { try file.write(text) }
  }

  deinit {
    // Closing is not enough: a child that is just being started has the open file too, until it runs its program.
    let descriptor = file.descriptor
    _ = Syscalls.call(.lock, .descriptor(descriptor)) { _ in Int(ccodecs_lock_file(descriptor, 0, 0)) }
  }

  /// Gives the lock back; forgetting the value does the same.
  public consuming func release() {}
}
