// SPDX-License-Identifier: Apache-2.0

/// Where the archives are that an increment is made upon.
public import SystemIO

/// Finds archives, or their detached indexes, by what a descendant says of them.
public protocol AncestorFinder: Sendable {
  /// Offers what may be an ancestor, the most likely first, until something is accepted.
  ///
  /// - Parameters:
  ///   - ancestor: what is looked for. Its UUID helps to find it; what it holds decides, which the caller checks.
  ///   - accept: looks at a source, called so by people; `true` ends the search.
  func find(
    _ ancestor: Ancestor, accept: (any ArchiveSource, String) throws(ArchiveError) -> Bool
  ) throws(ArchiveError)
}

/// Looks for ancestors in folders: by the name that the descendant remembers, then in every archive and index.
public struct FolderAncestors: AncestorFinder {
  private static let suffixes = [".cka", ".ckx"].map { Array($0.utf8) }
  private let folders: [Path]

  /// Looks in folders, the first one first.
  public init(_ folders: [Path]) { self.folders = folders }

  /// Offers archives before indexes, because an archive has the data as well.
  public func find(
    _ ancestor: Ancestor, accept: (any ArchiveSource, String) throws(ArchiveError) -> Bool
  ) throws(ArchiveError) {
    let hint = ancestor.name.contains(EntryPath.slash) || ancestor.name.contains(0) ? [] : ancestor.name
    if !hint.isEmpty {
      for folder in folders where try offer(folder.joining(hint), accept) { return }
    }
    for suffix in Self.suffixes {
      for folder in folders {
        for name in Self.names(in: folder, suffix) where name != hint {
          if try offer(folder.joining(name), accept) { return }
        }
      }
    }
  }

  private func offer(
    _ path: Path, _ accept: (any ArchiveSource, String) throws(ArchiveError) -> Bool
  ) throws(ArchiveError) -> Bool {
    // What cannot be opened is not what is looked for; should nothing be, that is said.
    guard let source = try? FileArchiveSource(path) else { return false }
    return try accept(source, path.lossyString)
  }

  private static func names(in folder: Path, _ suffix: [UInt8]) -> [[UInt8]] {
    var names: [[UInt8]] = []
    do throws(IOError) {
      var reader = try DirectoryHandle(folder).reader()
      while let entry = try reader.next() {
        if entry.name.count > suffix.count, entry.name.suffix(suffix.count).elementsEqual(suffix) {
          names.append(entry.name)
        }
      }
    } catch {
      return names
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }
}
