// SPDX-License-Identifier: Apache-2.0

/// Decodes one frame after the other, each in any pieces.
///
/// Blocks are handed to the library one by one, so that an error names the block at fault, and so that a wrong content
/// size or checksum can be told from damage.
final class ZstdFrameStream {
  private let context: ZstdDecompressionContext
  private var header: ZstdFrameHeader?
  private var frameOffset: UInt64 = 0
  private var delivered: UInt64 = 0
  private var part = Part.blockHeader
  /// How many bytes of the part are still to come.
  private var missing = ZstdBlockHeader.size
  /// The bytes of a block header that have come.
  private var blockLead: UInt32 = 0
  /// Whether the library may hold output for which there was no room.
  private var mayHold = false
  /// Where the block or checksum starts that is being read.
  private(set) var partOffset: UInt64 = 0

  private enum Part {
    case blockHeader
    case block(isLast: Bool)
    case checksum
  }

  enum Outcome { case ended, needsInput, needsOutput }

  init(dictionary: CodecDictionary?) throws(CodecError) {
    context = try ZstdDecompressionContext(dictionary: dictionary)
  }

  func reset() { context.reset() }

  /// Decodes a whole frame in one call.
  func decompress(_ frame: RawSpan, limit: Int, into output: inout OutputRawSpan) -> Result<Int, ZstdStatus> {
    context.decompress(frame, limit: limit, into: &output)
  }

  /// Starts a frame whose header has been read and checked.
  func begin(_ header: ZstdFrameHeader, at offset: UInt64, bodyAt: UInt64) throws(CodecError) {
    self.header = header
    frameOffset = offset
    partOffset = bodyAt
    delivered = 0
    part = .blockHeader
    missing = ZstdBlockHeader.size
    blockLead = 0
    mayHold = false
    context.reset()
    let bytes = header.withoutContentSize
    var nowhere = OutputRawSpan()
    switch unsafe context.step(bytes.span.bytes, limit: 0, into: &nowhere) {
    case .success(let step):
      guard step.consumed == bytes.count else {
        throw CodecError(.internalInconsistency, codec: Zstd.id, reason: "the library did not take the frame header")
      }
    case .failure(let status): throw status.error(at: offset)
    }
  }

  /// Decodes what there is of the frame.
  func step(
    _ input: RawSpan, _ cursor: inout ZstdCursor, into output: inout OutputRawSpan
  ) throws(CodecError) -> Outcome {
    while true {
      if mayHold {
        guard output.freeCapacity > 0 else { return .needsOutput }
        _ = try feed(RawSpan(), into: &output)
        if mayHold { return .needsOutput }
      }
      guard cursor.used < input.byteCount else { return .needsInput }
      let count = nextCount(input, cursor.used)
      let step = try feed(input.extracting(cursor.used..<cursor.used + count), into: &output)
      cursor.used += step.consumed
      missing -= step.consumed
      guard missing == 0, advance(to: cursor.offset), step.isFrameEnd else { continue }
      try checkContentSize()
      return .ended
    }
  }

  /// How many of the next bytes make up the rest of the part, as far as they are there. A block header that is there as
  /// a whole goes together with its block.
  private func nextCount(_ input: RawSpan, _ used: Int) -> Int {
    let rest = input.byteCount - used
    if case .blockHeader = part {
      if missing == ZstdBlockHeader.size, rest >= missing {
        let block = ZstdBlockHeader(input, at: used)
        part = .block(isLast: block.isLast)
        missing += block.bodySize
      } else {
        let count = min(rest, missing)
        for index in 0..<count {
          let shift = UInt32(ZstdBlockHeader.size - missing + index) * 8
          blockLead |= UInt32(input.byte(at: used + index)) << shift
        }
        return count
      }
    }
    return min(rest, missing)
  }

