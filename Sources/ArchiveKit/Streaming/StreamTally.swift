// SPDX-License-Identifier: Apache-2.0

/// What has been seen of a stream, to be compared with what its end says.
internal import CodecKit

/// The digests of the frames of a table, made from its records one by one.
private struct RunningTable: ~Copyable {
  private var frame = SHA256()
  private var inFrame = 0
  private(set) var digests: [SHA256Digest] = []
  private(set) var count: UInt64 = 0

  mutating func add(_ record: [UInt8]) {
    frame.update(record)
    inFrame += 1
    count += 1
    if inFrame == TableShape.recordsPerFrame { close() }
  }

  /// Ends the last frame.
  mutating func close() {
    guard inFrame > 0 else { return }
    digests.append(frame.finish())
    frame.reset()
    inFrame = 0
  }

  /// Throws unless a frame has the records that were seen.
  func check(_ found: Frame, frame number: Int) throws(ArchiveError) {
    let first = UInt64(number) * UInt64(TableShape.recordsPerFrame)
    guard number < digests.count, found.header.codec == 0, found.header.first == first,
      UInt64(found.header.count) == min(count - first, UInt64(TableShape.recordsPerFrame)),
      SHA256.hash(found.body) == digests[number]
    else { throw .corrupt("a table does not say what is in the archive", at: found.header.offset) }
  }
}

/// Counts what comes, and checks tables, directory and footer.
final class StreamTally {
  /// A leaf that was seen.
  private struct Leaf {
    var ordinal: UInt32
    var block: UInt64
    var entries: UInt64
    var digest: SHA256Digest
    var first: [UInt8]
    var last: [UInt8]
  }

  private(set) var chunks: UInt64 = 0
  private(set) var indexBlocks: UInt64 = 0
  /// Entries in leaves that have come, provisional ones among them.
  private(set) var entries: UInt64 = 0
  /// Those in leaves that the directory must name.
  private var lastingEntries: UInt64 = 0
  private(set) var checkpoints: UInt64 = 0
  /// The bytes of all entries that have been looked at, holes not counted.
  private(set) var dataBytes: UInt64 = 0

  private var storedBytes: UInt64 = 0
  private var rawBytes: UInt64 = 0
  private var ids = RunningTable()
  private var blocks = RunningTable()
  private var index = RunningTable()
  private var lastCheckpoint: UInt64 = 0
  /// The leaves since the checkpoint before.
  private var pending: [Checkpoint.Leaf] = []
  /// Those that the directory must name.
  private var lasting: [(block: UInt64, entries: UInt64, digest: SHA256Digest)] = []
  private var leaves: [Leaf] = []
  /// How many of these have been looked at.
  private var looked = 0
  /// Entries in all leaves that have been looked at.
  private var seenEntries: UInt64 = 0

  // The end.
  private var heldDirectory: [(header: FrameHeader, raw: [UInt8])] = []
  private var runs: [FrameKind: (run: Footer.Run, frames: Int)] = [:]
  private var directory = SHA256()
  private var named = 0
  private var superblockCopy: UInt64 = 0
  private var lastOfEnd: UInt8 = 0

  // MARK: - Content

  func add(_ block: DecodedBlock) {
    let header = block.header
    var writer = FieldWriter(capacity: SHA256Digest.byteCount)
    for chunk in block.chunks {
      writer.removeAll()
      writer.digest(chunk.id)
      ids.add(writer.bytes)
    }
    writer.removeAll()
    BlockRecord(
      offset: header.offset, firstChunk: header.first, storedLength: header.storedLength, rawLength: header.rawLength
    ).write(to: &writer)
    blocks.add(writer.bytes)
    chunks = header.first + UInt64(header.count)
    storedBytes += UInt64(header.storedLength)
    rawBytes += UInt64(header.rawLength)
  }

  /// Chunks that did not come.
  func skip(chunksTo next: UInt64) { chunks = max(chunks, next) }

