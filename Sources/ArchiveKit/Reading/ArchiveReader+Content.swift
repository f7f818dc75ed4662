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

/// Finds the bytes of runs; keeps the blocks of each archive that were used last.
struct ContentCursor {
  private let archive: ArchiveReader
  /// Few: a file of a long chain may use them all.
  private static let kept = 8
  private var members: [(holder: UInt32, cursor: MemberCursor)] = []

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
    let place = try archive.place(ordinal, chunks.lowerBound, UInt64(chunks.count))
    let numbers = place.first..<(place.first + UInt64(chunks.count))
    if let index = members.firstIndex(where: { $0.holder == place.holder }) {
      // The one used last stands last.
      if index < members.count - 1 { members.append(members.remove(at: index)) }
    } else {
      if members.count == Self.kept { members.removeFirst() }
      members.append((place.holder, MemberCursor(try archive.holder(place.holder))))
    }
    try members[members.count - 1].cursor.deliver(numbers, length: length, part: part, body)
  }
}

/// Finds the bytes of runs in one archive; keeps the blocks that were used last: a file may come back again and again to
/// a chunk that it has in many places.
private struct MemberCursor {
  private static let kept = 2
  private let archive: ChainMember
  private let unpacker: PayloadUnpacker
  /// The one used last at the end.
  private var blocks: [(block: DecodedBlock, isDecoded: Bool)] = []

  init(_ archive: ChainMember) {
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
    var fault: ArchiveError?
    do throws(ArchiveError) {
      try walk(chunks, length: length, part: part) { (bytes: RawSpan) throws(ArchiveError) in
        do throws(ArchiveError) { try body(bytes) } catch {
          fault = error
          throw error
        }
      }
    } catch {
      // What is said by who gets the bytes is not said of the archive.
      throw fault ?? error.inside(archive.name)
    }
  }

  private mutating func walk(
    _ chunks: Range<UInt64>, length: UInt64, part: Range<UInt64>, _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    var position: UInt64 = 0
    var chunk = chunks.lowerBound
    var (number, record) = try archive.block(ofChunk: chunk)
    while chunk < chunks.upperBound, position < part.upperBound {
      let next = number + 1 < archive.blocks.count ? try archive.blocks.record(number + 1) : nil
      let end = next?.firstChunk ?? archive.chunkCount
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
    if let place = blocks.firstIndex(where: { $0.block.header.offset == record.offset }) {
      if place < blocks.count - 1 { blocks.append(blocks.remove(at: place)) }
      return
    }
    let block = try archive.openBlock(record)
    if blocks.count == Self.kept { blocks.removeFirst() }
    blocks.append((block, false))
  }

  /// Delivers chunks of the open block.
  private mutating func deliver(
    _ chunks: Range<UInt64>, _ position: inout UInt64, _ part: Range<UInt64>,
    _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    guard let (block, _) = blocks.last, block.numbers.lowerBound <= chunks.lowerBound,
      chunks.upperBound <= block.numbers.upperBound
    else {
      throw .corrupt("a data block has other chunks than the table says", at: blocks.last?.block.header.offset)
    }
    let ids = try archive.chunkIDs(chunks)
    for chunk in chunks {
      let index = Int(chunk - block.numbers.lowerBound)
      let length = UInt64(block.chunks[index].length)
      let span = position..<(position + length)
      position += length
      let wanted = span.clamped(to: part)
      if wanted.isEmpty { continue }
      if !blocks[blocks.count - 1].isDecoded {
        try block.decode(unpacker)
        blocks[blocks.count - 1].isDecoded = true
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
