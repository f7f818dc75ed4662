// SPDX-License-Identifier: Apache-2.0

/// What has come since the last checkpoint.
internal import CodecKit
internal import SystemIO

/// Data blocks and leaves that wait for the checkpoint by which they can be used.
final class Stretch: BlockSupply {
  /// Stored bytes that are held in memory.
  private static let memoryLimit = 16 << 20

  private struct Block {
    var record: BlockRecord
    var end: UInt64
    /// What the frame is found by, or why it is not there.
    var content: Result<UInt64, ArchiveError>
  }

  let superblock: Superblock
  let registry: CodecRegistry
  let name: String? = nil
  /// The chunks that have come since the checkpoint.
  private(set) var chunks: Range<UInt64> = 0..<0
  /// The leaves, with their numbers as blocks of the index, and what they are found by.
  private(set) var leaves: [(block: UInt64, place: UInt64)] = []
  private var blocks: [Block] = []
  private let store: FrameStore

  init(_ superblock: Superblock, _ registry: CodecRegistry, in directory: Path) {
    self.superblock = superblock
    self.registry = registry
    store = FrameStore(in: directory, memoryLimit: Self.memoryLimit)
  }

  /// Takes a data block whose frame is sound.
  func add(_ frame: Frame) throws(ArchiveError) {
    let header = frame.header
    let end = header.first + UInt64(header.count)
    blocks.append(
      Block(
        record: BlockRecord(
          offset: header.offset, firstChunk: header.first, storedLength: header.storedLength,
          rawLength: header.rawLength),
        end: end, content: .success(try store.append(frame))))
    chunks = chunks.lowerBound..<end
  }

  /// Takes note of chunks that did not come.
  func add(_ lost: ChunkLedger.Lost, at offset: UInt64) {
    blocks.append(
      Block(
        record: BlockRecord(
          offset: offset, firstChunk: lost.chunks.lowerBound, storedLength: 0, rawLength: UInt32(clamping: lost.length)),
        end: lost.chunks.upperBound, content: .failure(lost.error)))
    chunks = chunks.lowerBound..<lost.chunks.upperBound
  }

  /// Takes a leaf.
  func add(leaf frame: Frame) throws(ArchiveError) {
    leaves.append((frame.header.first, try store.append(frame)))
  }

  /// What a leaf is found by; `nil` when it has not come.
  func place(ofLeaf block: UInt64) -> UInt64? {
    var (low, high) = (0, leaves.count)
    while low < high {
      let middle = (low + high) / 2
      if leaves[middle].block < block { low = middle + 1 } else { high = middle }
    }
    return low < leaves.count && leaves[low].block == block ? leaves[low].place : nil
  }

  /// A leaf.
  func leaf(at place: UInt64) throws(ArchiveError) -> Frame { try store.frame(at: place) }

  /// Visits the blocks that have come.
  func forEachBlock(
    _ body: (_ chunks: Range<UInt64>, _ frame: () throws(ArchiveError) -> Frame) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    for block in blocks {
      guard case .success(let place) = block.content else { continue }
      try body(block.record.firstChunk..<block.end) { () throws(ArchiveError) in try store.frame(at: place) }
    }
  }

  /// Begins the next stretch.
  func removeAll() throws(ArchiveError) {
    blocks = []
    leaves = []
    chunks = chunks.upperBound..<chunks.upperBound
    try store.removeAll()
  }

  // MARK: - Blocks

  func blockNumber(ofChunk chunk: UInt64) throws(ArchiveError) -> UInt64 {
    var (low, high) = (0, blocks.count)
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].end <= chunk { low = middle + 1 } else { high = middle }
    }
    guard low < blocks.count, blocks[low].record.firstChunk <= chunk else {
      throw .corrupt("a file has a chunk that is not in the archive")
    }
    return UInt64(low)
  }

  func place(ofBlock number: UInt64) -> (record: BlockRecord, end: UInt64)? {
    guard number < UInt64(blocks.count) else { return nil }
    let block = blocks[Int(number)]
    return (block.record, block.end)
  }

  func open(_ record: BlockRecord) throws(ArchiveError) -> (block: DecodedBlock, ids: [SHA256Digest]) {
    let place = try blocks[Int(try blockNumber(ofChunk: record.firstChunk))].content.get()
    let block = try DecodedBlock(try store.frame(at: place))
    return (block, block.chunks.map(\.id))
  }
}
