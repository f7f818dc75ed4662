// SPDX-License-Identifier: Apache-2.0

// Where to begin in an LZ4 stream: at frames, and at the blocks of frames where they are independent.

extension LZ4 {
  /// A walker from block to block, or from frame to frame where blocks refer to each other.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? {
    try LZ4SeekWalker(options)
  }
}

/// Walks an LZ4 stream by its size fields.
///
/// A block does not say how much it holds: it may be as much as the frame's block size, and less where the writer was
/// flushed. Two things prove it: all blocks but the last are full when the frame declares a size that is met only then,
/// and the tokens of a block add up to what it holds. The second costs reading the block.
final class LZ4SeekWalker: SeekWalker {
  private let options: DecompressionOptions
  private var frame: Frame?

  /// The frame in which the last points were.
  private struct Frame {
    let offset: UInt64
    let header: LZ4FrameHeader
    /// Where its blocks begin.
    let blocks: UInt64
    /// Whether all of its blocks are full, except for the last one.
    var isFull = false

    var chain: LZ4Chain { LZ4Chain(header) }
  }

  init(_ options: DecompressionOptions) throws(CodecError) {
    // Refuses a dictionary that cannot be used, before anything is read.
    _ = try LZ4FrameDecoder(options)
    self.options = options
  }

  func point(after point: SeekPoint, in input: SalvageInput) -> SeekPoint? {
    if point.isInsideFrame {
      guard let frame = self.frame(at: point.frameOffset, input) else { return nil }
      return self.point(in: frame, at: point.inputOffset, after: point, input)
    }
    let magic = input.withBytes(at: point.inputOffset, count: 8) { bytes -> (magic: UInt32, size: UInt64)? in
      bytes.byteCount == 8 ? (bytes.uint32(at: 0), UInt64(bytes.uint32(at: 4))) : nil
    }
    guard let magic else { return nil }
    if magic.magic == LZ4Format.frameMagic {
      guard let frame = self.frame(at: point.inputOffset, input) else { return nil }
      guard frame.header.hasIndependentBlocks else { return whole(frame, point, input) }
      return self.point(in: frame, at: frame.blocks, after: point, input)
    }
    guard magic.magic & LZ4Format.skippableMask == LZ4Format.skippableMagic,
      magic.size <= input.size - point.inputOffset - 8
    else { return nil }
    return SeekPoint(inputOffset: point.inputOffset + 8 + magic.size, outputOffset: point.outputOffset)
  }

  func makeEngine(at point: SeekPoint, in input: SalvageInput) throws(CodecError) -> any StreamEngine {
    let decoder = try LZ4FrameDecoder(options)
    if point.isInsideFrame, let frame = frame(at: point.frameOffset, input) {
      try decoder.resume(frame.header, at: point.inputOffset, contentCount: point.contentBefore)
    } else {
      decoder.resume(at: point.inputOffset)
    }
    return decoder
  }

  // MARK: - Frames

  private func frame(at offset: UInt64, _ input: SalvageInput) -> Frame? {
    if let frame, frame.offset == offset { return frame }
    guard let (header, blocks) = LZ4Chain.header(at: offset, input),
      header.blockSize <= options.limits.maximumWindowSize
    else { return nil }
    var found = Frame(offset: offset, header: header, blocks: blocks)
    found.isFull = header.hasIndependentBlocks && (options.trustsIndex || isFull(found, input))
    frame = found
    return found
  }

  /// Whether the declared size of a frame proves that all its blocks are full: the last one holds the rest.
  private func isFull(_ frame: Frame, _ input: SalvageInput) -> Bool {
    guard let declared = frame.header.contentSize else { return false }
    let size = UInt64(frame.header.blockSize)
    var offset = frame.blocks
    var last: UInt64?
    var before: UInt64 = 0
    while case .block(let end) = frame.chain.link(at: offset, input) {
      if last != nil { before &+= size }
      guard before <= declared else { return false }
      last = offset
      offset = end
    }
    guard case .end = frame.chain.link(at: offset, input) else { return false }
    guard let last else { return declared == 0 }
    return content(ofBlockAt: last, frame, input) == declared - before
  }

  /// A frame whose blocks refer to each other: it can be passed over only as a whole.
  private func whole(_ frame: Frame, _ point: SeekPoint, _ input: SalvageInput) -> SeekPoint? {
    guard case (.frameEnd(let end), let blocks) = frame.chain.follow(from: frame.blocks, input),
      let size = frame.header.contentSize ?? (blocks == 0 ? 0 : nil),
      size <= blocks.multipliedReportingOverflow(by: UInt64(frame.header.blockSize)).partialValue
    else { return nil }
    return SeekPoint(inputOffset: end, outputOffset: point.outputOffset &+ size)
  }

  // MARK: - Blocks

  /// The point behind the block, or the end mark, at an offset.
  private func point(
    in frame: Frame, at offset: UInt64, after point: SeekPoint, _ input: SalvageInput
  ) -> SeekPoint? {
    switch frame.chain.link(at: offset, input) {
    case .broken, .cut: return nil
    case .end(let end):
      // The last word on the frame is the decoder's, when it holds something else than it declares.
      guard frame.header.contentSize == nil || frame.header.contentSize == point.contentBefore else { return nil }
      return SeekPoint(inputOffset: end, outputOffset: point.outputOffset)
    case .block(let end):
      var isFull = frame.isFull
      // The last block need not be full, trust or not.
      if isFull, case .end = frame.chain.link(at: end, input) { isFull = false }
      let measured = isFull ? storedSize(ofBlockAt: offset, input) ?? UInt64(frame.header.blockSize) : nil
      guard let size = measured ?? content(ofBlockAt: offset, frame, input) else { return nil }
      var next = SeekPoint(inputOffset: end, outputOffset: point.outputOffset &+ size)
      next.frameOffset = frame.offset
      next.contentBefore = point.contentBefore &+ size
      return next
    }
  }

  /// What a stored block holds.
  private func storedSize(ofBlockAt offset: UInt64, _ input: SalvageInput) -> UInt64? {
    let field = input.withBytes(at: offset, count: 4) { $0.byteCount == 4 ? $0.uint32(at: 0) : 0 }
    return field & LZ4Format.storedFlag == 0 ? nil : UInt64(field & ~LZ4Format.storedFlag)
  }

  /// What a block holds, for certain.
  private func content(ofBlockAt offset: UInt64, _ frame: Frame, _ input: SalvageInput) -> UInt64? {
    if let stored = storedSize(ofBlockAt: offset, input) { return stored }
    let field = input.withBytes(at: offset, count: 4) { $0.byteCount == 4 ? $0.uint32(at: 0) : 0 }
    guard let size = frame.chain.size(field) else { return nil }
    return input.withBytes(at: offset + 4, count: size) { bytes in
      guard bytes.byteCount == size else { return nil }
      return LZ4BlockMeasure.contentSize(of: bytes, limit: frame.header.blockSize).map { UInt64($0) }
    }
  }
}
