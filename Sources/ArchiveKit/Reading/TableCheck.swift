// SPDX-License-Identifier: Apache-2.0

/// Whether tables, checkpoints and the copy of the head say of the frames what is true.
internal import CodecKit

/// Compares frames, in their order, with what is said of them elsewhere. Of use only as long as all frames are sound.
struct TableCheck {
  private let archive: ChainMember
  private let source: any ArchiveSource
  private let unpacker: PayloadUnpacker?
  private var blocks: UInt64 = 0
  private var chunks: UInt64 = 0
  private var storedBytes: UInt64 = 0
  private var rawBytes: UInt64 = 0
  private var indexBlocks: UInt64 = 0
  private var entries: UInt64 = 0
  private var checkpoints: UInt64 = 0
  private var lastCheckpoint: UInt64 = 0

  /// - Parameter decodes: whether blocks of the index are decoded and compared, too.
  init(_ archive: ChainMember, _ source: any ArchiveSource, decodes: Bool) {
    self.archive = archive
    self.source = source
    unpacker = decodes ? PayloadUnpacker(archive.summary.superblock, archive.registry) : nil
  }

  /// What is wrong with a frame; `nil` when nothing is.
  ///
  /// - Throws: what keeps the frame from being checked: that it asks for what is not known.
  mutating func problem(of frame: Frame) throws(ArchiveError) -> ArchiveError? {
    do throws(ArchiveError) {
      switch frame.kind {
      case .data: try checkData(frame.header)
      case .tree, .map, .stamps: try checkIndex(frame)
      case .checkpoint: try checkCheckpoint(frame)
      case .superblockCopy: try checkCopy(frame)
      case .directory, .ids, .blocks, .index, .ancestry, .residence, .note: break
      }
      return nil
    } catch {
      guard error.isDamage else { throw error }
      return error
    }
  }

  /// What the end says that is not so; `nil` when all is.
  func problem(atEnd footer: Footer) -> ArchiveError? {
    guard archive.index.count == indexBlocks else {
      return .corrupt("the tables name other frames than there are", at: footer.offset)
    }
    // The data that it speaks of is elsewhere.
    if archive.isDetachedIndex { return nil }
    guard archive.blocks.count == blocks, archive.chunkCount == chunks else {
      return .corrupt("the tables name other frames than there are", at: footer.offset)
    }
    guard footer.storedBytes == storedBytes, footer.rawBytes == rawBytes else {
      return .corrupt("the data blocks have another size than the end says", at: footer.offset)
    }
    return nil
  }

  private mutating func checkData(_ header: FrameHeader) throws(ArchiveError) {
    let record = BlockRecord(
      offset: header.offset, firstChunk: header.first, storedLength: header.storedLength, rawLength: header.rawLength)
    guard try archive.blocks.record(blocks) == record, header.first == chunks else {
      throw .corrupt("a data block is another than the table says", at: header.offset)
    }
    blocks += 1
    chunks = header.chunkNumbers.upperBound
    storedBytes += UInt64(header.storedLength)
    rawBytes += UInt64(header.rawLength)
  }

  private mutating func checkIndex(_ frame: Frame) throws(ArchiveError) {
    let header = frame.header
    let record = try archive.index.record(indexBlocks)
    guard record.offset == header.offset, header.first == indexBlocks, record.storedLength == header.storedLength,
      record.rawLength == header.rawLength
    else { throw .corrupt("a block of the index is another than the table says", at: header.offset) }
    indexBlocks += 1
    if frame.kind == .tree { entries += UInt64(header.count) }
    if let unpacker, SHA256.hash(try unpacker.unpack(frame)) != record.digest {
      throw ArchiveError(
        .checksumMismatch, "a block of the index is not what its digest says", offset: frame.bodyOffset)
    }
  }

  private mutating func checkCheckpoint(_ frame: Frame) throws(ArchiveError) {
    if let unpacker {
      let checkpoint = try Checkpoint(try unpacker.unpack(frame), depth: archive.summary.superblock.depth)
      guard checkpoint.previous == lastCheckpoint, checkpoint.chunks == chunks, checkpoint.indexBlocks == indexBlocks,
        checkpoint.entries == entries,
        checkpoint.leaves.allSatisfy({ $0.block < indexBlocks || $0.ordinal < archive.summary.superblock.depth }),
        frame.header.first == checkpoints
      else { throw .corrupt("a checkpoint says what is not so", at: frame.header.offset) }
    }
    checkpoints += 1
    lastCheckpoint = frame.header.offset
  }

  private func checkCopy(_ frame: Frame) throws(ArchiveError) {
    let copy = try PayloadUnpacker(archive.summary.superblock, archive.registry).unpack(frame)
    guard try source.bytes(at: 0, count: Superblock.size) == copy else {
      throw ArchiveError(.checksumMismatch, "the head of the archive and its copy differ", offset: 0)
    }
  }
}

extension FrameHeader {
  /// The numbers of the chunks in a data block, whatever it says.
  var chunkNumbers: Range<UInt64> { first..<(first + min(UInt64(count), .max - first)) }
}
