// SPDX-License-Identifier: Apache-2.0

/// The entries of one leaf of the tree, one after another.

/// Decodes a leaf while it is read, and checks it against what the directory says of it.
///
/// A block of a few kilobytes may hold entries whose paths would take gigabytes, so that only the last one is kept.
struct LeafCursor {
  private var decoder: TreeBlockDecoder
  private let offset: UInt64?
  private let expected: UInt64
  private let separator: [UInt8]
  private let next: [UInt8]?
  private var count: UInt64 = 0
  /// The entry before, in this leaf or the one before it.
  private(set) var last: ArchiveEntry?

  /// Opens a leaf.
  ///
  /// - Parameters:
  ///   - number: which one.
  ///   - last: the last entry of the leaf before; `nil` when it is not known.
  init(_ archive: ArchiveReader, leaf number: Int, after last: ArchiveEntry?) throws(ArchiveError) {
    let leaf = archive.leaves[number]
    self.last = last
    separator = leaf.separator
    next = number + 1 < archive.leaves.count ? archive.leaves[number + 1].separator : nil
    expected = leaf.entries
    if let bytes = archive.loose[number] {
      offset = nil
      decoder = TreeBlockDecoder(bytes, depth: archive.summary.superblock.depth)
      return
    }
    let block = try archive.member(leaf.ordinal).indexBlock(leaf.ordinal, leaf.block, .tree, digest: leaf.digest)
    offset = block.header.offset
    decoder = TreeBlockDecoder(block.raw, depth: leaf.ordinal)
    guard UInt64(block.header.count) == leaf.entries else { throw wrongCount }
  }

  /// Whether all entries that the leaf must have came.
  var isComplete: Bool { count == expected }

  /// The next entry; `nil` at the end of the leaf.
  mutating func nextEntry() throws(ArchiveError) -> ArchiveEntry? {
    guard let entry = try decoder.next() else {
      guard count == expected else { throw wrongCount }
      return nil
    }
    if let last { try Self.checkOrder(last, entry) }
    if entry.path.isEmpty, entry.kind != .directory {
      throw ArchiveError(.unsafeTree, "the top is no directory", path: entry.path)
    }
    if count == 0 && EntryPath.precedes(entry.path, separator)
      || next.map({ !EntryPath.precedes(entry.path, $0) }) == true
    {
      throw ArchiveError(.unsafeTree, "an entry stands in the wrong place", path: entry.path)
    }
    count += 1
    guard count <= expected else { throw wrongCount }
    last = entry
    return entry
  }

  private var wrongCount: ArchiveError {
    .corrupt("a leaf has another number of entries than is said of it", at: offset)
  }

  /// Throws unless two entries may follow one another.
  static func checkOrder(_ before: ArchiveEntry, _ entry: ArchiveEntry) throws(ArchiveError) {
    guard EntryPath.precedes(before.path, entry.path) else {
      throw ArchiveError(.unsafeTree, "entries are doubled or not in order", path: entry.path)
    }
    // What is below something follows it at once, so this finds everything below what is no directory.
    if before.kind != .directory, EntryPath.isBeneath(entry.path, before.path) {
      throw ArchiveError(.unsafeTree, "an entry stands below what is no directory", path: entry.path)
    }
  }
}
