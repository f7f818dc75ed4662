// SPDX-License-Identifier: Apache-2.0

/// One archive of a chain, as a store of chunks and index blocks: all but its tree.
internal import CodecKit

/// The frames and tables of one archive. References of a tree name one by its depth.
final class ChainMember: Sendable {
  let summary: ArchiveSummary
  let registry: CodecRegistry
  let frames: FrameReader
  let ids: Table<SHA256Digest>
  let blocks: Table<BlockRecord>
  let index: Table<IndexRecord>

  /// Whether the data is elsewhere.
  var isDetachedIndex: Bool { summary.superblock.isDetachedIndex }

  init(_ summary: ArchiveSummary, _ frames: FrameReader, _ registry: CodecRegistry) throws(ArchiveError) {
    self.summary = summary
    self.frames = frames
    self.registry = registry
    let footer = summary.footer
    ids = try Table(frames, footer.ids, count: footer.chunks, end: footer.offset)
    blocks = try Table(frames, footer.blocks, count: nil, end: footer.offset)
    index = try Table(frames, footer.index, count: nil, end: footer.offset)
  }

  /// What was found out from the frames themselves.
  init(recovered found: ArchiveRecovery.Found, _ frames: FrameReader, _ registry: CodecRegistry) {
    summary = ArchiveSummary(superblock: found.superblock, footer: found.footer)
    self.frames = frames
    self.registry = registry
    ids = Table(frames, known: found.ids)
    blocks = Table(frames, known: found.blocks)
    index = Table(frames, known: found.index)
  }

  /// Opens an archive by its end alone, the copy of the superblock included.
  ///
  /// - Returns: `nil` when the source has no sound end.
  static func open(_ source: any ArchiveSource, _ registry: CodecRegistry) throws(ArchiveError) -> ChainMember? {
    let source = TailCache(source)
    guard let footer = try FooterSearch.footer(of: source)?.footer else { return nil }
    let frames = FrameReader(source: source, tag: footer.tag)
    let superblock = try frames.superblockCopy(at: footer.superblockCopy)
    guard superblock.tag == footer.tag, superblock.uuid == footer.uuid, superblock.depth == footer.depth else {
      throw .corrupt("the end belongs to another archive than the beginning", at: footer.offset)
    }
    return try ChainMember(ArchiveSummary(superblock: superblock, footer: footer), frames, registry)
  }

  // MARK: - Index blocks

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

  // MARK: - Data blocks

  /// The number and the record of the block that holds a chunk.
  func block(ofChunk chunk: UInt64) throws(ArchiveError) -> (number: UInt64, record: BlockRecord) {
    guard chunk < ids.count, let found = try blocks.last(where: { $0.firstChunk <= chunk }) else {
      throw .corrupt("a file has a chunk that is not in the archive")
    }
    return found
  }

  /// Reads a data block and its table of chunks; the payload is not decoded yet.
  func openBlock(_ record: BlockRecord) throws(ArchiveError) -> DecodedBlock {
    let frame = try frames.frame(at: record.offset, .data, storedLength: record.storedLength)
    guard frame.header.first == record.firstChunk, frame.header.rawLength == record.rawLength else {
      throw .corrupt("a data block is another than the table says", at: record.offset)
    }
    return try DecodedBlock(frame)
  }

  // MARK: - Verification

  /// Throws unless directory and chunk ids are those that the contentRoot stands for.
  func checkContentRoot() throws(ArchiveError) {
    let run = summary.footer.directory
    let (end, overflow) = run.offset.addingReportingOverflow(run.length)
    guard !overflow, end <= summary.footer.offset else {
      throw .corrupt("the directory lies outside of the archive", at: summary.footer.offset)
    }
    let unpacker = PayloadUnpacker(summary.superblock, registry)
    var digest = SHA256()
    var offset = run.offset
    while offset < end {
      let frame = try frames.frame(at: offset, .directory, ahead: Int(min(end - offset, 1 << 20)))
      digest.update(try unpacker.unpack(frame))
      offset = frame.header.end
    }
    try checkContentRoot(directory: digest.value)
  }

  /// Throws unless the chunk ids, and a directory with this digest, are those that the contentRoot stands for.
  func checkContentRoot(directory: SHA256Digest) throws(ArchiveError) {
    var root = ContentRoot(parent: summary.superblock.parentRoot, chunks: ids.count)
    for frame in 0..<ids.frameCount { root.addIDs(digest: try ids.records(inFrame: frame, isKept: false).digest) }
    guard root.finish(directory: directory) == summary.footer.contentRoot else {
      throw ArchiveError(
        .checksumMismatch, "the content is not what the archive's root says", offset: summary.footer.offset)
    }
  }
}
