// SPDX-License-Identifier: Apache-2.0

/// Writes an LZ4 frame of independent blocks: header, blocks, end mark and the content's checksum.
final class LZ4FrameAssembler: ChunkAssembler {
  private let header: LZ4FrameHeader
  private let level: Int
  private let dictionary: CodecDictionary?
  private var hash = XXH32()

  init(header: LZ4FrameHeader, level: Int, dictionary: CodecDictionary?) {
    self.header = header
    self.level = level
    self.dictionary = dictionary
  }

  var chunkSize: Int { header.blockSize }

  func makePacker() throws(CodecError) -> any ChunkPacker {
    LZ4BlockPacker(
      try LZ4BlockCompressor(level: level, dictionary: dictionary), hasChecksum: header.hasBlockChecksums)
  }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) throws(CodecError) {
    output.append(header.encoded)
  }

  func see(_ content: RawSpan) {
    if header.hasContentChecksum { hash.update(content) }
  }

  func note(_ packed: PackedChunk, at place: ChunkPlace) {}

  func end(into output: inout ByteBuffer) throws(CodecError) {
    var bytes: [UInt8] = [0, 0, 0, 0]
    if header.hasContentChecksum {
      let value = hash.value
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    output.append(bytes)
  }

  func reset() { hash.reset() }
}

/// Makes one block of a frame: size field, data, and the block's checksum when it is asked for.
final class LZ4BlockPacker: ChunkPacker {
  private let compressor: LZ4BlockCompressor
  private let hasChecksum: Bool

  init(_ compressor: LZ4BlockCompressor, hasChecksum: Bool) {
    self.compressor = compressor
    self.hasChecksum = hasChecksum
  }

  /// Room for the worst case that the compressor can write before it is known that storing is shorter: with less, it
  /// would have to check its room at every match.
  func packedBound(_ count: Int) -> Int { 8 + LZ4Format.blockBound(count) }

  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk
  {
    // A size field of 0 is the end mark: no content is no block.
    guard !chunk.isEmpty else { return PackedChunk(contentSize: 0, packedSize: 0) }
    let count = chunk.byteCount
    let written = unsafe try output.appendWritten { (room) throws(CodecError) in
      let body = unsafe UnsafeMutableRawBufferPointer(rebasing: room[4..<4 + LZ4Format.blockBound(count)])
      var size = unsafe compressor.compress(chunk, into: body)
      var field = UInt32(truncatingIfNeeded: size)
      if size == 0 || size >= count {
        unsafe chunk.withUnsafeBytes { unsafe body.copyMemory(from: $0) }
        size = count
        field = UInt32(truncatingIfNeeded: size) | LZ4Format.storedFlag
      }
      unsafe room.storeBytes(of: field.littleEndian, as: UInt32.self)
      guard hasChecksum else { return 4 + size }
      let checksum = unsafe XXH32.of(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: body[..<size])))
      unsafe room.storeBytes(of: checksum.littleEndian, toByteOffset: 4 + size, as: UInt32.self)
      return 8 + size
    }
    return PackedChunk(contentSize: count, packedSize: written)
  }
}
