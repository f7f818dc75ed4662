// SPDX-License-Identifier: Apache-2.0

// Frames as pieces: what zstd adds for decoding on several threads.

/// Finds whole frames by walking from block header to block header. The hints that pzstd writes, and a seek table, tell
/// nothing that the walk does not.
final class ZstdFrameScanner: PieceScanner {
  private let options: DecompressionOptions
  private let largestPiece: Int

  /// The header of the frame that is being walked, and how far the walk has come in it.
  private var header: ZstdFrameHeader?
  private var walk: ZstdFrameWalk?
  /// How much of a skippable frame is still to be passed.
  private var skipping: UInt64 = 0

  init(_ options: DecompressionOptions, largestPiece: Int) {
    self.options = options
    self.largestPiece = largestPiece
  }

  func next(_ input: RawSpan) -> PieceScan {
    if skipping > 0 {
      guard input.byteCount > 0 else { return .more(1) }
      let size = Int(min(skipping, UInt64(input.byteCount)))
      skipping -= UInt64(size)
      return .passage(size: size)
    }
    guard input.byteCount >= 4 else { return .more(4) }
    let magic = input.uint32(at: 0)
    if ZstdFormat.isSkippable(magic) {
      guard input.byteCount >= 8 else { return .more(8) }
      skipping = UInt64(input.uint32(at: 4))
      return .passage(size: 8)
    }
    guard magic == ZstdFormat.magic else { return .serial }
    guard let header = header ?? ZstdFrameHeader(input) else { return .more(ZstdFrameHeader.sizeNeeded(input)) }
    guard isDecodable(header) else { return .serial }
    self.header = header
    var walk = self.walk ?? ZstdFrameWalk(header)
    let needed = walk.advance(in: input)
    self.walk = walk
    let room = header.contentSize.map { Int(clamping: $0) } ?? walk.maximumContentSize
    // A frame is a piece with its window in it: one that needs more memory than that is streamed.
    guard walk.size <= largestPiece, room <= largestPiece else { return .serial }
    if let needed { return .more(needed) }
    guard room <= walk.maximumContentSize else { return .serial }
    self.header = nil
    self.walk = nil
    return .piece(size: walk.size, room: room)
  }

  /// Whether nothing speaks against the frame: what does is the decoder's to tell.
  private func isDecodable(_ header: ZstdFrameHeader) -> Bool {
    guard !header.hasReservedBit, header.windowSize <= options.limits.maximumWindowSize,
      header.windowSize <= 1 << UInt64(ZstdFormat.windowLogRange.upperBound)
    else { return false }
    guard let needed = header.dictionary else { return true }
    return needed == options.dictionary.flatMap { Zstd.identifier(of: $0) }
  }
}

/// Decodes whole frames.
final class ZstdFrameUnpacker: PieceUnpacker {
  private let context: ZstdDecompressionContext

  init(_ options: DecompressionOptions) throws(CodecError) {
    context = try ZstdDecompressionContext(dictionary: options.dictionary)
  }

  func unpack(_ piece: RawSpan, into output: inout OutputRawSpan) -> Bool {
    if case .success = context.decompress(piece, limit: output.freeCapacity, into: &output) { true } else { false }
  }
}

extension ZstdDecoder: PiecewiseEngine {
  func makeScanner(largestPiece: Int) -> any PieceScanner { ZstdFrameScanner(options, largestPiece: largestPiece) }

  func makePieceUnpacker() throws(CodecError) -> any PieceUnpacker { try ZstdFrameUnpacker(options) }
}
