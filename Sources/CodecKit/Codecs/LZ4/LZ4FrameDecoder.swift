// SPDX-License-Identifier: Apache-2.0

/// Reads LZ4 streams: frames, legacy frames and skippable frames, one after the other.
///
/// A stream is read in units: a magic, a header, a block with its size field and checksum. A unit that lies in the
/// caller's input as a whole is read there, others are gathered first. Blocks are decoded into the caller's output when
/// it has room. For the sake of both, the engine answers `needsOutput` after a block when the next one does not fit, so
/// that the caller can top its input up and empty its output.
final class LZ4FrameDecoder: StreamEngine {
  /// What the next unit is.
  enum Stage: Hashable {
    case magic, header, block, contentChecksum, legacyBlock, skippableSize
    /// So many bytes of a skippable frame are still to be dropped.
    case skipping(UInt64)
    /// Bytes behind the last frame are dropped.
    case trailing
    case ended, failed
  }

  let options: DecompressionOptions
  let dictionary: LZ4DictionaryContent?

  private var stage = Stage.magic
  /// Where the next unit stands in the stream.
  var position: UInt64 = 0
  private var hasSeenFrame = false
  /// The beginning of a unit that the input did not hold as a whole.
  private var held = ByteBuffer()
  /// How long the last unit was that the input did not hold as a whole.
  private var nextUnitLength = 0
  private(set) var notices: [StreamNotice] = []
  var pausesAtBorders = false

  // Of the current frame:
  var header = LZ4FrameHeader()
  var hash = XXH32()
  var contentCount: UInt64 = 0
  /// Whether not all of the frame was decoded, so that its checksum says nothing.
  private var passesOverChecksum = false

  // How blocks are decoded: see LZ4FrameDecoder+Blocks.swift.
  /// A block that did not fit into the caller's output.
  var decoded = ByteBuffer()
  /// The last 64 KiB of the frame, without what ``tailCount`` counts.
  var history = ByteBuffer()
  /// How many bytes at the end of the caller's output belong to the frame and are not in ``history`` yet.
  var tailCount = 0
  /// Whether blocks still turn out to fit where only experience can tell.
  var triesSmallRoom = true

  init(_ options: DecompressionOptions) throws(CodecError) {
    self.options = options
    dictionary = try options.dictionary.map { (value) throws(CodecError) in try LZ4DictionaryContent.of(value) }
  }

  /// Enough for the next block, as far as the stream has told, and for the size field behind it.
  var preferredInputSize: Int { max(Self.smallInputSize, nextUnitLength + 4) }

  /// The largest block of a frame.
  var preferredOutputSize: Int { 4 << 20 }

