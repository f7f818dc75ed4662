// SPDX-License-Identifier: Apache-2.0

// Chunks as pieces: what snappy adds for decoding on several threads.

/// Walks from chunk to chunk.
final class SnappyChunkScanner: PieceScanner {
  private var atStart: Bool
  /// How much of a skippable chunk is still to be passed.
  private var skipping = 0

  init(atStart: Bool) { self.atStart = atStart }

  func next(_ input: RawSpan) -> PieceScan {
    if skipping > 0 {
      guard input.byteCount > 0 else { return .more(1) }
      let size = min(skipping, input.byteCount)
      skipping -= size
      return .passage(size: size)
    }
    guard input.byteCount >= 4 else { return .more(4) }
    let header = input.uint32(at: 0)
    let length = Int(header >> 8)
    switch SnappyFormat.ChunkKind(UInt8(truncatingIfNeeded: header)) {
    case .identifier:
      let size = SnappyFormat.identifier.count
      guard input.byteCount >= size else { return .more(size) }
      guard input.extracting(0..<size).array == SnappyFormat.identifier else { return .serial }
      atStart = false
      return .passage(size: size)
    case _ where atStart: return .serial
    case .skippable, .padding:
      skipping = length
      return .passage(size: 4)
    case .stored:
      guard (4...4 + SnappyFormat.maximumPiece).contains(length) else { return .serial }
      return input.byteCount < 4 + length ? .more(4 + length) : .piece(size: 4 + length, room: length - 4)
    case .compressed:
      // No block of this size holds less than what a piece may have.
      guard length > 4, length <= 4 + SnappyBlock.bound(SnappyFormat.maximumPiece) else { return .serial }
      guard input.byteCount >= 4 + length else { return .more(4 + length) }
      guard let size = try? SnappyFormat.declaredSize(input.extracting(8..<4 + length))?.value,
        size <= SnappyFormat.maximumPiece
      else { return .serial }
      return .piece(size: 4 + length, room: Int(size))
    case .unskippable: return .serial
    }
  }
}

/// Decodes chunks and checks them.
final class SnappyChunkUnpacker: PieceUnpacker {
  func unpack(_ piece: RawSpan, into output: inout OutputRawSpan) -> Bool {
    let content = piece.dropping(8)
    let before = output.byteCount
    if SnappyFormat.ChunkKind(piece.byte(at: 0)) == .stored {
      guard output.append(prefixOf: content) == content.byteCount else { return false }
    } else {
      let decoded = try? unsafe output.appendWritten { (room) throws(CodecError) in
        unsafe try SnappyBlock.decompress(content, into: room)
      }
      guard decoded != nil else { return false }
    }
    return SnappyFormat.maskedChecksum(of: output.bytes.extracting(last: output.byteCount - before))
      == piece.uint32(at: 4)
  }
}

extension SnappyDecoder: PiecewiseEngine {
  func makeScanner(largestPiece: Int) -> any PieceScanner { SnappyChunkScanner(atStart: isAtStart) }

  func makePieceUnpacker() throws(CodecError) -> any PieceUnpacker { SnappyChunkUnpacker() }
}
