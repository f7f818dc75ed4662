// SPDX-License-Identifier: Apache-2.0

// Chunks as pieces: what S2 adds for decoding on several threads.

/// Walks from chunk to chunk.
final class S2ChunkScanner: PieceScanner {
  private let rules: S2ReadingRules
  private let largestPiece: Int
  private var largestBlock: Int
  private var atStart: Bool
  /// How much of a skippable chunk is still to be passed.
  private var skipping = 0

  init(_ rules: S2ReadingRules, largestPiece: Int, largestBlock: Int, atStart: Bool) {
    self.rules = rules
    self.largestPiece = largestPiece
    self.largestBlock = largestBlock
    self.atStart = atStart
  }

  func next(_ input: RawSpan) -> PieceScan {
    if skipping > 0 {
      guard input.byteCount > 0 else { return .more(1) }
      let size = min(skipping, input.byteCount)
      skipping -= size
      return .passage(size: size)
    }
    guard input.byteCount >= 4 else { return .more(4) }
    if atStart || S2Chunk.Kind(input.byte(at: 0)) == .identifier { return identifier(input) }
    // What is wrong with a chunk is the decoder's to tell.
    guard let chunk = try? S2Chunk.front(of: input, at: 0, largestBlock: largestBlock, rules) else { return .serial }
    switch chunk.kind {
    case .padding, .skippable:
      skipping = chunk.size - 4
      return .passage(size: 4)
    case .stored, .compressed:
      guard let size = chunk.contentSize else { return .more(min(chunk.size, input.byteCount + 1)) }
      guard size <= largestPiece else { return .serial }
      return input.byteCount < chunk.size ? .more(chunk.size) : .piece(size: chunk.size, room: size)
    default: return .serial
    }
  }

  private func identifier(_ input: RawSpan) -> PieceScan {
    let size = S2Format.identifier.count
    guard input.byteCount >= size else { return .more(size) }
    guard let largest = S2Chunk.largestBlock(input.extracting(0..<size)) else { return .serial }
    largestBlock = largest
    atStart = false
    return .passage(size: size)
  }
}

/// Decodes chunks and checks them.
final class S2ChunkUnpacker: PieceUnpacker {
  private let rules: S2ReadingRules

  init(_ rules: S2ReadingRules) { self.rules = rules }

  func unpack(_ piece: RawSpan, into output: inout OutputRawSpan) -> Bool {
    do throws(CodecError) {
      // The scanner has looked at what the stream allows; the format's own largest is enough here.
      let largest = S2Format.maximumBlock
      guard let chunk = try S2Chunk.front(of: piece, at: 0, largestBlock: largest, rules) else { return false }
      try chunk.decode(piece, at: 0, rules, into: &output)
      return true
    } catch {
      return false
    }
  }
}

extension S2Decoder: PiecewiseEngine {
  func makeScanner(largestPiece: Int) -> any PieceScanner {
    S2ChunkScanner(rules, largestPiece: largestPiece, largestBlock: largestBlock, atStart: isAtStart)
  }

  func makePieceUnpacker() throws(CodecError) -> any PieceUnpacker { S2ChunkUnpacker(rules) }
}
