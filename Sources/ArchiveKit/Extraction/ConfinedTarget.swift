// SPDX-License-Identifier: Apache-2.0

/// The directory into which is extracted. Nothing done through it reaches outside, and no link is followed.
internal import CodecKit
internal import SystemIO

/// An open directory that several threads use.
final class SharedDirectory: Sendable {
  let handle: DirectoryHandle

  init(_ handle: consuming DirectoryHandle) { self.handle = handle }
}

/// A directory and the open directories below it that were used last.
final class ConfinedTarget: Sendable {
  private static let kept = 48

  private struct Cache {
    var directories: [[UInt8]: (directory: SharedDirectory, use: UInt64)] = [:]
    var uses: UInt64 = 0
  }

  private let top: SharedDirectory
  private let cache = Guarded(Cache())

  init(_ top: consuming DirectoryHandle) { self.top = SharedDirectory(top) }

  /// A directory below the top; the empty path is the top itself.
  func directory(_ path: [UInt8]) throws(IOError) -> SharedDirectory {
    if path.isEmpty { return top }
    let known = cache.withLock { cache -> SharedDirectory? in
      cache.uses += 1
      guard let found = cache.directories[path] else { return nil }
      cache.directories[path] = (found.directory, cache.uses)
      return found.directory
    }
    if let known { return known }
    let opened = SharedDirectory(try top.handle.openDirectory(beneath: Path(path), .noAccessTime))
    cache.withLock { cache in
      if cache.directories.count >= Self.kept,
        let oldest = cache.directories.min(by: { $0.value.use < $1.value.use })?.key
      {
        cache.directories[oldest] = nil
      }
      cache.directories[path] = (opened, cache.uses)
    }
    return opened
  }

  /// Forgets an open directory: another may get its name.
  func forget(_ path: [UInt8]) { cache.withLock { cache in cache.directories[path] = nil } }

  /// The directory of a path and the last component.
  func place(of path: [UInt8]) throws(IOError) -> (directory: SharedDirectory, name: [UInt8]) {
    guard let slash = path.lastIndex(of: EntryPath.slash) else { return (top, path) }
    return (try directory(Array(path[..<slash])), Array(path[(slash + 1)...]))
  }
}
