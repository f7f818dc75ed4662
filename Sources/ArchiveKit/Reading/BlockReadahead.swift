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

  /// A block of one of the archives.
  private struct Key: Hashable {
    var holder: UInt32
    var number: UInt64
  }

  /// Blocks that are kept after they were used, and those of a chain.
  private static let kept = 4
  private static let keptOfChain = 32

  private let archive: ArchiveReader
  private let workers: Workers<UnpackerSet>?
  private let ahead: UInt64
  private let kept: Int
  private let unpackers = UnpackerSet()
  /// Blocks that are being decoded.
  private var coming: [Key: Deferred<Result>] = [:]
  /// Blocks that are there, the one used last at the end.
  private var recent: [(key: Key, block: CheckedBlock)] = []
  /// The block of each archive that was used last.
  private var last: [UInt32: UInt64] = [:]
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
    kept = min(Self.kept + archive.store.ancestors.count, Self.keptOfChain)
  }

  /// Delivers the bytes of a run of chunks, each checked.
  ///
  /// - Parameters:
  ///   - ordinal: the archive that they are numbered in.
  ///   - first: the number of the first chunk.
  ///   - count: how many there are.
  ///   - length: their bytes, as the tree says.
  ///   - body: gets the bytes, piece by piece.
  func read(
    _ ordinal: UInt32, first: UInt64, count: UInt64, length: UInt64,
    _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    var position: UInt64 = 0
    try forEachBlock(ordinal, first, count) { (member, number, record, chunks, wanted) throws(ArchiveError) in
      let checked = try block(member, number, record, chunks)
      let block = checked.block
      let range = Int(wanted.lowerBound - chunks.lowerBound)..<Int(wanted.upperBound - chunks.lowerBound)
      for index in range where !checked.isSound[index] {
        throw ArchiveError(
          .checksumMismatch, "chunk \(chunks.lowerBound + UInt64(index)) is not what its digest says",
          offset: record.offset
        ).inside(member.name)
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
  func check(_ ordinal: UInt32, first: UInt64, count: UInt64) throws(ArchiveError) {
    try forEachBlock(ordinal, first, count) { (member, number, record, chunks, _) throws(ArchiveError) in
      let key = Key(holder: member.depth, number: number)
      if recent.contains(where: { $0.key == key }) { return }
      do throws(ArchiveError) {
        let block = try member.openBlock(record)
        guard block.numbers == chunks, block.chunks.map(\.id) == (try member.chunkIDs(chunks)) else {
          throw .corrupt("a data block has other chunks than the table says", at: record.offset)
        }
      } catch {
        throw error.inside(member.name)
      }
    }
  }

  private static let wrongLength = ArchiveError.corrupt("chunks have another length than their file says")

  // MARK: - Blocks

  /// Visits the blocks of a run, with the chunks in each and those of them that are wanted.
  private func forEachBlock(
    _ ordinal: UInt32, _ first: UInt64, _ count: UInt64,
    _ body: (ChainMember, UInt64, BlockRecord, Range<UInt64>, Range<UInt64>) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    let place = try archive.place(ordinal, first, count)
    let member = try archive.holder(place.holder)
    var chunk = place.first
    let stop = chunk + count
    var (number, record) = try member.block(ofChunk: chunk)
    while chunk < stop {
      let next = number + 1 < member.blocks.count ? try member.blocks.record(number + 1) : nil
      let end = next?.firstChunk ?? member.chunkCount
      guard end > chunk, end <= member.chunkCount else {
        throw ArchiveError.corrupt("the table of blocks is not in order").inside(member.name)
      }
      let wanted = chunk..<min(end, stop)
      try body(member, number, record, record.firstChunk..<end, wanted)
      chunk = wanted.upperBound
      number += 1
      if let next { record = next }
    }
  }

  private func block(
    _ member: ChainMember, _ number: UInt64, _ record: BlockRecord, _ chunks: Range<UInt64>
  ) throws(ArchiveError) -> CheckedBlock {
    let key = Key(holder: member.depth, number: number)
    if let place = recent.firstIndex(where: { $0.key == key }) {
      let found = recent.remove(at: place)
      recent.append(found)
      return found.block
    }
    bytesRead += UInt64(FrameHeader.size) + UInt64(record.storedLength)
    let follows = last.updateValue(number, forKey: member.depth).map { $0 + 1 == number } ?? false
    let deferred = coming.removeValue(forKey: key)
    // What is no longer ahead will not be asked for soon.
    for other in coming.keys
    where other.holder != member.depth || other.number < number || other.number > number + ahead {
      coming[other] = nil
    }
    if follows { readAhead(of: number, member) }
    let checked: CheckedBlock
    if let deferred, let result = deferred.wait() {
      checked = try result.get()
    } else {
      checked = try Self.block(record, chunks, member, unpackers)
    }
    if recent.count == kept { recent.removeFirst() }
    recent.append((key, checked))
    return checked
  }

  /// Has the next blocks decoded. Whatever is wrong with them is told when they are asked for.
  private func readAhead(of number: UInt64, _ member: ChainMember) {
    guard let workers else { return }
    var next = number + 1
    while next <= number + ahead, next < member.blocks.count {
      defer { next += 1 }
      let key = Key(holder: member.depth, number: next)
      if coming[key] != nil || recent.contains(where: { $0.key == key }) { continue }
      guard let record = try? member.blocks.record(next) else { return }
      let end = (try? member.blocks.record(next + 1))?.firstChunk ?? member.chunkCount
      guard end > record.firstChunk, end <= member.chunkCount else { return }
      let deferred = Deferred<Result>()
      workers.run(making: UnpackerSet.init) { unpackers in
        do throws(ArchiveError) {
          deferred.fulfil(.success(try Self.block(record, record.firstChunk..<end, member, unpackers)))
        } catch {
          deferred.fulfil(.failure(error))
        }
      }
      coming[key] = deferred
    }
  }

  private static func block(
    _ record: BlockRecord, _ chunks: Range<UInt64>, _ member: ChainMember, _ unpackers: UnpackerSet
  ) throws(ArchiveError) -> CheckedBlock {
    do throws(ArchiveError) {
      let block = try member.openBlock(record)
      guard block.numbers == chunks else {
        throw .corrupt("a data block has other chunks than the table says", at: block.header.offset)
      }
      let ids = try member.chunkIDs(chunks)
      try block.decode(unpackers.unpacker(for: member.superblock, member.registry))
      let isSound = block.chunks.indices.map { block.chunks[$0].id == ids[$0] && block.isSound($0) }
      return CheckedBlock(block: block, isSound: isSound)
    } catch {
      throw error.inside(member.name)
    }
  }
}
