// SPDX-License-Identifier: Apache-2.0

/// The directories between the root of a tree and the place where it is being read.
internal import SystemIO

/// An open directory, to be passed around.
final class OpenDirectory {
  let handle: DirectoryHandle

  init(_ handle: consuming DirectoryHandle) { self.handle = handle }
}

/// A directory whose names are being visited.
struct SourceDirectory {
  /// Its path in the archive.
  let path: [UInt8]
  /// What it was when its names were read.
  let status: FileStatus
  /// The file system that the tree may be limited to.
  let fileSystem: UInt64
  /// Closed in the middle of deep trees.
  fileprivate(set) var open: OpenDirectory?
  /// How many components the path has.
  let depth: Int
  private let names: [DirectoryEntry]
  private var next = 0

  init(_ open: OpenDirectory, _ path: [UInt8], _ status: FileStatus, fileSystem: UInt64, names: [DirectoryEntry]) {
    self.open = open
    self.path = path
    self.status = status
    self.fileSystem = fileSystem
    self.names = names
    depth = path.isEmpty ? 0 : path.reduce(1) { $0 + ($1 == EntryPath.slash ? 1 : 0) }
  }

  /// The next name to visit; `nil` after the last.
  mutating func nextName() -> DirectoryEntry? {
    guard next < names.count else { return nil }
    next += 1
    return names[next - 1]
  }

  /// Leaves out the names that have not been visited.
  mutating func giveUp() { next = names.count }
}

/// The directories from a root down. However deep it is, only some of them are open: the last ones, and of the others
/// every 64th, from which the way to those between is not long.
struct DirectoryStack {
  private static let span = 64

  private var levels: [SourceDirectory] = []

  var isEmpty: Bool { levels.isEmpty }

  mutating func push(_ level: SourceDirectory) {
    levels.append(level)
    let old = levels.count - 1 - Self.span
    if old > 0, !old.isMultiple(of: Self.span) { levels[old].open = nil }
  }

  mutating func removeLast() { levels.removeLast() }

  /// The next name of the last directory, and that directory's path; `nil` when there is none left.
  mutating func nextName() -> DirectoryEntry? { levels[levels.count - 1].nextName() }

  /// The last directory.
  var last: SourceDirectory { levels[levels.count - 1] }

  /// Leaves out what has not been visited of the last directory.
  mutating func giveUp() { levels[levels.count - 1].giveUp() }

  /// The last directory, opened again if need be.
  ///
  /// - Throws: what the system answered; `ENOENT` when another directory is there now.
  mutating func opened() throws(IOError) -> OpenDirectory {
    let index = levels.count - 1
    let level = levels[index]
    if let open = level.open { return open }
    let anchor = index / Self.span * Self.span
    guard let above = levels[anchor].open else {
      throw IOError("open", path: Path(level.path), errno: .badDescriptor)
    }
    let way = level.path.dropFirst(levels[anchor].path.isEmpty ? 0 : levels[anchor].path.count + 1)
    let open = OpenDirectory(try above.handle.openDirectory(beneath: Path(Array(way)), .noAccessTime))
    guard try open.handle.status().isSameFile(as: level.status) else {
      throw IOError("open", path: open.handle.path, errno: .noSuchFile)
    }
    levels[index].open = open
    return open
  }
}
