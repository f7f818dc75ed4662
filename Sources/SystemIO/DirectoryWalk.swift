// SPDX-License-Identifier: Apache-2.0

/// Everything below a directory.

/// Something found by a walk.
public struct WalkEntry: Hashable, Sendable {
  /// The root of the walk with the names joined.
  public let path: Path
  /// The names below the root, so 1 for what is directly in it.
  public let depth: Int
  /// What it is; never `unknown` unless its status could not be had.
  public let kind: FileKind
}

/// Visits everything below a directory, each directory before its content, and never follows a symbolic link.
///
/// The names of a directory are read at once, and it is closed before what is below is opened, so that the depth costs
/// no descriptors.
public struct DirectoryWalk: ~Copyable {
  private struct Level {
    let path: Path
    let device: UInt64
    let inode: UInt64
    var entries: [DirectoryEntry]
  }

  private let sorted: Bool
  private let maximumDepth: Int
  private var levels: [Level] = []
  private var pending: WalkEntry?

  /// Begins a walk.
  ///
  /// - Parameters:
  ///   - root: The directory; if it is a symbolic link, it is followed.
  ///   - sorted: Whether the names of each directory come in the order of their bytes. Default: `true`.
  ///   - maximumDepth: The greatest depth. Default: 4096.
  /// - Throws: What the system answered when the root could not be read.
  public init(_ root: Path, sorted: Bool = true, maximumDepth: Int = 4096) throws(IOError) {
    self.sorted = sorted
    self.maximumDepth = maximumDepth
    try enter(root, noFollow: false)
  }

  /// The next thing; nil at the end.
  ///
  /// A directory that cannot be read, lies too deep or is its own ancestor throws once, after it was returned itself;
  /// call again to go on behind it.
  ///
  /// - Throws: What the system answered, with the path of the directory; `ELOOP` for one that lies too deep or is its
  ///   own ancestor.
  public mutating func next() throws(IOError) -> WalkEntry? {
    if let directory = pending {
      pending = nil
      if directory.depth >= maximumDepth {
        throw IOError("descend into", path: directory.path, errno: .symbolicLinkLoop)
      }
      try enter(directory.path, noFollow: true)
    }
    while let level = levels.last {
      guard !level.entries.isEmpty else {
        levels.removeLast()
        continue
      }
      let depth = levels.count
      let entry = levels[depth - 1].entries.removeLast()
      let path = level.path.joining(entry.name)
      let kind: FileKind
      if entry.kind == .unknown {
        kind = try FileSystem.linkStatus(of: path).kind
      } else {
        kind = entry.kind
      }
      let found = WalkEntry(path: path, depth: depth, kind: kind)
      if kind == .directory { pending = found }
      return found
    }
    return nil
  }

  /// Leaves out what is below the directory that `next` returned last; does nothing after anything else.
  public mutating func skipDescendants() {
    pending = nil
  }

  private mutating func enter(_ path: Path, noFollow: Bool) throws(IOError) {
    var reader = try DirectoryReader(path, noFollow: noFollow)
    let status = try reader.status()
    // Links are not followed, so only a mount can make a directory its own ancestor.
    if levels.contains(where: { $0.device == status.device && $0.inode == status.inode }) {
      throw IOError("descend into", path: path, errno: .symbolicLinkLoop)
    }
    var entries = try reader.remaining(sorted: sorted)
    // Taken from the end.
    entries.reverse()
    levels.append(Level(path: path, device: status.device, inode: status.inode, entries: entries))
  }
}
