// SPDX-License-Identifier: Apache-2.0

/// What a writer counts and keeps until the end.
internal import CodecKit

/// A frame that waits for its turn.
enum PendingFrame {
  /// A data block, and the job that packs it.
  case block(DataBlock, Deferred<CodecError?>?)
  /// A block of the index, and the digest of its raw bytes.
  case index(FrameDescription, [UInt8], SHA256Digest)
  /// The raw bytes of a checkpoint behind the place of the one before.
  case checkpoint([UInt8], leaves: Int, number: UInt64)
}

/// Counters and tables of a writer.
struct ArchiveWriterState {
  private(set) var blocks: [BlockRecord] = []
  private(set) var index: [IndexRecord] = []
  private(set) var leaves: [LeafRecord] = []
  /// Entries in tree blocks of this archive.
  var treeEntries: UInt64 = 0
  /// Index blocks that have been given a number.
  var indexBlocks: UInt64 = 0
  /// Chunks in blocks that have been closed.
  var closedChunks: UInt64 = 0
  var rawBytes: UInt64 = 0
  private(set) var storedBytes: UInt64 = 0
  var dataBytes: UInt64 = 0

  /// Checkpoints made so far.
  private(set) var checkpoints: UInt64 = 0
  /// Where the last one stands; zero before the first.
  var lastCheckpoint: UInt64 = 0
  private(set) var leavesSinceCheckpoint: [LeafRecord] = []
  /// Tree blocks of this archive before this one have been named by an earlier checkpoint.
  private var namedBlocks: UInt64 = 0
  var newSinceCheckpoint: UInt64 = 0
  var inputSinceCheckpoint: UInt64 = 0
  /// Entries in leaves of this archive when the last checkpoint was made.
  private(set) var entriesAtCheckpoint: UInt64 = 0

  mutating func add(_ leaf: LeafRecord, depth: UInt32) {
    leaves.append(leaf)
    // Of an archive that is gone on with, leaves come again.
    if leaf.ordinal < depth || leaf.block >= namedBlocks { leavesSinceCheckpoint.append(leaf) }
  }

  /// A leaf that counts for those alone who do not see the end.
  mutating func add(provisional block: UInt64, entries: UInt64, depth: UInt32) {
    treeEntries += entries
    leavesSinceCheckpoint.append(
      LeafRecord(separator: [], entries: entries, ordinal: depth, block: block, digest: .zero))
  }

  mutating func wrote(block header: FrameHeader) {
    blocks.append(
      BlockRecord(
        offset: header.offset, firstChunk: header.first, storedLength: header.storedLength,
        rawLength: header.rawLength))
    storedBytes += UInt64(header.storedLength)
  }

  mutating func wrote(index header: FrameHeader, _ digest: SHA256Digest) {
    index.append(
      IndexRecord(
        offset: header.offset, storedLength: header.storedLength, rawLength: header.rawLength, digest: digest))
  }

  /// Raw bytes of new chunks until the next checkpoint: an eighth of what is there, so that a small archive that is cut
  /// has not lost all names.
  func checkpointInterval(atMost limit: UInt64) -> UInt64 { min(limit, max(1 << 20, rawBytes / 8)) }

  /// The raw bytes of a checkpoint, from behind the place of the one before up to the open file.
  func checkpointHead(depth: UInt32) -> FieldWriter {
    var writer = FieldWriter()
    writer.fixed(closedChunks)
    writer.fixed(indexBlocks)
    writer.fixed(treeEntries)
    writer.varint(leavesSinceCheckpoint.count)
    for leaf in leavesSinceCheckpoint {
      if depth > 0 { writer.varint(UInt64(leaf.ordinal)) }
      writer.varint(leaf.block)
      writer.varint(leaf.entries)
    }
    return writer
  }

  mutating func didCheckpoint(entries: UInt64) {
    checkpoints += 1
    leavesSinceCheckpoint = []
    newSinceCheckpoint = 0
    inputSinceCheckpoint = 0
    entriesAtCheckpoint = entries
  }
}

extension ArchiveWriterState {
  /// Goes on where an archive was interrupted.
  init(_ unfinished: UnfinishedArchive) {
    let superblock = unfinished.superblock
    self.init()
    let member = unfinished.reader.own
    blocks = member.blocks.found
    index = member.index.found
    indexBlocks = UInt64(index.count)
    closedChunks = member.ids.count
    for block in blocks {
      rawBytes += UInt64(block.rawLength)
      storedBytes += UInt64(block.storedLength)
    }
    for header in unfinished.headers where header.kind == FrameKind.checkpoint.rawValue {
      checkpoints += 1
      lastCheckpoint = header.offset
    }
    for header in unfinished.headers where header.kind == FrameKind.tree.rawValue {
      treeEntries += UInt64(header.count)
      // These the next checkpoint will name, whether they are used again or not.
      guard header.offset > lastCheckpoint else { continue }
      leavesSinceCheckpoint.append(
        LeafRecord(
          separator: [], entries: UInt64(header.count), ordinal: superblock.depth, block: header.first,
          digest: .zero))
    }
    namedBlocks = indexBlocks
  }
}
