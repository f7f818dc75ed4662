// SPDX-License-Identifier: Apache-2.0

/// One archive of a chain, as a store of chunks and index blocks: all but its tree.
internal import CodecKit

/// The frames and tables of one archive. References of a tree name one by its depth.
///
/// A merged archive holds chunks and index blocks of its ancestors as well. They have numbers in it behind its own, which
/// `place` finds; everything else speaks of these numbers.
final class ChainMember: Sendable {
  let summary: ArchiveSummary
  /// What people call it; `nil` for the archive that everything starts from.
  let name: String?
  let registry: CodecRegistry
  let frames: FrameReader
  /// The ids of its own chunks.
  let ids: Table<SHA256Digest>
  let blocks: Table<BlockRecord>
  let index: Table<IndexRecord>
  /// What it holds of its ancestors; `nil` unless they were merged into it.
  let residence: Residence?
  /// The ids of the ancestors' chunks, by ordinal.
  let residentIDs: [Table<SHA256Digest>]

  /// Whether the data is elsewhere.
  var isDetachedIndex: Bool { summary.superblock.isDetachedIndex }
  /// Its depth, by which it is known in a chain.
  var depth: UInt32 { summary.superblock.depth }
  /// The chunks in its blocks.
  var chunkCount: UInt64 { residence?.chunks ?? ids.count }
  /// The index blocks that are its own.
  var ownIndexBlocks: UInt64 { residence?.ownIndexBlocks ?? index.count }

  init(
    _ summary: ArchiveSummary, _ frames: FrameReader, _ registry: CodecRegistry, name: String? = nil
  ) throws(ArchiveError) {
    self.summary = summary
    self.name = name
    self.registry = registry
    self.frames = frames
    let footer = summary.footer
    guard footer.depth <= Ancestry.maximumDepth else {
      throw ArchiveError(.limitExceeded, "the archive has more ancestors than any may have")
    }
    ids = try Table(frames, footer.ids, count: footer.chunks, end: footer.offset)
    blocks = try Table(frames, footer.blocks, count: nil, end: footer.offset)
    index = try Table(frames, footer.index, count: nil, end: footer.offset)
    guard summary.superblock.isMerged == (footer.residence.length > 0) else {
      throw .corrupt("the archive does not say where its ancestors are", at: footer.offset)
    }
    guard summary.superblock.isMerged else {
      residence = nil
      residentIDs = []
      return
    }
    let found = try ResidenceReader(frames, summary.superblock, registry).read(footer)
    guard found.indexBlocks == index.count else {
      throw .corrupt("the archive has another index than it says", at: footer.offset)
    }
    residence = found
    residentIDs = try ResidenceReader.idTables(found, frames, footer)
  }

  /// What was found out from the frames themselves.
  init(recovered found: ArchiveRecovery.Found, _ frames: FrameReader, _ registry: CodecRegistry) {
    summary = ArchiveSummary(superblock: found.superblock, footer: found.footer)
    name = nil
    self.frames = frames
    self.registry = registry
    blocks = Table(frames, known: found.blocks)
    index = Table(frames, known: found.index)
    residence = found.residence
    if let residence {
      // Every block has the ids of its chunks; those of chunks that are not held cannot be had, and need not be.
      ids = Table(frames, known: Array(found.ids.prefix(Int(clamping: residence.ownChunks))))
      residentIDs = residence.members.map { Table(frames, known: found.ids, of: $0.held) }
    } else {
      ids = Table(frames, known: found.ids)
      residentIDs = []
    }
  }

  /// Opens an archive by its end alone, the copy of the superblock included.
  ///
  /// - Returns: `nil` when the source has no sound end.
  static func open(
    _ source: any ArchiveSource, _ registry: CodecRegistry, name: String? = nil
  ) throws(ArchiveError) -> ChainMember? {
    let source = TailCache(source)
    guard let footer = try FooterSearch.footer(of: source)?.footer else { return nil }
    let frames = FrameReader(source: source, tag: footer.tag)
    let superblock = try frames.superblockCopy(at: footer.superblockCopy)
    guard superblock.tag == footer.tag, superblock.uuid == footer.uuid, superblock.depth == footer.depth else {
      throw .corrupt("the end belongs to another archive than the beginning", at: footer.offset)
    }
    return try ChainMember(ArchiveSummary(superblock: superblock, footer: footer), frames, registry, name: name)
  }

