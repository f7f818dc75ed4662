// SPDX-License-Identifier: Apache-2.0

/// What a stream is to be like.
struct S2StreamPlan: Sendable {
  /// How hard to try; `nil` stores everything.
  var effort: S2BlockEncoder.Effort?
  var mode: S2BlockMode
  var blockSize: Int
  var padding: Int
  var writesIndex: Bool
  var userChunks: [S2.UserChunk]
}

/// Writes a stream: identifier, a chunk for each block, padding, index.
final class S2Assembler: ChunkAssembler {
  private let plan: S2StreamPlan
  /// How much has been written.
  private var position: UInt64 = 0
  private var content: UInt64 = 0
  private var index: S2Index
  /// What is still to be written, the last first.
  private var userChunks: [S2.UserChunk] = []

  init(_ plan: S2StreamPlan) {
    self.plan = plan
    index = S2Index(blockSize: Int64(plan.blockSize))
  }

  /// Several small blocks at a time, so that workers are not handed crumbs, as many as one is handed at once: user chunks
  /// can stand between any two.
  var chunkSize: Int { plan.blockSize * max(1, ParallelCompressionEngine.smallestSlot / plan.blockSize) }

  func makePacker() throws(CodecError) -> any ChunkPacker { S2Packer(plan) }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) throws(CodecError) {
    append(plan.mode == .s2 ? S2Format.identifier : SnappyFormat.identifier, to: &output)
    // Those for the same position keep their order.
    userChunks = plan.userChunks.enumerated().sorted {
      ($0.element.position, $0.offset) > ($1.element.position, $1.offset)
    }.map(\.element)
  }

  func precede(_ place: ChunkPlace, into output: inout ByteBuffer) {
    writeUserChunks(upTo: content, into: &output)
  }

  func note(_ packed: PackedChunk, at place: ChunkPlace) {
    if packed.contentSize > 0, plan.writesIndex {
      index.add(compressed: Int64(position), uncompressed: Int64(content))
    }
    position += UInt64(packed.packedSize)
    content += UInt64(packed.contentSize)
  }

  func end(into output: inout ByteBuffer) throws(CodecError) {
    writeUserChunks(upTo: .max, into: &output)
    var chunk: [UInt8] = []
    if plan.writesIndex {
      index.totalUncompressed = Int64(content)
      index.totalCompressed = plan.padding > 1 ? -1 : Int64(position)
      index.thin()
      chunk = index.encoded()
    }
    pad(before: chunk.count, into: &output)
    append(chunk, to: &output)
  }

  func reset() {
    position = 0
    content = 0
    userChunks = []
    index = S2Index(blockSize: Int64(plan.blockSize))
  }

  private func writeUserChunks(upTo position: UInt64, into output: inout ByteBuffer) {
    while let chunk = userChunks.last, chunk.position <= position {
      append(SnappyFormat.header(chunk.kind, length: chunk.bytes.count), to: &output)
      append(chunk.bytes, to: &output)
      userChunks.removeLast()
    }
  }

  /// Writes a chunk that makes the stream, with its index, a multiple of the padding.
  private func pad(before index: Int, into output: inout ByteBuffer) {
    let rest = Int((position + UInt64(index)) % UInt64(plan.padding))
    guard rest > 0 else { return }
    var size = plan.padding - rest
    while size < 4 { size += plan.padding }
    append(SnappyFormat.header(0xFE, length: size - 4), to: &output)
    // Not zeros, so that nothing takes the end of the file for a hole; and always the same.
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    let bytes = (0..<size - 4).map { _ -> UInt8 in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state >> 32)
    }
    append(bytes, to: &output)
  }

  private func append(_ bytes: [UInt8], to output: inout ByteBuffer) {
    output.append(bytes)
    position += UInt64(bytes.count)
  }

  private func append(_ header: UInt32, to output: inout ByteBuffer) {
    append((0..<4).map { UInt8(truncatingIfNeeded: header >> (8 * $0)) }, to: &output)
  }
}

/// Makes chunks: header, checksum, and the block encoded or as it is.
final class S2Packer: ChunkPacker {
  private let blockSize: Int
  private let encoder: S2BlockEncoder?

  init(_ plan: S2StreamPlan) {
    blockSize = plan.blockSize
    encoder = plan.effort.map { S2BlockEncoder($0, plan.mode) }
  }

  /// The most bytes that content becomes: an encoded block is kept only when it is smaller, but is made in place.
  static func bound(_ count: Int, blockSize: Int) -> Int {
    let (full, rest) = count.quotientAndRemainder(dividingBy: blockSize)
    return full * (8 + S2Format.blockBound(blockSize)) + (rest > 0 ? 8 + S2Format.blockBound(rest) : 0)
  }

  func packedBound(_ count: Int) -> Int { Self.bound(count, blockSize: blockSize) }

  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk
  {
    var start = 0
    var packed = 0
    while start < chunk.byteCount {
      let end = min(start + blockSize, chunk.byteCount)
      packed += try packBlock(chunk.extracting(start..<end), into: &output)
      start = end
    }
    return PackedChunk(contentSize: chunk.byteCount, packedSize: packed)
  }

  private func packBlock(_ block: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> Int {
    let checksum = SnappyFormat.maskedChecksum(of: block)
    return unsafe try output.appendWritten { (room) throws(CodecError) in
      let body = unsafe UnsafeMutableRawBufferPointer(rebasing: room[8...])
      let size = unsafe block.withUnsafeBytes { content in
        let size = unsafe encoder?.encodeIfSmaller(content, into: body) ?? 0
        if size == 0 { unsafe body.copyMemory(from: content) }
        return size
      }
      let header =
        size > 0
        ? SnappyFormat.header(0, length: 4 + size) : SnappyFormat.header(1, length: 4 + block.byteCount)
      unsafe room.storeBytes(of: header.littleEndian, as: UInt32.self)
      unsafe room.storeBytes(of: checksum.littleEndian, toByteOffset: 4, as: UInt32.self)
      return 8 + (size > 0 ? size : block.byteCount)
    }
  }
}