  /// Takes an index block.
  func add(index header: FrameHeader, _ digest: SHA256Digest) {
    var writer = FieldWriter(capacity: IndexRecord.size)
    IndexRecord(
      offset: header.offset, storedLength: header.storedLength, rawLength: header.rawLength, digest: digest
    ).write(to: &writer)
    index.add(writer.bytes)
    indexBlocks = header.first + 1
    if header.kind == FrameKind.tree.rawValue {
      pending.append(Checkpoint.Leaf(ordinal: 0, block: header.first, entries: UInt64(header.count)))
      entries += UInt64(header.count)
      guard !header.flags.contains(.provisional) else { return }
      lasting.append((header.first, UInt64(header.count), digest))
      lastingEntries += UInt64(header.count)
    }
  }

  /// Index blocks that did not come.
  func skip(indexBlocksTo next: UInt64) { indexBlocks = max(indexBlocks, next) }

  /// The next of the leaves since the checkpoint has been looked at.
  ///
  /// - Parameter shared: the digest of one that an ancestor has; `nil` for one of the archive itself.
  func sawLeaf(_ leaf: StreamLeaf, _ shared: SHA256Digest?, entries: UInt64, first: [UInt8], last: [UInt8]) {
    var digest = shared
    if digest == nil {
      while looked < lasting.count, lasting[looked].block < leaf.block { looked += 1 }
      guard looked < lasting.count else { return }
      digest = lasting[looked].digest
      looked += 1
    }
    seenEntries &+= entries
    leaves.append(
      Leaf(
        ordinal: leaf.ordinal, block: leaf.block, entries: entries, digest: digest ?? .zero, first: first, last: last))
  }

  func add(dataBytes length: UInt64) throws(ArchiveError) {
    let (sum, overflow) = dataBytes.addingReportingOverflow(length)
    guard !overflow else { throw ArchiveError(.limitExceeded, "the files add up to more than can be counted") }
    dataBytes = sum
  }

  // MARK: - Checkpoints

  /// Throws unless a checkpoint speaks of what has come.
  func check(_ checkpoint: Checkpoint, _ header: FrameHeader, depth: UInt32) throws(ArchiveError) {
    guard checkpoint.previous == lastCheckpoint, header.first == checkpoints, checkpoint.chunks == chunks,
      checkpoint.indexBlocks == indexBlocks, checkpoint.entries == entries,
      checkpoint.leaves.filter({ $0.ordinal == depth }).elementsEqual(
        pending, by: { $0.block == $1.block && $0.entries == $1.entries })
    else { throw .corrupt("a checkpoint speaks of other frames than came before it", at: header.offset) }
  }

  /// Takes note of a checkpoint.
  func sawCheckpoint(_ header: FrameHeader) {
    lastCheckpoint = header.offset
    checkpoints = header.first &+ 1
  }

  /// The leaves so far have been used.
  func endStretch() {
    pending = []
    lasting = []
    looked = 0
  }

  // MARK: - The end

  /// No more content comes.
  func endContent() {
    ids.close()
    blocks.close()
    index.close()
  }

  /// Checks a frame of directory or tables.
  ///
  /// - Parameters:
  ///   - unpack: gives the raw bytes.
  ///   - isWhole: whether everything before it was seen; otherwise nothing can be compared.
  func check(
    _ frame: Frame, isWhole: Bool, depth: UInt32, superblock: [UInt8]?,
    _ unpack: (Frame) throws(ArchiveError) -> [UInt8]
  ) throws(ArchiveError) {
    let header = frame.header
    guard header.kind >= lastOfEnd else { throw .corrupt("the tables are not in order", at: header.offset) }
    lastOfEnd = header.kind
    let known = runs[frame.kind] ?? (Footer.Run(offset: header.offset, length: 0), 0)
    runs[frame.kind] = (
      Footer.Run(offset: known.run.offset, length: known.run.length + header.end - header.offset), known.frames + 1
    )
    guard isWhole else { return }
    switch frame.kind {
    case .ids: try ids.check(frame, frame: known.frames)
    case .blocks: try blocks.check(frame, frame: known.frames)
    case .index: try index.check(frame, frame: known.frames)
    case .superblockCopy:
      superblockCopy = header.offset
      let copy = try unpack(frame)
      guard superblock == nil || copy == superblock else {
        throw .corrupt("the archive's head and its copy are unlike", at: header.offset)
      }
    default:
      heldDirectory.append((header, try unpack(frame)))
      // Leaves of ancestors are known when all of it is.
      if depth == 0 { try checkDirectory() }
    }
  }

