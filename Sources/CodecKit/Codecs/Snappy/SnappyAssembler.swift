// SPDX-License-Identifier: Apache-2.0

/// Writes snappy's framing format: the stream identifier, then one chunk for each piece.
final class SnappyAssembler: ChunkAssembler {
  private let pieceSize: Int

  init(pieceSize: Int) { self.pieceSize = pieceSize }

  /// Several pieces at a time, so that workers are not handed crumbs. The bytes are the same as one at a time.
  var chunkSize: Int { pieceSize * Self.piecesAtATime }

  private static let piecesAtATime = 4

  func makePacker() throws(CodecError) -> any ChunkPacker { SnappyPacker(pieceSize: pieceSize) }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) throws(CodecError) {
    output.append(SnappyFormat.identifier)
  }

  func note(_ packed: PackedChunk, at place: ChunkPlace) {}

  func end(into output: inout ByteBuffer) throws(CodecError) {}

  func reset() {}
}

/// Makes chunks: header, checksum, and the piece compressed or as it is.
final class SnappyPacker: ChunkPacker {
  private let pieceSize: Int

  init(pieceSize: Int) { self.pieceSize = pieceSize }

  func packedBound(_ count: Int) -> Int {
    let (full, rest) = count.quotientAndRemainder(dividingBy: pieceSize)
    return full * (8 + SnappyBlock.bound(pieceSize)) + 8 + SnappyBlock.bound(rest)
  }

  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk
  {
    var start = 0
    var packed = 0
    while start < chunk.byteCount {
      let end = min(start + pieceSize, chunk.byteCount)
      packed += try packPiece(chunk.extracting(start..<end), into: &output)
      start = end
    }
    return PackedChunk(contentSize: chunk.byteCount, packedSize: packed)
  }

  private func packPiece(_ piece: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> Int {
    let checksum = SnappyFormat.maskedChecksum(of: piece)
    return unsafe try output.appendWritten { (room) throws(CodecError) in
      let body = unsafe UnsafeMutableRawBufferPointer(rebasing: room[8...])
      var kind: UInt8 = 0
      var size = unsafe try SnappyBlock.compress(piece, into: body)
      // Decoding costs more than what an eighth of the size is worth.
      if size >= piece.byteCount - piece.byteCount / 8 {
        unsafe piece.withUnsafeBytes { unsafe body.copyMemory(from: $0) }
        kind = 1
        size = piece.byteCount
      }
      let header = SnappyFormat.header(kind, length: 4 + size)
      unsafe room.storeBytes(of: header.littleEndian, as: UInt32.self)
      unsafe room.storeBytes(of: checksum.littleEndian, toByteOffset: 4, as: UInt32.self)
      return 8 + size
    }
  }
}
