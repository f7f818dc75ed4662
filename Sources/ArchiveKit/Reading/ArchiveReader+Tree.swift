// SPDX-License-Identifier: Apache-2.0

/// Entries of an archive: one by its path, or all in order.
internal import CodecKit

extension ArchiveReader {
  /// The entry of a path.
  ///
  /// - Parameter path: the path; a `/` at the end is no part of it.
  /// - Returns: the entry; `nil` when there is none.
  /// - Throws: what says that the archive is damaged.
  public func entry(at path: [UInt8]) throws(ArchiveError) -> ArchiveEntry? {
    guard let leaf = leafIndex(of: path) else { return nil }
    var cursor = try LeafCursor(self, leaf: leaf, after: nil)
    while let entry = try cursor.nextEntry() {
      if entry.path == path { return entry }
      if EntryPath.precedes(path, entry.path) { break }
    }
    return nil
  }

  /// All entries, or those below a path, in the order of the tree.
  ///
  /// - Parameter path: a directory, or one file. Default: everything.
  public func entries(beneath path: [UInt8] = []) -> EntryCursor { EntryCursor(self, beneath: [path]) }

  /// The entries at and below several paths, each once, in the order of the tree. What lies between them is not read.
  ///
  /// - Parameter paths: directories or files, in any order; none means everything.
  public func entries(beneathAnyOf paths: [[UInt8]]) -> EntryCursor {
    EntryCursor(self, beneath: paths.isEmpty ? [[]] : paths)
  }

  /// The last leaf that does not begin after a path.
  func leafIndex(of path: [UInt8]) -> Int? {
    var (low, high) = (0, leaves.count)
    while low < high {
      let middle = (low + high) / 2
      if EntryPath.precedes(path, leaves[middle].separator) { high = middle } else { low = middle + 1 }
    }
    return low > 0 ? low - 1 : nil
  }

  /// The pieces of a file's content, wherever they are kept.
  ///
  /// - Parameter entry: a file of this archive.
  public func runs(of entry: ArchiveEntry) throws(ArchiveError) -> [ContentRun] {
    if case .runs(let runs) = entry.content { return runs }
    var runs: [ContentRun] = []
    try forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in runs.append(run) }
    return runs
  }

  /// Visits the pieces of a file's content; holds no more of them than stand in one block.
  func forEachRun(
    of entry: ArchiveEntry, _ body: (ContentRun) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    switch entry.content {
    case .runs(let runs): for run in runs { try body(run) }
    case .maps(let maps):
      for map in maps {
        for run in try self.runs(of: map) { try body(run) }
      }
    }
  }

  /// The pieces that a map names.
  func runs(of map: MapReference) throws(ArchiveError) -> [ContentRun] {
    let block = try member(map.ordinal).indexBlock(map.ordinal, map.block, .map, digest: map.digest)
    let runs = try MapBlock.decode(block.raw, depth: map.ordinal, length: map.length)
    guard runs.count == Int(block.header.count) else {
      throw .corrupt("a map has another number of runs than is said of it", at: block.header.offset)
    }
    return runs
  }
}

/// Entries of an archive, one after another.
///
/// What is read of the tree is checked on the way: order, doubled paths, entries below what is no directory.
public struct EntryCursor {
  private let archive: ArchiveReader
  /// What is wanted: paths in the order of the tree, none below another. The first is the one that is looked for.
  private var tops: ArraySlice<[UInt8]>
  private var leaf: Int
  private var current: LeafCursor?
  private var last: ArchiveEntry?

  init(_ archive: ArchiveReader, beneath paths: [[UInt8]]) {
    self.archive = archive
    var tops: [[UInt8]] = []
    for path in paths.sorted(by: EntryPath.precedes) where tops.last.map({ EntryPath.isBeneath(path, $0) }) != true {
      tops.append(path)
    }
    self.tops = tops[...]
    leaf = tops.first.flatMap(archive.leafIndex) ?? 0
  }

  /// Whether the entry that came last was the last of its leaf.
  var isAtLeafEnd: Bool { current?.isComplete ?? true }

  /// Goes on behind a leaf that could not be read, or not to its end.
  ///
  /// - Returns: a path at or before the first entry that is passed over.
  mutating func skipLeaf() -> [UInt8] {
    guard leaf < archive.leaves.count else { return [] }
    let path = current?.last?.path ?? archive.leaves[leaf].separator
    leaf += 1
    current = nil
    last = nil
    return path
  }

  /// The next entry; `nil` at the end.
  ///
  /// - Throws: what says that the archive is damaged.
  public mutating func next() throws(ArchiveError) -> ArchiveEntry? {
    while leaf < archive.leaves.count {
      if current == nil { current = try LeafCursor(archive, leaf: leaf, after: last) }
      guard let entry = try current?.nextEntry() else {
        last = current?.last
        current = nil
        leaf += 1
        continue
      }
      // Everything below a path stands together.
      while let top = tops.first, !EntryPath.isBeneath(entry.path, top), EntryPath.precedes(top, entry.path) {
        tops = tops.dropFirst()
      }
      guard let top = tops.first else { return nil }
      if EntryPath.isBeneath(entry.path, top) { return entry }
      skip(to: top)
    }
    return nil
  }

  /// Goes on with the leaf of a path, unless it is the one that is being read.
  private mutating func skip(to path: [UInt8]) {
    guard let place = archive.leafIndex(of: path), place > leaf else { return }
    leaf = place
    current = nil
    last = nil
  }
}
