// SPDX-License-Identifier: Apache-2.0

/// The temporary files that must not survive the process.
internal import Glibc

/// The temporary files of the process.
///
/// Creating, renaming and removing a registered file happens under the lock, so that whoever cleans up sees a name
/// either as a temporary file or as a committed one, never in between.
enum TemporaryRegistry {
  private static let names = Monitor<Set<Path>>([])

  /// Runs `create` and, if it succeeds, has registered `path`.
  static func creating(_ path: Path, _ create: () throws(IOError) -> FileHandle) throws(IOError) -> FileHandle {
    try names.withLock { (names: inout Set<Path>) throws(IOError) -> FileHandle in
      let file = try create()
      names.insert(path)
      return file
    }
  }

  /// Runs `finish`, which makes the file permanent or removes it, and forgets `path` if it succeeds.
  static func finishing(_ path: Path, _ finish: () throws(IOError) -> Void) throws(IOError) {
    try names.withLock { (names: inout Set<Path>) throws(IOError) in
      try finish()
      names.remove(path)
    }
  }

  static func insert(_ path: Path) {
    names.withLock { names in _ = names.insert(path) }
  }

  static func forget(_ path: Path) {
    names.withLock { names in _ = names.remove(path) }
  }

  static func contains(_ path: Path) -> Bool {
    names.withLock { names in names.contains(path) }
  }

  /// Removes every registered file, then runs `last` without giving up the lock, so that nothing is created or
  /// committed any more.
  static func removeAll(then last: () -> Void) {
    names.withLock { names in
      for path in names { try? FileSystem.remove(path) }
      names.removeAll()
      last()
    }
  }
}
