// SPDX-License-Identifier: Apache-2.0

/// The tree of the parent, beside the one that is being written.
internal import CodecKit

/// A leaf of the parent's tree, decoded.
final class ParentLeaf: Sendable {
  /// The archive whose tree it is.
  let archive: ArchiveReader
  let record: LeafRecord
  let entries: [ArchiveEntry]
  /// What was known of each entry's file; empty when nothing was of any.
  let stamps: [Stamp?]
  /// The raw bytes of its block.
  let length: Int

  /// Reads a leaf.
  init(_ parent: ArchiveReader, _ number: Int) throws(ArchiveError) {
    archive = parent
    record = parent.leaves[number]
    let member = try parent.member(record.ordinal)
    length = Int(try member.index.record(try member.place(record.ordinal, index: record.block)).rawLength)
    var cursor = try LeafCursor(parent, leaf: number, after: nil)
    var entries: [ArchiveEntry] = []
    entries.reserveCapacity(Int(clamping: min(record.entries, 1 << 16)))
    var pathBytes = 0
    while let entry = try cursor.nextEntry() {
      pathBytes += entry.path.count
      guard pathBytes <= Self.maximumPathBytes else {
        throw ArchiveError(.limitExceeded, "the paths of a leaf of the parent take more memory than any should")
      }
      entries.append(entry)
    }
    self.entries = entries
    stamps = try member.stamps(ofLeaf: record, entries: entries.count)
  }

  /// Paths stand in a block by what they do not share, so that a small one may hold very long ones.
  private static let maximumPathBytes = 256 << 20

  func stamp(_ index: Int) -> Stamp? { stamps.isEmpty ? nil : stamps[index] }
}

/// An entry of the parent's tree.
struct ParentEntry {
  let leaf: ParentLeaf
  let index: Int

  var entry: ArchiveEntry { leaf.entries[index] }
  var stamp: Stamp? { leaf.stamp(index) }
}

/// Finds entries of the parent by paths that come in the order of the tree.
struct ParentTree {
  private let parent: ArchiveReader
  private let leaves: ArraySlice<LeafRecord>
  private var leaf: ParentLeaf?
  private var index = 0
  /// The leaf after the one that is open.
  private var next = 0

  init(_ parent: ArchiveReader) {
    self.parent = parent
    // What a checkpoint tells of an open file is no leaf.
    leaves = parent.leaves.dropLast(parent.loose.count)
  }

  /// The parent's entry of a path; `nil` when it has none, or when the path is before one that was asked for.
  mutating func entry(at path: [UInt8]) throws(ArchiveError) -> ParentEntry? {
    while true {
      guard let leaf, index < leaf.entries.count else {
        guard try openLeaf(for: path) else { return nil }
        continue
      }
      if leaf.entries[index].path == path { return ParentEntry(leaf: leaf, index: index) }
      if EntryPath.precedes(path, leaf.entries[index].path) { return nil }
      index += 1
    }
  }

  /// Opens the next leaf that may hold a path or one behind it.
  private mutating func openLeaf(for path: [UInt8]) throws(ArchiveError) -> Bool {
    while next + 1 < leaves.count, !EntryPath.precedes(path, leaves[next + 1].separator) { next += 1 }
    guard next < leaves.count, !EntryPath.precedes(path, leaves[next].separator) else { return false }
    leaf = try ParentLeaf(parent, next)
    index = 0
    next += 1
    return true
  }
}

extension ChainMember {
  /// The stamps of a tree block's entries; none when there is no stamps block behind it.
  func stamps(ofLeaf leaf: LeafRecord, entries: Int) throws(ArchiveError) -> [Stamp?] {
    guard let place = try? place(leaf.ordinal, index: leaf.block + 1) else { return [] }
    let record = try index.record(place)
    guard try frames.header(at: record.offset).kind == FrameKind.stamps.rawValue else { return [] }
    let raw = try indexBlock(leaf.ordinal, leaf.block + 1, .stamps, digest: record.digest).raw
    guard raw.count == entries * Stamp.size else {
      throw .corrupt("a block of stamps belongs to another leaf", at: record.offset)
    }
    var reader = FieldReader(raw)
    var stamps: [Stamp?] = []
    stamps.reserveCapacity(entries)
    for _ in 0..<entries { stamps.append(try Stamp(&reader)) }
    return stamps
  }
}

extension ArchiveReader {
  /// The ids of chunks.
  func ids(_ ordinal: UInt32, _ chunks: Range<UInt64>) throws(ArchiveError) -> [SHA256Digest] {
    try idTable(ordinal).records(chunks)
  }

  /// The id of a chunk.
  func id(_ chunk: ChunkReference) throws(ArchiveError) -> SHA256Digest {
    try idTable(chunk.ordinal).record(chunk.number)
  }

  /// The bytes of a file, holes not counted.
  func dataLength(of entry: ArchiveEntry) throws(ArchiveError) -> UInt64 {
    guard entry.kind == .file, entry.size > 0 else { return 0 }
    var length: UInt64 = 0
    try forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
      if case .chunks(_, _, _, let bytes) = run { length += bytes }
    }
    return length
  }
}