  /// Enough for frames of small blocks to need few calls.
  private static let smallInputSize = 256 << 10

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let before = output.byteCount
    var used = 0
    tailCount = 0
    do throws(CodecError) {
      let answer = try work(input, &used, into: &output, isEnd: flush == .finish)
      commitTail(of: output)
      return StreamStep(consumed: used, produced: output.byteCount - before, state: answer)
    } catch {
      stage = .failed
      throw error
    }
  }

  func reset() {
    stage = .magic
    position = 0
    hasSeenFrame = false
    notices = []
    held.removeAll()
    decoded.removeAll()
    history.removeAll()
    tailCount = 0
    nextUnitLength = 0
    triesSmallRoom = true
  }

  /// Between frames and blocks, but not within frames whose blocks depend on each other.
  var isAtBorder: Bool {
    guard held.isEmpty, decoded.isEmpty else { return false }
    return switch stage {
    case .magic, .legacyBlock: true
    case .block: header.hasIndependentBlocks
    default: false
    }
  }

  /// The stage as a scanner goes on from it. Only at a border.
  var scanStage: LZ4ScanStage {
    switch stage {
    case .block: .block
    case .legacyBlock: .legacyBlock
    default: .magic
    }
  }

  func accept(_ piece: RawSpan, content: RawSpan, digest: (any PieceDigest)?) throws(CodecError) {
    if let digest = digest as? LZ4ContentDigest { hash = XXH32(digest.hash) }
    contentCount += UInt64(content.byteCount)
    if let size = header.contentSize, contentCount > size {
      throw CodecError(
        .contentSizeMismatch, inputOffset: position, reason: "the frame declares \(size) bytes and holds more")
    }
    position += UInt64(piece.byteCount)
  }

  /// Begins between frames in the middle of a stream.
  func resume(at offset: UInt64) {
    reset()
    position = offset
    hasSeenFrame = offset > 0
  }

  /// Begins at a block in the middle of a frame of independent blocks. The checksum over its content is passed over,
  /// because it covers more than what is decoded.
  func resume(_ header: LZ4FrameHeader, at offset: UInt64, contentCount: UInt64) throws(CodecError) {
    resume(at: offset)
    self.header = header
    try begin(blockSize: header.blockSize)
    self.contentCount = contentCount
    passesOverChecksum = true
    stage = .block
  }

  private func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, isEnd: Bool
  ) throws(CodecError) -> StreamStep.State {
    var hasRead = false
    while true {
      if decoded.drain(into: &output) > 0 { hasRead = true }
      guard decoded.isEmpty else { return .needsOutput }
      let rest = input.byteCount - used
      if pausesAtBorders, isAtBorder, used > 0, rest > 0 { return .needsOutput }
      switch stage {
      case .failed:
        throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
      case .ended:
        guard rest == 0 else {
          throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
        }
        return .finished
      case .skipping(let left):
        let skipped = Int(min(UInt64(rest), left))
        used += skipped
        position += UInt64(skipped)
        stage = left > UInt64(skipped) ? .skipping(left - UInt64(skipped)) : .magic
        guard stage == .magic else {
          if isEnd { throw cut(inside: "a skippable frame", at: position) }
          return .needsInput
        }
        continue
      case .trailing:
        used = input.byteCount
        position += UInt64(rest)
        if isEnd { stage = .ended }
        return isEnd ? .finished : .needsInput
      case .magic, .header, .block, .contentChecksum, .legacyBlock, .skippableSize: break
      }

      if held.isEmpty {
        let next = input.dropping(used)
        let needed = try unitLength(next)
        if next.byteCount >= needed {
          let unit = next.extracting(0..<needed)
          if hasRead, shouldWait(unit, for: output) { return .needsOutput }
          try read(unit, into: &output)
          used += needed
        } else if isEnd {
          try end(with: next)
          if stage == .ended { return .finished }
          continue
        } else {
          nextUnitLength = needed
          if hasRead, rest > 0 { return .needsOutput }
          held.append(next)
          used = input.byteCount
          return .needsInput
        }
      } else {
        var unit = held.take()
        defer { swap(&unit, &held) }
        var needed = try unitLength(unit.bytes)
        while unit.count < needed, used < input.byteCount {
          let taken = min(needed - unit.count, input.byteCount - used)
          unit.append(input.extracting(used..<used + taken))
          used += taken
          needed = try unitLength(unit.bytes)
        }
        if unit.count < needed {
          guard isEnd else { return .needsInput }
          try end(with: unit.bytes)
          unit.removeAll()
          if stage == .ended { return .finished }
          continue
        }
        if hasRead, shouldWait(unit.bytes, for: output) { return .needsOutput }
        try read(unit.bytes, into: &output)
        unit.removeAll()
      }
      hasRead = true
    }
  }

  /// How many bytes the next unit has, as far as its first bytes tell: at least one more than are given, or the true number.
  private func unitLength(_ bytes: RawSpan) throws(CodecError) -> Int {
    switch stage {
    case .header:
      guard bytes.byteCount >= 1 else { return 3 }
      try LZ4FrameHeader.checkVersion(flags: bytes.byte(at: 0), at: position)
      return LZ4FrameHeader.length(flags: bytes.byte(at: 0))
    case .block:
      guard bytes.byteCount >= 4 else { return 4 }
      let field = bytes.uint32(at: 0)
      if field == 0 { return 4 }
      let size = Int(field & ~LZ4Format.storedFlag)
      guard size <= header.blockSize else {
        throw CodecError(
          .corrupt, inputOffset: position,
          reason: "a block of \(size) bytes exceeds the frame's block size of \(header.blockSize)")
      }
      return 4 + size + (header.hasBlockChecksums ? 4 : 0)
    case .legacyBlock:
      guard bytes.byteCount >= 4 else { return 4 }
      let size = bytes.uint32(at: 0)
      return LZ4Format.isLegacyBlock(size) ? 4 + Int(size) : 4
    default: return 4
    }
  }

  /// Whether a caller that empties its output would save a copy.
  private func shouldWait(_ unit: RawSpan, for output: borrowing OutputRawSpan) -> Bool {
    switch stage {
    case .block, .legacyBlock: unit.byteCount > 4 && !fits(unit.uint32(at: 0), in: output.freeCapacity)
    default: false
    }
  }

  /// Reads a complete unit.
  private func read(_ unit: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    switch stage {
    case .magic: try readMagic(unit.uint32(at: 0))
    case .header:
      header = try LZ4FrameHeader(unit, at: position)
      try begin(blockSize: header.blockSize)
      stage = .block
    case .block:
      if unit.uint32(at: 0) == 0 {
        try checkContentSize()
        stage = header.hasContentChecksum ? .contentChecksum : .magic
      } else {
        try readBlock(unit, into: &output)
      }
    case .contentChecksum:
      guard passesOverChecksum || unit.uint32(at: 0) == hash.value else {
        throw fault(.checksumMismatch, at: position, "the frame's checksum does not match its content")
      }
      stage = .magic
    case .legacyBlock:
      let size = unit.uint32(at: 0)
      if LZ4Format.isLegacyBlock(size) { try readLegacyBlock(unit, into: &output) } else { try readMagic(size) }
    case .skippableSize:
      hasSeenFrame = true
      stage = .skipping(UInt64(unit.uint32(at: 0)))
    case .skipping, .trailing, .ended, .failed: break
    }
    position += UInt64(unit.byteCount)
  }

  private func readMagic(_ magic: UInt32) throws(CodecError) {
    switch magic {
    case LZ4Format.frameMagic:
      hasSeenFrame = true
      stage = .header
    case LZ4Format.legacyMagic:
      hasSeenFrame = true
      header = LZ4FrameHeader()
      header.hasContentChecksum = false
      try begin(blockSize: LZ4Format.legacyBlockSize)
      stage = .legacyBlock
    case _ where LZ4Format.isMagic(magic): stage = .skippableSize
    default: try meetTrailingData()
    }
  }

  /// Prepares for the blocks of a frame.
  private func begin(blockSize: Int) throws(CodecError) {
    guard blockSize <= options.limits.maximumWindowSize else {
      throw CodecError(
        .limitExceeded, inputOffset: position,
        reason: "the frame has blocks of \(blockSize) bytes; the limit is \(options.limits.maximumWindowSize)")
    }
    header.blockSize = blockSize
    contentCount = 0
    passesOverChecksum = false
    hash.reset()
    beginHistory()
  }

  /// What to do with bytes that begin no frame.
  private func meetTrailingData() throws(CodecError) {
    guard hasSeenFrame else {
      throw CodecError(.unknownFormat, inputOffset: position, reason: "the data does not begin with an lz4 frame")
    }
    switch options.trailingData {
    case .reject:
      throw CodecError(.corrupt, inputOffset: position, reason: "what follows the last frame is not lz4 data")
    case .report:
      notices.append(
        StreamNotice(.trailingData, inputOffset: position, text: "what follows the last frame is not lz4 data"))
    case .ignore: break
    }
    stage = .trailing
  }

  /// The input ends with less than a unit.
  private func end(with bytes: RawSpan) throws(CodecError) {
    switch stage {
    case .magic where bytes.isEmpty:
      guard hasSeenFrame else { throw CodecError(.truncated, inputOffset: position, reason: "the input is empty") }
      stage = .ended
    case .magic:
      guard !LZ4Format.couldBeginMagic(bytes) else { throw cut(inside: "a frame's magic", at: position) }
      try meetTrailingData()
    case .legacyBlock where bytes.isEmpty: stage = .ended
    case .header: throw cut(inside: "a frame header", at: position)
    case .contentChecksum: throw cut(inside: "a frame's checksum", at: position)
    case .skippableSize: throw cut(inside: "a skippable frame", at: position)
    default:
      throw cut(inside: bytes.isEmpty ? "a frame: its end mark is missing" : "a block", at: position)
    }
  }

  private func cut(inside what: String, at offset: UInt64) -> CodecError {
    CodecError(.truncated, inputOffset: offset, reason: "the input ends inside \(what)")
  }

  /// An error in the content, unless the frame asks for a dictionary that was not given: then that is why.
  func fault(
    _ code: CodecError.Code, at offset: UInt64, _ reason: String, native: CodecError.NativeStatus? = nil
  ) -> CodecError {
    if let id = header.dictionaryID, dictionary == nil {
      return CodecError(
        .dictionaryRequired, inputOffset: offset, reason: "the frame needs the dictionary with id \(id)", native: native
      )
    }
    return CodecError(code, inputOffset: offset, reason: reason, native: native)
  }

  private func checkContentSize() throws(CodecError) {
    if let size = header.contentSize, size != contentCount {
      throw CodecError(
        .contentSizeMismatch, inputOffset: position,
        reason: "the frame declares \(size) bytes and holds \(contentCount)")
    }
  }
}
