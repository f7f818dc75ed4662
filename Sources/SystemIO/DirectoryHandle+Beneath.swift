// SPDX-License-Identifier: Apache-2.0

/// Opening by a path of several components without leaving the directory.
internal import CCodecs
internal import Glibc
internal import Synchronization

/// Whether the kernel has the call that does it at once; learned from its first refusal.
final class BeneathSupport: Sendable {
  static let kernel = BeneathSupport()

  private let missing: Atomic<Bool>

  init(isMissing: Bool = false) {
    missing = Atomic(isMissing)
  }

  var isMissing: Bool { missing.load(ordering: .relaxed) }

  func setMissing() { missing.store(true, ordering: .relaxed) }
}

extension DirectoryHandle {
  /// Opens a file by a path below this directory.
  ///
  /// No symbolic link is followed, neither on the way nor at the end, and nothing outside is reached, whatever happens
  /// to the tree meanwhile. The directories on the way need not be readable. The kernel does it in one call where it
  /// can; elsewhere the path is walked one component after the other, with the same result.
  ///
  /// - Parameters:
  ///   - path: The file: one or more names with one slash between each two. No name may be empty, `.` or `..`.
  ///   - options: How; `noFollow` is always on.
  /// - Returns: The handle.
  /// - Throws: `EINVAL` for any other path, before any call is made; `ELOOP` when a component is a link; else what the
  ///   system answered, such as `ENOTDIR`.
  public func openFile(beneath path: Path, _ options: FileHandle.OpenOptions = []) throws(IOError) -> FileHandle {
    try open(beneath: path, options, .kernel)
  }

  /// Opens a directory by a path below this one; same meaning as `openFile(beneath:)`.
  ///
  /// - Throws: `EINVAL` for a path that is not names with single slashes; `ELOOP` when a component is a link; else what
  ///   the system answered, such as `ENOTDIR`.
  public func openDirectory(
    beneath path: Path, _ options: FileHandle.OpenOptions = []
  ) throws(IOError) -> DirectoryHandle {
    DirectoryHandle(try open(beneath: path, options.union(.directory), .kernel))
  }

  /// `openFile(beneath:)` with a memory of its own of what the kernel can.
  func open(
    beneath path: Path, _ options: FileHandle.OpenOptions, _ support: BeneathSupport
  ) throws(IOError) -> FileHandle {
    let full = self.path.joining(path.bytes)
    let components = path.bytes.split(separator: Path.slash, omittingEmptySubsequences: false).map { Array($0) }
    for name in components where !DirectoryHandle.isComponent(name) {
      throw IOError("open", path: full, errno: .invalidArgument)
    }
    let result = try FileHandle.opening(options.flags | O_NOFOLLOW) { (flags: Int32) throws(IOError) -> Int in
      // One call takes 4095 bytes.
      if support.isMissing || path.count >= Int(PATH_MAX) { return try walk(components, flags, full) }
      return try openAtOnce(path, components, flags, full, support)
    }
    return FileHandle(owning: Int32(result), path: full)
  }

  private func openAtOnce(
    _ path: Path, _ components: [[UInt8]], _ flags: Int32, _ full: Path, _ support: BeneathSupport
  ) throws(IOError) -> Int {
    let directory = handle.descriptor
    // The call follows no link in any case; with this flag it says ENOTDIR for one that must be a directory.
    let flagsAtOnce = flags & ~O_NOFOLLOW
    do throws(IOError) {
      return try path.withCString("open") { (text: UnsafePointer<CChar>) throws(IOError) -> Int in
        try Syscalls.run(.openat2, "open", path: full) { _ in
          unsafe Int(ccodecs_open_beneath(directory, text, flagsAtOnce))
        }
      }
    } catch {
      switch error.errno {
      case .notImplemented:
        support.setMissing()
        return try walk(components, flags, full)
      case .notPermitted:
        // Either the file or, by a filter of calls, the call: if the walk gets there, it was the call.
        let result = try walk(components, flags, full)
        support.setMissing()
        return result
      case .wouldBlock:
        // The kernel gave up because somebody renamed meanwhile.
        return try walk(components, flags, full)
      default:
        throw error
      }
    }
  }

  /// Opens one component after the other; what is on the way is opened without a right to read it.
  private func walk(_ components: [[UInt8]], _ flags: Int32, _ full: Path) throws(IOError) -> Int {
    let onTheWay = ccodecs_path_only_flag() | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    var parent = FileHandle(borrowing: handle.descriptor, path: path)
    for name in components.dropLast() {
      let result = try openStep(name, in: parent.descriptor, onTheWay, full)
      parent = FileHandle(owning: Int32(result), path: full)
    }
    return try openStep(components[components.count - 1], in: parent.descriptor, flags, full)
  }

  private func openStep(
    _ name: [UInt8], in directory: Int32, _ flags: Int32, _ full: Path
  ) throws(IOError) -> Int {
    try Path(name).withCString("open") { (text: UnsafePointer<CChar>) throws(IOError) -> Int in
      do throws(IOError) {
        return try Syscalls.run(.openat, "open", path: full) { _ in
          unsafe Int(ccodecs_openat(directory, text, flags, 0))
        }
      } catch {
        // For a link that must be a directory the kernel says that it is none.
        guard error.errno == .notDirectory else { throw error }
        var raw = Glibc.stat()
        let result = Syscalls.call(.stat, .path(full)) { _ in
          unsafe Int(fstatat(directory, text, &raw, AT_SYMLINK_NOFOLLOW))
        }
        guard result == 0 && FileKind(modeBits: raw.st_mode) == .symbolicLink else { throw error }
        throw IOError("open", path: full, errno: .symbolicLinkLoop)
      }
    }
  }
}