  /// Goes to the next part after one that is complete.
  ///
  /// - Returns: whether there is none.
  private func advance(to offset: UInt64) -> Bool {
    switch part {
    case .blockHeader:
      let block = ZstdBlockHeader(blockLead)
      blockLead = 0
      part = .block(isLast: block.isLast)
      missing = block.bodySize
      // Only an empty block ends with its header.
      return missing == 0 && advance(to: offset)
    case .block(let isLast):
      partOffset = offset
      if isLast, header?.hasChecksum != true { return true }
      part = isLast ? .checksum : .blockHeader
      missing = isLast ? 4 : ZstdBlockHeader.size
      return false
    case .checksum:
      return true
    }
  }

  private func feed(
    _ bytes: RawSpan, into output: inout OutputRawSpan
  ) throws(CodecError) -> ZstdDecompressionContext.Step {
    let step: ZstdDecompressionContext.Step
    switch context.step(bytes, limit: Int.max, into: &output) {
    case .success(let done): step = done
    case .failure(let status): throw status.error(at: partOffset)
    }
    delivered += UInt64(step.produced)
    mayHold = output.freeCapacity == 0
    if let declared = header?.contentSize, delivered > declared {
      output.removeLast(Int(min(delivered - declared, UInt64(step.produced))))
      delivered = declared
      throw CodecError(
        .contentSizeMismatch, codec: Zstd.id, inputOffset: frameOffset,
        reason: "the frame holds more than the \(declared) bytes that it declares")
    }
    return step
  }

  private func checkContentSize() throws(CodecError) {
    guard let declared = header?.contentSize, declared != delivered else { return }
    throw CodecError(
      .contentSizeMismatch, codec: Zstd.id, inputOffset: frameOffset,
      reason: "the frame holds \(delivered) bytes, but declares \(declared)")
  }
}

/// A walk over a frame from block header to block header, as far as its bytes are there.
struct ZstdFrameWalk {
  /// How far it has come: to the end of the frame, once it is over.
  private(set) var size: Int
  private(set) var blocks = 0
  /// Whether the library looks at the size of every block when it decodes the frame in one call. What it does not look at are
  /// runs and stored blocks above the largest size, and what compressed ones hold where that size is small.
  private(set) var hasCheckedBlocks = true
  private let header: ZstdFrameHeader
  private var isOver = false

  init(_ header: ZstdFrameHeader) {
    self.header = header
    size = header.size
  }

  /// The most bytes that so many blocks can decode to.
  var maximumContentSize: Int { blocks * header.maximumBlockSize }

  /// Walks on.
  ///
  /// - Parameter input: starts with the frame.
  /// - Returns: how many bytes of the frame must be there to go on; `nil` when all of it is.
  mutating func advance(in input: RawSpan) -> Int? {
    while !isOver {
      guard size + ZstdBlockHeader.size <= input.byteCount else { return size + ZstdBlockHeader.size }
      let block = ZstdBlockHeader(input, at: size)
      size += ZstdBlockHeader.size + block.bodySize
      blocks += 1
      let isUnchecked =
        block.kind == 2
        ? !header.isSingleSegment && header.maximumBlockSize < ZstdFormat.maximumBlockSize
        : block.statedSize > header.maximumBlockSize
      if isUnchecked { hasCheckedBlocks = false }
      guard block.isLast else { continue }
      size += header.hasChecksum ? 4 : 0
      isOver = true
    }
    return size <= input.byteCount ? nil : size
  }
}

/// How far a frame reaches that lies in the input as a whole.
struct ZstdFrameExtent {
  /// The frame's size, header and checksum included.
  let size: Int
  let blocks: Int
  /// The most bytes that so many blocks can decode to.
  let maximumContentSize: Int
  /// Whether decoding it in one call finds the same faults as block by block.
  let hasCheckedBlocks: Bool

  /// Walks a frame.
  ///
  /// - Returns: its extent, or `nil` when it does not lie in the input as a whole.
  init?(_ header: ZstdFrameHeader, in input: RawSpan) {
    var walk = ZstdFrameWalk(header)
    guard walk.advance(in: input) == nil else { return nil }
    size = walk.size
    blocks = walk.blocks
    maximumContentSize = walk.maximumContentSize
    hasCheckedBlocks = walk.hasCheckedBlocks
  }
}
