// SPDX-License-Identifier: Apache-2.0

/// Where a sweep gets its data blocks from.
internal import CodecKit

/// Data blocks in the order of their chunks.
protocol BlockSupply: AnyObject {
  /// What the archive says of itself.
  var superblock: Superblock { get }
  /// Where codecs are found.
  var registry: CodecRegistry { get }
  /// What people call the archive, when there are several.
  var name: String? { get }

  /// The number of the block that holds a chunk. Throws when the chunk is not there.
  func blockNumber(ofChunk chunk: UInt64) throws(ArchiveError) -> UInt64

  /// What is known of a block: its record, and the number after that of its last chunk; `nil` behind the last block.
  func place(ofBlock number: UInt64) -> (record: BlockRecord, end: UInt64)?

  /// A block whose frame is sound, and what the ids of its chunks must be.
  func open(_ record: BlockRecord) throws(ArchiveError) -> (block: DecodedBlock, ids: [SHA256Digest])
}

extension ChainMember: BlockSupply {
  var superblock: Superblock { summary.superblock }

  func blockNumber(ofChunk chunk: UInt64) throws(ArchiveError) -> UInt64 { try block(ofChunk: chunk).number }

  func place(ofBlock number: UInt64) -> (record: BlockRecord, end: UInt64)? {
    guard let record = try? blocks.record(number) else { return nil }
    return (record, (try? blocks.record(number + 1))?.firstChunk ?? chunkCount)
  }

  func open(_ record: BlockRecord) throws(ArchiveError) -> (block: DecodedBlock, ids: [SHA256Digest]) {
    let block = try openBlock(record)
    guard block.numbers.upperBound <= chunkCount else {
      throw .corrupt("a data block has other chunks than the table says", at: record.offset)
    }
    return (block, try chunkIDs(block.numbers))
  }
}
