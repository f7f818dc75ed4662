// SPDX-License-Identifier: Apache-2.0

/// Writes blocked gzip (BGZF): members of at most 64 KiB that tell their size in an extra field, `BC`, and an empty block
/// as the end mark. htslib and its relatives find any place in such a file.
final class BlockedGzipAssembler: ChunkAssembler {
  /// How much input a block takes: what leaves room for the framing of a stored block in 64 KiB.
  static let blockSize = 65_280
  /// No block is larger, or its size would not fit its field.
  static let largestBlock = 65_536
  /// The extra field, with no size in it yet.
  private static let emptyField: [UInt8] = [0x42, 0x43, 2, 0, 0, 0]
  /// Where the size, less one, stands in a member.
  static let sizeOffset = 16

  private static let endBlock: [UInt8] = [
    0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 0xFF, 6, 0, 0x42, 0x43, 2, 0, 0x1B, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ]

  private let plan: DeflatePlan
  private let header: [UInt8]

  init(_ plan: DeflatePlan, level: Int) {
    self.plan = plan
    header = GzipHeader.encode(
      level: level, fileName: nil, comment: nil, modificationTime: 0, extra: Self.emptyField)
  }

  var chunkSize: Int { Self.blockSize }

  func makePacker() throws(CodecError) -> any ChunkPacker {
    BlockedGzipPacker(try plan.makeBlockDeflater(), header)
  }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) {}

  func note(_ packed: PackedChunk, at place: ChunkPlace) {}

  func end(into output: inout ByteBuffer) { output.append(Self.endBlock) }

  func reset() {}
}

/// Packs one chunk as one block.
final class BlockedGzipPacker: ChunkPacker {
  private let block: any BlockDeflater
  private let stored = StreamingBlockDeflater(StoredDeflater())
  private let header: [UInt8]

  init(_ block: any BlockDeflater, _ header: [UInt8]) {
    self.block = block
    self.header = header
  }

  func packedBound(_ count: Int) -> Int { max(block.bound(count), stored.bound(count)) + header.count + 8 }

  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk
  {
    // The end block is all there is of nothing.
    guard !chunk.isEmpty else { return PackedChunk(contentSize: 0, packedSize: 0) }
    let size = unsafe try output.appendWritten { (room) throws(CodecError) in
      var size = try unsafe writeMember(chunk, header, by: block, into: room)
      if size > BlockedGzipAssembler.largestBlock {
        size = try unsafe writeMember(chunk, header, by: stored, into: room)
      }
      unsafe room.storeBytes(
        of: UInt16(truncatingIfNeeded: size - 1).littleEndian, toByteOffset: BlockedGzipAssembler.sizeOffset,
        as: UInt16.self)
      return size
    }
    return PackedChunk(contentSize: chunk.byteCount, packedSize: size)
  }
}
