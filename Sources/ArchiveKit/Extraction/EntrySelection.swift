// SPDX-License-Identifier: Apache-2.0

/// Which entries are wanted, and under which path they come out.

/// Chooses entries by path and pattern.
struct EntrySelection: Sendable {
  /// What is looked at; everything when there is none.
  let paths: [[UInt8]]
  private let included: [Glob]
  private let excluded: [Glob]
  private let stripped: Int

  init(_ options: ExtractionOptions) {
    paths = options.paths.map { path in
      var path = path[...]
      while path.last == EntryPath.slash { path.removeLast() }
      if path.elementsEqual([UInt8(ascii: ".")]) { path = [] }
      if path.starts(with: [UInt8(ascii: "."), EntryPath.slash]) { path = path.dropFirst(2) }
      return Array(path)
    }
    included = options.included
    excluded = options.excluded
    stripped = options.stripComponents
  }

  /// Whether nothing is left out.
  var isEverything: Bool { paths.isEmpty && included.isEmpty && excluded.isEmpty }

  /// The path under which an entry comes out; `nil` when it does not.
  ///
  /// - Parameter found: gets the index of each path that the entry belongs to.
  func target(of entry: ArchiveEntry, _ found: inout Set<Int>) -> [UInt8]? {
    if !paths.isEmpty {
      var isWanted = false
      for (index, path) in paths.enumerated() where EntryPath.isBeneath(entry.path, path) {
        isWanted = true
        found.insert(index)
      }
      if !isWanted { return nil }
    }
    if !included.isEmpty, !matches(included, entry) { return nil }
    if !excluded.isEmpty, matches(excluded, entry) { return nil }
    guard stripped > 0 else { return entry.path }
    let parts = entry.path.split(separator: EntryPath.slash)
    return parts.count > stripped ? Array(parts.dropFirst(stripped).joined(separator: [EntryPath.slash])) : nil
  }

  /// Whether a pattern matches the path, or one of the directories above it.
  private func matches(_ patterns: [Glob], _ entry: ArchiveEntry) -> Bool {
    var path: [UInt8]? = entry.path
    var isDirectory = entry.kind == .directory
    while let current = path, !current.isEmpty {
      for pattern in patterns where isDirectory || !pattern.matchesOnlyFolders {
        if pattern.matches(current) { return true }
      }
      path = EntryPath.parent(of: current)
      isDirectory = true
    }
    return false
  }
}
