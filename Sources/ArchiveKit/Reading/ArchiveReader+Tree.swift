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
    return try entries(inLeaf: leaf).first { $0.path == path }
  }

  /// All entries, or those below a path, in the order of the tree.
  ///
  /// - Parameter path: a directory, or one file. Default: everything.
  public func entries(beneath path: [UInt8] = []) -> EntryCursor { EntryCursor(self, beneath: path) }

  /// The last leaf that does not begin after a path.
  func leafIndex(of path: [UInt8]) -> Int? {
    var (low, high) = (0, leaves.count)
    while low < high {
      let middle = (low + high) / 2
      if EntryPath.precedes(path, leaves[middle].separator) { high = middle } else { low = middle + 1 }
    }
    return low > 0 ? low - 1 : nil
  }

  /// The entries of a leaf, checked against what the directory says of them.
  func entries(inLeaf number: Int) throws(ArchiveError) -> [ArchiveEntry] {
    if let entries = loose[number] { return entries }
    let leaf = leaves[number]
    let block = try indexBlock(leaf.block, .tree, digest: leaf.digest)
    var decoder = TreeBlockDecoder(block.raw, depth: summary.superblock.depth)
    var entries: [ArchiveEntry] = []
    entries.reserveCapacity(min(Int(clamping: leaf.entries), 1 << 16))
    while let entry = try decoder.next() {
      if let last = entries.last {
        try Self.checkOrder(last, entry)
      } else if EntryPath.precedes(entry.path, leaf.separator) {
        throw ArchiveError(.unsafeTree, "an entry stands in the wrong place", path: entry.path)
      }
      entries.append(entry)
    }
    guard UInt64(entries.count) == leaf.entries, entries.count == Int(block.header.count), let last = entries.last
    else { throw .corrupt("a leaf has another number of entries than is said of it", at: block.header.offset) }
    if number + 1 < leaves.count, !EntryPath.precedes(last.path, leaves[number + 1].separator) {
      throw ArchiveError(.unsafeTree, "an entry stands in the wrong place", path: last.path)
    }
    return entries
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
    if entry.path.isEmpty, entry.kind != .directory {
      throw ArchiveError(.unsafeTree, "the top is no directory")
    }
  }

  /// A block of the index: its raw bytes have the digest that is said of them.
  func indexBlock(
    _ number: UInt64, _ kind: FrameKind, digest: SHA256Digest
  ) throws(ArchiveError) -> (header: FrameHeader, raw: [UInt8]) {
    let record = try index.record(number)
    let frame = try frames.frame(at: record.offset, kind, storedLength: record.storedLength)
    guard frame.header.first == number else {
      throw .corrupt("a block of the index has another number", at: record.offset)
    }
    let raw = try PayloadUnpacker(summary.superblock, registry).unpack(frame)
    guard SHA256.hash(raw) == digest else {
      throw ArchiveError(
        .checksumMismatch, "a block of the index is not what its digest says", offset: frame.bodyOffset)
    }
    return (frame.header, raw)
  }

  /// The pieces of a file's content, wherever they are kept.
  ///
  /// - Parameter entry: a file of this archive.
  public func runs(of entry: ArchiveEntry) throws(ArchiveError) -> [ContentRun] {
    switch entry.content {
    case .runs(let runs): return runs
    case .maps(let maps):
      var runs: [ContentRun] = []
      for map in maps {
        let block = try indexBlock(map.block, .map, digest: map.digest)
        runs += try MapBlock.decode(block.raw, depth: summary.superblock.depth, length: map.length)
      }
      return runs
    }
  }
}

/// Entries of an archive, one after another.
///
/// The whole tree is checked on the way: order, doubled paths, entries below what is no directory.
public struct EntryCursor {
  private let archive: ArchiveReader
  private let top: [UInt8]
  private var leaf: Int
  private var entries: [ArchiveEntry] = []
  private var position = 0
  private var last: ArchiveEntry?

  init(_ archive: ArchiveReader, beneath top: [UInt8]) {
    self.archive = archive
    self.top = top
    leaf = archive.leafIndex(of: top) ?? 0
  }

  /// Whether the entry that came last was the last of its leaf.
  var isAtLeafEnd: Bool { position == entries.count }

  /// Goes on behind a leaf that could not be read.
  ///
  /// - Returns: a path at or before the first entry that is passed over.
  mutating func skipLeaf() -> [UInt8] {
    guard leaf < archive.leaves.count else { return [] }
    leaf += 1
    last = nil
    return archive.leaves[leaf - 1].separator
  }

  /// The next entry; `nil` at the end.
  ///
  /// - Throws: what says that the archive is damaged.
  public mutating func next() throws(ArchiveError) -> ArchiveEntry? {
    while true {
      while position == entries.count {
        guard leaf < archive.leaves.count else { return nil }
        entries = try archive.entries(inLeaf: leaf)
        leaf += 1
        position = 0
        if let last, let first = entries.first { try ArchiveReader.checkOrder(last, first) }
        last = entries.last
      }
      let entry = entries[position]
      position += 1
      if EntryPath.isBeneath(entry.path, top) { return entry }
      // Everything below a path stands together.
      if EntryPath.precedes(top, entry.path) { return nil }
    }
  }
}
