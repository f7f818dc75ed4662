// SPDX-License-Identifier: Apache-2.0

/// A file that is kept when it is not completed, so that the work can go on later.
internal import CCodecs

/// A new file under construction, named after its target with `.partial` at the end.
///
/// Unlike an `AtomicFile` it outlives the process: whatever ends the work leaves what was written, and whoever opens it
/// again finds it. The target is what it was until `commit` returns.
public struct ResumableFile: ~Copyable, Sendable {
  /// What is appended to the name of the target.
  public static let suffix = ".partial"

  /// The name the file will have.
  public let target: Path
  /// The name it has until then.
  public let partial: Path
  /// The bytes that were there when it was opened.
  public let length: UInt64
  private let file: FileHandle

  /// Creates the file, or opens what is left of an earlier attempt.
  ///
  /// - Parameter target: the name the file will have.
  /// - Throws: what the system answered: `ELOOP` and `EPERM` when something else stands in its place, `EAGAIN` when
  ///   somebody is at it.
  public init(_ target: Path) throws(IOError) {
    let partial = target.appending(suffix: Self.suffix)
    let file: FileHandle
    do throws(IOError) {
      file = try FileHandle.create(partial, mode: .ownerOnly)
    } catch {
      guard error.errno == .exists else { throw IOError(error.operation, path: target, errno: error.errno) }
      file = try FileHandle.open(partial, [.writable, .noFollow, .nonBlocking])
    }
    let status = try file.status()
    // Somebody else's file could be changed behind our back.
    guard status.kind == .regular, status.uid == Machine.effectiveUser else {
      throw IOError("go on with", path: partial, errno: .notPermitted)
    }
    // Two who go on with one file would spoil it for both. The lock goes with the handle.
    let descriptor = file.descriptor
    _ = try Syscalls.run(.lock, "go on with", path: partial, descriptor: descriptor) { _ in
      Int(ccodecs_lock_file(descriptor, FileLock.Mode.exclusive.rawValue, 0))
    }
    self.target = target
    self.partial = partial
    self.file = file
    length = UInt64(max(0, status.size))
  }

  /// Forgets what lies behind a place; writing goes on from there.
  public func cut(at length: UInt64) throws(IOError) {
    try file.truncate(to: Int64(clamping: length))
    _ = try file.seek(to: Int64(clamping: length), from: .start)
  }

  /// Writes all of `bytes` at the end.
  public func write(_ bytes: RawSpan) throws(IOError) {
    do throws(IOError) { try file.write(bytes) } catch {
      throw IOError(error.operation, path: target, errno: error.errno)
    }
  }

  /// Gives the file its name.
  ///
  /// - Parameters:
  ///   - replacing: whether a file of that name is replaced; if not, one that exists makes this throw `EEXIST`.
  ///   - sync: whether to wait until file and name are on the device.
  public consuming func commit(replacing: Bool, sync: Bool) throws(IOError) {
    try file.apply(FileAttributes { $0.mode = FileMode.allReadWrite.removing(FileMode.creationMask) })
    if sync { try file.sync() }
    if replacing {
      try FileSystem.rename(partial, to: target)
    } else {
      do throws(IOError) {
        try FileSystem.renameWithoutFallback(partial, to: target)
      } catch {
        guard FileSystem.needsLinkFallback(error.errno) else { throw error }
        try FileSystem.makeHardLink(target, to: partial)
        try FileSystem.remove(partial)
      }
    }
    if sync { try FileSystem.syncDirectory(target.parent) }
  }
}
