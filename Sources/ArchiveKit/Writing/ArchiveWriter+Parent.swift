// SPDX-License-Identifier: Apache-2.0

/// What a writer takes from the parent, and from what an interrupted attempt has left.
internal import CodecKit

extension ArchiveWriter {
  /// What the parent has under a path. Paths must be asked for in the order of the tree.
  func parentEntry(at path: [UInt8]) throws(ArchiveError) -> ParentEntry? {
    if let found = try unfinishedTree?.entry(at: path) { return found }
    if parentTree == nil { return nil }
    return try readingParent { () throws(ArchiveError) in try parentTree?.entry(at: path) }
  }

  /// Reads something of the parent. Who is told of an error learns that neither the source nor the new archive is at fault.
  func readingParent<Result>(_ body: () throws(ArchiveError) -> Result) throws(ArchiveError) -> Result {
    do throws(ArchiveError) { return try body() } catch { throw error.inParent(options.parentName) }
  }

  /// The depth of the archive.
  var depth: UInt32 { superblock.depth }

  /// Links that are new in this archive get numbers from here on.
  var firstLinkGroup: UInt64 {
    // No more than there were entries.
    unfinished?.reader.leaves.reduce(0) { $0 &+ $1.entries } ?? 0
  }

  /// Takes over what an interrupted attempt had read of a file that has begun.
  ///
  /// - Returns: the bytes that need not be read again.
  func takeBeginning(of entry: ArchiveEntry, _ stamp: Stamp?) throws(ArchiveError) -> UInt64 {
    guard let unfinished, let stamp, let open = unfinished.openFile, open.path == entry.path, Stamp(of: open) == stamp,
      open.modificationTime == entry.modificationTime
    else { return 0 }
    for run in try unfinished.reader.runs(of: open) {
      switch run {
      case .hole(let length): try note(.hole(length))
      case .chunks(let ordinal, let first, let count, _):
        // Where the data of a parent is elsewhere, the file is read from its start.
        guard let lengths = try? unfinished.lengths(ordinal, first..<(first + count)) else {
          try restartFile()
          return 0
        }
        let ids = try unfinished.reader.ids(ordinal, first..<(first + count))
        try note(.known(ChunkReference(ordinal: ordinal, number: first), zip(ids, lengths).map { ($0, $1) }))
      }
    }
    return open.size
  }

  /// Where the parent has a chunk that is not in this archive.
  func inParent(_ bytes: RawSpan, id: SHA256Digest) throws(ArchiveError) -> ChunkReference? {
    try readingParent { () throws(ArchiveError) in
      if let known = try file?.inPlace(id, length: bytes.byteCount) { return known }
      guard let parent = options.parent, !table.contains(id) else { return nil }
      // What has not changed at all needs no table.
      if parentChunks == nil {
        parentChunks = try ParentChunks(parent, maximumBytes: options.parentTableBytes)
      }
      return try parentChunks?.find(id)
    }
  }
}