  // MARK: - Places

  /// Whether it holds what a reference with this ordinal means.
  func holds(_ ordinal: UInt32) -> Bool { ordinal == depth || residence != nil && ordinal < depth }

  /// The number here of the first of some chunks.
  ///
  /// - Parameters:
  ///   - ordinal: the archive that they are numbered in.
  ///   - first: the number of the first one.
  ///   - count: how many there are.
  func place(_ ordinal: UInt32, _ first: UInt64, _ count: UInt64) throws(ArchiveError) -> UInt64 {
    if ordinal == depth {
      let (end, overflow) = first.addingReportingOverflow(count)
      if !overflow, end <= ids.count { return first }
    } else if let place = residence?.place(ordinal, first, count) {
      return place
    }
    throw ArchiveError.corrupt("a file has a chunk that is not in the archive").inside(name)
  }

  /// The number here of an index block.
  func place(_ ordinal: UInt32, index number: UInt64) throws(ArchiveError) -> UInt64 {
    if ordinal == depth {
      if number < ownIndexBlocks { return number }
    } else if let place = residence?.place(ordinal, index: number) {
      return place
    }
    throw ArchiveError.corrupt("something is said to lie behind the end of its table").inside(name)
  }

  /// The ids of chunks, by the numbers they have here.
  func chunkIDs(_ range: Range<UInt64>) throws(ArchiveError) -> [SHA256Digest] {
    guard let residence, range.upperBound > ids.count else { return try ids.records(range) }
    guard range.upperBound <= residence.chunks else {
      throw .corrupt("something is said to lie behind the end of its table")
    }
    var result = range.lowerBound < ids.count ? try ids.records(range.lowerBound..<ids.count) : []
    try residence.forEachOrigin(of: range) { (ordinal, chunks) throws(ArchiveError) in
      result += try residentIDs[Int(ordinal)].records(chunks)
    }
    return result
  }

  /// The ids of the chunks of an archive, by the numbers they have there.
  func ids(of ordinal: UInt32) -> Table<SHA256Digest>? {
    if ordinal == depth { return ids }
    return ordinal < UInt32(residentIDs.count) ? residentIDs[Int(ordinal)] : nil
  }

  // MARK: - Index blocks

  /// A block of the index: its raw bytes have the digest that is said of them.
  func indexBlock(
    _ ordinal: UInt32, _ number: UInt64, _ kind: FrameKind, digest: SHA256Digest
  ) throws(ArchiveError) -> (header: FrameHeader, raw: [UInt8]) {
    do throws(ArchiveError) {
      let place = try place(ordinal, index: number)
      let record = try index.record(place)
      let frame = try frames.frame(at: record.offset, kind, storedLength: record.storedLength)
      guard frame.header.first == place else {
        throw .corrupt("a block of the index has another number", at: record.offset)
      }
      let raw = try PayloadUnpacker(summary.superblock, registry).unpack(frame)
      guard SHA256.hash(raw) == digest else {
        throw ArchiveError(
          .checksumMismatch, "a block of the index is not what its digest says", offset: frame.bodyOffset)
      }
      return (frame.header, raw)
    } catch {
      throw error.inside(name)
    }
  }

  // MARK: - Data blocks

  /// The number and the record of the block that holds a chunk.
  func block(ofChunk chunk: UInt64) throws(ArchiveError) -> (number: UInt64, record: BlockRecord) {
    guard chunk < chunkCount, let found = try blocks.last(where: { $0.firstChunk <= chunk }) else {
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
}

extension Superblock {
  /// Whether everything that it needs of its ancestors was moved into the archive.
  var isMerged: Bool { depth > 0 && parent == nil }
}
