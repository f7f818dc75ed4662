// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

// Independent blocks as pieces: what lz4 adds for decoding on several threads.

/// Where in a stream a scanner or decoder stands.
enum LZ4ScanStage: Hashable {
  case magic, header, block, contentChecksum, legacyBlock, skippableSize
  case skipping(UInt64)
}

/// The checksum over the content of a frame.
final class LZ4ContentDigest: PieceDigest {
  private(set) var hash: XXH32

  init(_ hash: borrowing XXH32) { self.hash = XXH32(hash) }

  func restart() { hash.reset() }

  func update(_ content: RawSpan) { hash.update(content) }

  func copy() -> any PieceDigest { LZ4ContentDigest(hash) }
}

/// Walks from block to block, through frames whose blocks do not depend on each other.
final class LZ4BlockScanner: PieceScanner {
  private let options: DecompressionOptions
  private let largestPiece: Int
  private var stage: LZ4ScanStage
  private var header: LZ4FrameHeader
  /// Whether the next block is the first of its frame.
  private var isFirstBlock = false

  init(_ options: DecompressionOptions, largestPiece: Int, _ stage: LZ4ScanStage, _ header: LZ4FrameHeader) {
    self.options = options
    self.largestPiece = largestPiece
    self.stage = stage
    self.header = header
  }

  func next(_ input: RawSpan) -> PieceScan {
    switch stage {
    case .magic:
      guard input.byteCount >= 4 else { return .more(4) }
      return readMagic(input.uint32(at: 0))
    case .header:
      guard input.byteCount >= 1 else { return .more(3) }
      let size = LZ4FrameHeader.length(flags: input.byte(at: 0))
      guard input.byteCount >= size else { return .more(size) }
      // The decoder meets what is wrong with a header by itself, and refuses block sizes beyond the limit.
      guard let header = try? LZ4FrameHeader(input.extracting(0..<size), at: 0) else { return .serial }
      self.header = header
      stage = .block
      isFirstBlock = true
      return .passage(size: size)
    case .block: return readBlock(input)
    case .contentChecksum:
      guard input.byteCount >= 4 else { return .more(4) }
      stage = .magic
      return .passage(size: 4)
    case .legacyBlock:
      guard input.byteCount >= 4 else { return .more(4) }
      let size = input.uint32(at: 0)
      guard LZ4Format.isLegacyBlock(size) else { return readMagic(size) }
      return piece(input, size: 4 + Int(size), room: min(LZ4Format.legacyBlockSize, Int(size) * 255))
    case .skippableSize:
      guard input.byteCount >= 4 else { return .more(4) }
      stage = .skipping(UInt64(input.uint32(at: 0)))
      return .passage(size: 4)
    case .skipping(let rest):
      guard rest > 0 else {
        stage = .magic
        return next(input)
      }
      guard input.byteCount > 0 else { return .more(1) }
      let size = min(rest, UInt64(input.byteCount))
      stage = .skipping(rest - size)
      return .passage(size: Int(size))
    }
  }

  private func readMagic(_ magic: UInt32) -> PieceScan {
    switch magic {
    case LZ4Format.frameMagic: stage = .header
    case LZ4Format.legacyMagic:
      stage = .legacyBlock
      header = LZ4FrameHeader()
      header.blockSize = LZ4Format.legacyBlockSize
    case _ where LZ4Format.isMagic(magic): stage = .skippableSize
    default: return .serial
    }
    return .passage(size: 4)
  }

  private func readBlock(_ input: RawSpan) -> PieceScan {
    guard header.hasIndependentBlocks else { return .serial }
    guard input.byteCount >= 4 else { return .more(4) }
    let field = input.uint32(at: 0)
    guard field != 0 else {
      stage = header.hasContentChecksum ? .contentChecksum : .magic
      return .passage(size: 4)
    }
    let size = Int(field & ~LZ4Format.storedFlag)
    guard size <= header.blockSize else { return .serial }
    let room = field & LZ4Format.storedFlag != 0 ? size : min(header.blockSize, size * 255)
    let found = piece(
      input, size: 4 + size + (header.hasBlockChecksums ? 4 : 0), room: room,
      digest: !header.hasContentChecksum ? .none : isFirstBlock ? .first : .next)
    if case .piece = found { isFirstBlock = false }
    return found
  }

  private func piece(_ input: RawSpan, size: Int, room: Int, digest: DigestStep = .none) -> PieceScan {
    guard room <= largestPiece else { return .serial }
    return input.byteCount < size ? .more(size) : .piece(size: size, room: room, digest: digest)
  }
}

/// Decodes blocks with their size fields and checksums.
///
/// A block of a frame and one of a legacy frame differ: only the former can be stored as it is, and have a checksum. A
/// size field tells them apart, because no legacy block is so large that its size has the flag of a stored one. The
/// frame's checksums per block are known by the piece being longer than the block.
final class LZ4BlockUnpacker: PieceUnpacker {
  private let dictionary: LZ4DictionaryContent?

  init(_ dictionary: LZ4DictionaryContent?) { self.dictionary = dictionary }

  func unpack(_ piece: RawSpan, into output: inout OutputRawSpan) -> Bool {
    let field = piece.uint32(at: 0)
    let size = Int(field & ~LZ4Format.storedFlag)
    let block = piece.extracting(4..<4 + size)
    if piece.byteCount > 4 + size, XXH32.of(block) != piece.uint32(at: 4 + size) { return false }
    if field & LZ4Format.storedFlag != 0 { return output.append(prefixOf: block) == size }
    var status = 0
    unsafe output.withUnsafeMutableBytes { memory, initialized in
      let room = unsafe memory.baseAddress.map { unsafe $0 + initialized }
      status = unsafe decompress(block, to: room, capacity: memory.count - initialized)
      initialized += max(0, status)
    }
    return status >= 0
  }

  private func decompress(_ block: RawSpan, to room: UnsafeMutableRawPointer?, capacity: Int) -> Int {
    unsafe block.withUnsafeBytes { source in
      let size = Int32(clamping: source.count)
      let capacity = Int32(clamping: capacity)
      guard let dictionary else {
        return Int(unsafe ck_lz4_decompress(source.baseAddress, size, room, capacity, nil, 0))
      }
      return Int(
        unsafe ck_lz4_decompress(
          source.baseAddress, size, room, capacity, dictionary.memory.baseAddress, Int32(clamping: dictionary.count)))
    }
  }
}

extension LZ4FrameDecoder: PiecewiseEngine {
  func makeScanner(largestPiece: Int) -> any PieceScanner {
    LZ4BlockScanner(options, largestPiece: largestPiece, scanStage, header)
  }

  func makePieceUnpacker() throws(CodecError) -> any PieceUnpacker { LZ4BlockUnpacker(dictionary) }

  func makeDigest() -> (any PieceDigest)? { LZ4ContentDigest(hash) }
}