  /// Compares what the directory has said with the leaves that were seen.
  func checkDirectory() throws(ArchiveError) {
    for (header, raw) in heldDirectory { try checkDirectory(header, raw) }
    heldDirectory = []
  }

  private func checkDirectory(_ header: FrameHeader, _ raw: [UInt8]) throws(ArchiveError) {
    directory.update(raw)
    guard header.first == UInt64(named) else { throw .corrupt("a part of the directory is missing", at: header.offset) }
    var reader = FieldReader(raw)
    for _ in 0..<header.count {
      let record = try LeafRecord(&reader)
      guard named < leaves.count, record.ordinal == leaves[named].ordinal,
        record.block == leaves[named].block, record.entries == leaves[named].entries,
        record.digest == leaves[named].digest,
        !EntryPath.precedes(leaves[named].first, record.separator),
        named == 0 ? record.separator.isEmpty : EntryPath.precedes(leaves[named - 1].last, record.separator)
      else { throw .corrupt("the directory names other leaves than are there", at: header.offset) }
      named += 1
    }
    try reader.finish()
  }

  /// Throws unless the footer says what was seen.
  func check(_ footer: Footer, _ superblock: Superblock, frames: UInt64, layout: SHA256Digest) throws(ArchiveError) {
    guard footer.tag == superblock.tag, footer.uuid == superblock.uuid, footer.depth == superblock.depth else {
      throw .corrupt("the end belongs to another archive than the beginning", at: footer.offset)
    }
    let tables: [(FrameKind, Footer.Run, Int)] = [
      (.directory, footer.directory, runs[.directory]?.frames ?? 0), (.ids, footer.ids, ids.digests.count),
      (.blocks, footer.blocks, blocks.digests.count), (.index, footer.index, index.digests.count),
    ]
    for (kind, run, frames) in tables {
      let seen = runs[kind] ?? (Footer.Run(), 0)
      guard seen.frames == frames, seen.run.length == run.length, run.length == 0 || seen.run.offset == run.offset
      else {
        throw .corrupt("the end has other places for the tables than they have", at: footer.offset)
      }
    }
    guard named == leaves.count, footer.superblockCopy == superblockCopy, footer.frames == frames,
      footer.storedBytes == storedBytes, footer.rawBytes == rawBytes, footer.entries == seenEntries,
      footer.chunks == chunks
    else { throw .corrupt("the end does not say what is in the archive", at: footer.offset) }
    guard footer.residence.length == 0 else {
      throw .corrupt("the archive says where its ancestors are, and is none that was merged", at: footer.offset)
    }
    guard footer.dataBytes == dataBytes else {
      throw .corrupt("the files are not as long as the footer says", at: footer.offset)
    }
    guard footer.layoutRoot == layout else {
      throw ArchiveError(
        .checksumMismatch, "the frames are not those that the end speaks of", offset: footer.offset)
    }
    var root = ContentRoot(parent: superblock.parentRoot, chunks: chunks)
    for digest in ids.digests { root.addIDs(digest: digest) }
    guard root.finish(directory: directory.value) == footer.contentRoot else {
      throw ArchiveError(
        .checksumMismatch, "the content is not what the archive's root says", offset: footer.offset)
    }
  }
}
