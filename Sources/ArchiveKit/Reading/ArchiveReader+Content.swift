// SPDX-License-Identifier: Apache-2.0

/// The bytes of one file, or of a part of it.
internal import CodecKit

extension ArchiveReader {
  /// Delivers the bytes of a file, or of a part of it, in order. Holes come as zeros.
  ///
  /// Each chunk is checked before it is delivered, and of what is not wanted only what lies in the same blocks is read.
  ///
  /// - Parameters:
  ///   - entry: a file of this archive.
  ///   - range: the part; what lies behind the end is left out. Default: all of it.
  ///   - body: gets the bytes, piece by piece.
  /// - Throws: what `body` throws, or what says that the archive is damaged.
  public func read(
    _ entry: ArchiveEntry, range: Range<UInt64>? = nil, _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    let wanted = (range ?? 0..<entry.size).clamped(to: 0..<entry.size)
    var content = ContentCursor(self)
    var position: UInt64 = 0
    do throws(ArchiveError) {
      try forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
        let span = position..<(position + run.length)
        let part = span.clamped(to: wanted)
        position = span.upperBound
        if part.isEmpty { return }
        let inRun = (part.lowerBound - span.lowerBound)..<(part.upperBound - span.lowerBound)
        switch run {
        case .hole: try Self.deliverZeros(UInt64(inRun.count), body)
        case .chunks(let ordinal, let first, let count, let length):
          try content.deliver(ordinal, first..<(first + count), length: length, part: inRun, body)
        }
      }
    } catch {
      throw error.about(entry.path)
    }
  }

  private static func deliverZeros(
    _ count: UInt64, _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    let zeros = [UInt8](repeating: 0, count: Int(min(count, 64 << 10)))
    var rest = count
    while rest > 0 {
      let piece = Int(min(rest, UInt64(zeros.count)))
      try unsafe body(zeros.span.bytes.extracting(0..<piece))
      rest -= UInt64(piece)
    }
  }
}

/// Finds the bytes of runs; keeps the block of each archive that was used last.
struct ContentCursor {
  private let archive: ArchiveReader
  private var members: [UInt32: MemberCursor] = [:]

  init(_ archive: ArchiveReader) { self.archive = archive }

  /// Delivers a part of a run of chunks.
  ///
  /// - Parameters:
  ///   - ordinal: the depth of the archive they are in.
  ///   - chunks: their numbers.
  ///   - length: their bytes, as the tree says.
  ///   - part: which of these bytes.
  mutating func deliver(
    _ ordinal: UInt32, _ chunks: Range<UInt64>, length: UInt64, part: Range<UInt64>,
    _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    if members[ordinal] == nil { members[ordinal] = try MemberCursor(archive.member(ordinal)) }
    try members[ordinal]?.deliver(chunks, length: length, part: part, body)
  }
}

/// Finds the bytes of runs in one archive; keeps the block that was used last.
private struct MemberCursor {
  private let archive: ChainMember
  private let unpacker: PayloadUnpacker
  private var block: DecodedBlock?
  private var isDecoded = false

  init(_ archive: ChainMember) throws(ArchiveError) {
    guard !archive.isDetachedIndex else {
      throw ArchiveError(.missingParent, "of a parent only the index is there, not its data")
    }
    self.archive = archive
    unpacker = PayloadUnpacker(archive.summary.superblock, archive.registry)
  }

  /// Delivers a part of a run of chunks.
  ///
  /// - Parameters:
  ///   - chunks: their numbers.
  ///   - length: their bytes, as the tree says.
  ///   - part: which of these bytes.
  mutating func deliver(
    _ chunks: Range<UInt64>, length: UInt64, part: Range<UInt64>, _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    var position: UInt64 = 0
    var chunk = chunks.lowerBound
    guard chunks.upperBound <= archive.ids.count else {
      throw .corrupt("a file has a chunk that is not in the archive")
    }
    var (number, record) = try archive.block(ofChunk: chunk)
    while chunk < chunks.upperBound, position < part.upperBound {
      let next = number + 1 < archive.blocks.count ? try archive.blocks.record(number + 1) : nil
      let end = next?.firstChunk ?? archive.ids.count
      guard end > chunk else { throw .corrupt("the table of blocks is not in order") }
      // A block that lies in the run as a whole can be passed over without being read.
      let isWhole = chunk == record.firstChunk && end <= chunks.upperBound
      if isWhole, record.rawLength > 0, position + UInt64(record.rawLength) <= part.lowerBound {
        position += UInt64(record.rawLength)
      } else {
        try open(record)
        try deliver(chunk..<min(end, chunks.upperBound), &position, part, body)
      }
      chunk = min(end, chunks.upperBound)
      number += 1
      if let next { record = next }
    }
    let isComplete = chunk == chunks.upperBound
    guard isComplete ? position == length : position <= length else {
      throw .corrupt("chunks have another length than their file says")
    }
  }

  private mutating func open(_ record: BlockRecord) throws(ArchiveError) {
    if block?.header.offset == record.offset { return }
    block = try archive.openBlock(record)
    isDecoded = false
  }

  /// Delivers chunks of the open block.
  private mutating func deliver(
    _ chunks: Range<UInt64>, _ position: inout UInt64, _ part: Range<UInt64>,
    _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    guard let block, block.numbers.lowerBound <= chunks.lowerBound, chunks.upperBound <= block.numbers.upperBound else {
      throw .corrupt("a data block has other chunks than the table says", at: block?.header.offset)
    }
    let ids = try archive.ids.records(chunks)
    for chunk in chunks {
      let index = Int(chunk - block.numbers.lowerBound)
      let length = UInt64(block.chunks[index].length)
      let span = position..<(position + length)
      position += length
      let wanted = span.clamped(to: part)
      if wanted.isEmpty { continue }
      if !isDecoded {
        try block.decode(unpacker)
        isDecoded = true
      }
      guard block.chunks[index].id == ids[Int(chunk - chunks.lowerBound)], block.isSound(index) else {
        throw ArchiveError(
          .checksumMismatch, "chunk \(chunk) is not what its digest says", offset: block.header.offset)
      }
      let start = block.chunks[index].offset
      let part = start + Int(wanted.lowerBound - span.lowerBound)..<start + Int(wanted.upperBound - span.lowerBound)
      try block.withBytes(part, body)
    }
  }
}
