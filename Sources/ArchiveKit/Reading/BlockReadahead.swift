// SPDX-License-Identifier: Apache-2.0

/// Decoded blocks for whoever reads many files one after another: ahead of need, and kept for a while.
internal import CodecKit

/// A data block whose payload is decoded, and what came of the check of its chunks.
struct CheckedBlock: Sendable {
  let block: DecodedBlock
  /// For each chunk, whether its bytes are what the archive says.
  let isSound: [Bool]
}

/// Reads chunks by runs. Blocks that follow one another are decoded by workers before they are asked for; those asked
/// for last are kept, because small files share them.
final class BlockReadahead {
  private typealias Result = Swift.Result<CheckedBlock, ArchiveError>

  /// Blocks that are kept after they were used.
  private static let kept = 4

  private let archive: ArchiveReader
  private let workers: Workers<PayloadUnpacker>?
  private let ahead: UInt64
  private let unpacker: PayloadUnpacker
  /// Blocks that are being decoded, by number.
  private var coming: [UInt64: Deferred<Result>] = [:]
  /// Blocks that are there, the one used last at the end.
  private var recent: [(number: UInt64, block: CheckedBlock)] = []
  private var lastNumber: UInt64?
  /// The stored bytes of all blocks that have been asked for.
  private(set) var bytesRead: UInt64 = 0

  /// - Parameters:
  ///   - archive: the archive.
  ///   - threads: how many threads decode; 0 is one for each core.
  init(_ archive: ArchiveReader, threads: Int) {
    self.archive = archive
    let count = ThreadCount.workers(threads)
    workers = count > 1 ? Workers(limit: count, label: "readahead") : nil
    ahead = count > 1 ? UInt64(count + 1) : 0
    unpacker = PayloadUnpacker(archive.summary.superblock, archive.registry)
  }

  /// Delivers the bytes of a run of chunks, each checked.
  ///
  /// - Parameters:
  ///   - first: the number of the first chunk.
  ///   - count: how many there are.
  ///   - length: their bytes, as the tree says.
  ///   - body: gets the bytes, piece by piece.
  func read(
    first: UInt64, count: UInt64, length: UInt64, _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    var position: UInt64 = 0
    try forEachBlock(first, count) { (number, record, chunks, wanted) throws(ArchiveError) in
      let checked = try block(number, record, chunks)
      let block = checked.block
      let range = Int(wanted.lowerBound - chunks.lowerBound)..<Int(wanted.upperBound - chunks.lowerBound)
      for index in range where !checked.isSound[index] {
        throw ArchiveError(
          .checksumMismatch, "chunk \(chunks.lowerBound + UInt64(index)) is not what its digest says",
          offset: record.offset)
      }
      let last = block.chunks[range.upperBound - 1]
      let bytes = block.chunks[range.lowerBound].offset..<(last.offset + last.length)
      position += UInt64(bytes.count)
      guard position <= length else { throw Self.wrongLength }
      try block.withBytes(bytes, body)
    }
    guard position == length else { throw Self.wrongLength }
  }

  /// Throws when the blocks of a run are damaged so that it shows without decoding them.
  func check(first: UInt64, count: UInt64) throws(ArchiveError) {
    try forEachBlock(first, count) { (number, record, chunks, _) throws(ArchiveError) in
      if recent.contains(where: { $0.number == number }) { return }
      let block = try archive.openBlock(record)
      guard block.numbers == chunks, block.chunks.map(\.id) == (try archive.ids.records(chunks)) else {
        throw .corrupt("a data block has other chunks than the table says", at: record.offset)
      }
    }
  }

  private static let wrongLength = ArchiveError.corrupt("chunks have another length than their file says")

  // MARK: - Blocks

  /// Visits the blocks of a run, with the chunks in each and those of them that are wanted.
  private func forEachBlock(
    _ first: UInt64, _ count: UInt64,
    _ body: (UInt64, BlockRecord, Range<UInt64>, Range<UInt64>) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    let (stop, overflow) = first.addingReportingOverflow(count)
    guard !overflow, stop <= archive.ids.count else {
      throw .corrupt("a file has a chunk that is not in the archive")
    }
    var chunk = first
    var (number, record) = try archive.block(ofChunk: chunk)
    while chunk < stop {
      let next = number + 1 < archive.blocks.count ? try archive.blocks.record(number + 1) : nil
      let end = next?.firstChunk ?? archive.ids.count
      guard end > chunk, end <= archive.ids.count else { throw .corrupt("the table of blocks is not in order") }
      let wanted = chunk..<min(end, stop)
      try body(number, record, record.firstChunk..<end, wanted)
      chunk = wanted.upperBound
      number += 1
      if let next { record = next }
    }
  }

  private func block(
    _ number: UInt64, _ record: BlockRecord, _ chunks: Range<UInt64>
  ) throws(ArchiveError) -> CheckedBlock {
    if let place = recent.firstIndex(where: { $0.number == number }) {
      let found = recent.remove(at: place)
      recent.append(found)
      return found.block
    }
    bytesRead += UInt64(record.storedLength)
    let follows = lastNumber.map { $0 + 1 == number } ?? false
    lastNumber = number
    let deferred = coming.removeValue(forKey: number)
    // What is no longer ahead will not be asked for soon.
    for other in coming.keys where other < number || other > number + ahead { coming[other] = nil }
    if follows { readAhead(of: number) }
    let checked: CheckedBlock
    if let deferred, let result = deferred.wait() {
      checked = try result.get()
    } else {
      checked = try Self.decode(try archive.openBlock(record), chunks, archive, unpacker)
    }
    if recent.count == Self.kept { recent.removeFirst() }
    recent.append((number, checked))
    return checked
  }

  /// Has the next blocks decoded. Whatever is wrong with them is told when they are asked for.
  private func readAhead(of number: UInt64) {
    guard let workers else { return }
    let archive = archive
    func makeUnpacker() -> PayloadUnpacker { PayloadUnpacker(archive.summary.superblock, archive.registry) }
    var next = number + 1
    while next <= number + ahead, next < archive.blocks.count {
      defer { next += 1 }
      if coming[next] != nil || recent.contains(where: { $0.number == next }) { continue }
      guard let record = try? archive.blocks.record(next) else { return }
      let end = (try? archive.blocks.record(next + 1))?.firstChunk ?? archive.ids.count
      guard end > record.firstChunk, end <= archive.ids.count else { return }
      let deferred = Deferred<Result>()
      workers.run(making: makeUnpacker) { unpacker in
        do throws(ArchiveError) {
          let block = try archive.openBlock(record)
          deferred.fulfil(.success(try Self.decode(block, record.firstChunk..<end, archive, unpacker)))
        } catch {
          deferred.fulfil(.failure(error))
        }
      }
      coming[next] = deferred
    }
  }

  private static func decode(
    _ block: DecodedBlock, _ chunks: Range<UInt64>, _ archive: ArchiveReader, _ unpacker: PayloadUnpacker
  ) throws(ArchiveError) -> CheckedBlock {
    guard block.numbers == chunks else {
      throw .corrupt("a data block has other chunks than the table says", at: block.header.offset)
    }
    let ids = try archive.ids.records(chunks)
    try block.decode(unpacker)
    let isSound = block.chunks.indices.map { block.chunks[$0].id == ids[$0] && block.isSound($0) }
    return CheckedBlock(block: block, isSound: isSound)
  }
}
