// SPDX-License-Identifier: Apache-2.0

// What stands in a damaged LZ4 stream: blocks of frames, or whole frames where blocks refer to each other.

extension LZ4 {
  /// A walker from block to block; frames of linked blocks are read up to their first damage.
  public func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)? {
    try LZ4SalvageWalker(options)
  }
}

/// Walks an LZ4 stream from block to block. Behind a damaged size field it searches for the next field that leads to the
/// end of the frame.
final class LZ4SalvageWalker: SalvageWalker {
  let engine: any StreamEngine

  private let options: DecompressionOptions
  private var trials: PieceDecoder
  private var frame: Frame?
  private var isStarted = false
  /// The checksum over the content of the frame.
  private var hash = XXH32()

  /// The frame whose blocks are being walked.
  private struct Frame {
    let header: LZ4FrameHeader
    let chain: LZ4Chain
    let start: UInt64
    var content: UInt64 = 0
    /// Whether something of the frame is lost, so that its checksum says nothing.
    var hasLoss = false
    /// Whether something in it is wrong, so that a block of an odd size is more likely damaged than meant.
    var isDamaged = false
    /// How many blocks of an odd size were met.
    var oddBlocks = 0
    /// Whether `content` is exact.
    var isContentKnown = true
    var neighbours = PieceNeighbours()
  }

  init(_ options: DecompressionOptions) throws(CodecError) {
    var strict = options
    strict.trailingData = .reject
    engine = try LZ4FrameDecoder(strict)
    trials = PieceDecoder(try LZ4FrameDecoder(strict), codec: "lz4")
    self.options = options
  }

  func note(_ content: RawSpan) {
    if frame?.header.hasContentChecksum == true { hash.update(content) }
  }

  func next(at offset: UInt64, in input: SalvageInput) -> SalvageStep {
    defer { isStarted = true }
    if let frame { return step(frame, offset, input) }
    guard offset < input.size else {
      if isStarted { return .end }
      return .gap(to: 0, contentSize: nil, fault: fault(.truncated, 0, "the input is empty"))
    }
    return border(offset, input)
  }

  // MARK: - Frames

  private func border(_ offset: UInt64, _ input: SalvageInput) -> SalvageStep {
    let bytes = input.bytes(at: offset, count: 8)
    if bytes.count >= 4, LZ4Chain.isBorder(offset, input) {
      switch unsafe bytes.span.bytes.uint32(at: 0) {
      case LZ4Format.frameMagic:
        guard let (header, blocks) = LZ4Chain.header(at: offset, input) else { break }
        return begin(header, offset, blocks: blocks, repaired: nil, input)
      case LZ4Format.legacyMagic:
        var header = LZ4FrameHeader()
        header.hasContentChecksum = false
        header.blockSize = LZ4Format.legacyBlockSize
        frame = Frame(header: header, chain: LZ4Chain(header, isLegacy: true), start: offset)
        return .pass(to: offset + 4)
      default:
        return unsafe .pass(to: offset + 8 + UInt64(bytes.span.bytes.uint32(at: 4)))
      }
    }
    if let (header, blocks) = guess(at: offset, input) {
      let repaired = fault(.corrupt, offset, "the frame header is damaged; the blocks show what it said")
      return begin(header, offset, blocks: blocks, repaired: repaired, input)
    }
    let next = searchFrame(from: offset + 1, input)
    let isCut = unsafe bytes.count < 4 && LZ4Format.couldBeginMagic(bytes.span.bytes)
    if next == input.size, isStarted, !isCut, options.trailingData == .ignore { return .pass(to: next) }
    let isHeaderCut =
      unsafe bytes.count >= 4 && bytes.span.bytes.uint32(at: 0) == LZ4Format.frameMagic && input.size - offset < 19
    return .gap(
      to: next, contentSize: nil,
      fault: fault(
        isCut || isHeaderCut ? .truncated : .corrupt, offset,
        isCut || isHeaderCut ? "the input ends inside a frame header" : "no frame begins where one must"))
  }

  private func begin(
    _ header: LZ4FrameHeader, _ offset: UInt64, blocks: UInt64, repaired: CodecError?, _ input: SalvageInput
  ) -> SalvageStep {
    let chain = LZ4Chain(header)
    if header.hasIndependentBlocks {
      let isSound = repaired == nil && isSound(offset, blocks, chain, input)
      frame = Frame(header: header, chain: chain, start: offset, isDamaged: !isSound)
      hash.reset()
      guard let repaired else { return .pass(to: blocks) }
      return .gap(to: blocks, contentSize: 0, fault: repaired)
    }
    var piece = SalvagePiece(offset: offset, end: input.size)
    if case .frameEnd(let end) = chain.follow(from: blocks, input).end {
      piece.end = end
      let largest = (end - offset).multipliedReportingOverflow(by: 255)
      if let size = header.contentSize, !largest.overflow, size <= largest.partialValue { piece.contentSize = size }
    }
    if let repaired {
      piece.prologue = header.encoded
      piece.replaced = Int(blocks - offset)
      piece.repaired = repaired
    }
    return .piece(piece)
  }

  /// Whether a frame decodes from start to end. Only its checksum over all blocks can show that a block decodes to
  /// something else than it should: a block's own checksum does not cover the flag that says whether it is stored.
  private func isSound(_ offset: UInt64, _ blocks: UInt64, _ chain: LZ4Chain, _ input: SalvageInput) -> Bool {
    guard case .frameEnd(let end) = chain.follow(from: blocks, input).end else { return false }
    return trials.trial(SalvagePiece(offset: offset, end: end), in: input).fault == nil
  }

  /// What a damaged header must have said, judged by the blocks that follow it.
  private func guess(at offset: UInt64, _ input: SalvageInput) -> (header: LZ4FrameHeader, blocks: UInt64)? {
    let bytes = input.bytes(at: offset, count: 19)
    guard bytes.count >= 7 else { return nil }
    let flags = bytes[4]
    for length in [LZ4FrameHeader.length(flags: flags), 3, 11, 7, 15] {
      for variant in 0..<4 {
        var header = LZ4FrameHeader()
        // What the flags say goes first; a damaged byte differs from it in one thing, mostly.
        header.hasBlockChecksums = (flags & 0x10 != 0) != (variant & 1 != 0)
        header.hasContentChecksum = (flags & 0x04 != 0) != (variant & 2 != 0)
        header.hasIndependentBlocks = true
        let sizeID = Int(bytes[5] >> 4)
        header.blockSize = bytes[5] & 0x8F == 0 && sizeID >= 4 ? LZ4Format.blockSizes[sizeID - 4] : 4 << 20
        let blocks = offset + 4 + UInt64(length)
        let (end, count) = LZ4Chain(header).follow(from: blocks, input)
        guard case .frameEnd = end, count > 0 else { continue }
        // Linked blocks do not decode alone.
        if count > 1, !decodesAlone(header, blocks, input) { header.hasIndependentBlocks = false }
        return (header, blocks)
      }
    }
    return nil
  }

  /// Whether the second block of a frame decodes without the first.
  private func decodesAlone(_ header: LZ4FrameHeader, _ blocks: UInt64, _ input: SalvageInput) -> Bool {
    let chain = LZ4Chain(header)
    guard case .block(let second) = chain.link(at: blocks, input),
      case .block(let end) = chain.link(at: second, input)
    else { return true }
    let frame = Frame(header: header, chain: chain, start: blocks)
    return trials.trial(piece(frame, second, end), in: input).fault == nil
  }

  // MARK: - Blocks

  private func step(_ frame: Frame, _ offset: UInt64, _ input: SalvageInput) -> SalvageStep {
    switch frame.chain.link(at: offset, input) {
    case .end(let end):
      if !LZ4Chain.isBorder(end, input), let next = searchBlock(from: offset + 1, frame, input) {
        return lost(offset..<next, frame, input)
      }
      self.frame = nil
      return verdict(frame, end, input) ?? .pass(to: end)
    case .block(let end):
      var piece = piece(frame, offset, end)
      if frame.isDamaged, frame.oddBlocks < 2, case .block = frame.chain.link(at: end, input) {
        let neighbours = frame.neighbours.contentSize == nil ? looked(at: end, frame, input) : frame.neighbours
        piece.exactSize = neighbours.areAlike ? neighbours.contentSize.map { Int($0) } : nil
      }
      return .piece(piece)
    case .broken:
      if LZ4Chain.isBorder(offset, input) {
        self.frame = nil
        return .gap(
          to: offset, contentSize: nil, fault: fault(.corrupt, offset, "the frame ends without an end mark"))
      }
      if let next = searchBlock(from: offset + 1, frame, input) { return lost(offset..<next, frame, input) }
      self.frame = nil
      return .gap(
        to: input.size, contentSize: nil,
        fault: fault(.corrupt, offset, "a block's size field is damaged, and nothing readable follows"))
    case .cut:
      if offset + 4 < input.size, let next = searchBlock(from: offset + 1, frame, input) {
        return lost(offset..<next, frame, input)
      }
      self.frame = nil
      return .gap(
        to: input.size, contentSize: nil,
        fault: fault(
          .truncated, offset,
          offset == input.size
            ? "the input ends inside a frame: its end mark is missing" : "the input ends inside a block"))
    }
  }

  /// The frame has ended; its checksum tells whether all blocks are what was written.
  private func verdict(_ frame: Frame, _ end: UInt64, _ input: SalvageInput) -> SalvageStep? {
    guard !frame.hasLoss, !frame.chain.isLegacy else { return nil }
    let stored = input.withBytes(at: end - 4, count: 4) { $0.byteCount == 4 ? $0.uint32(at: 0) : 0 }
    if frame.header.hasContentChecksum, stored != hash.value {
      return .doubt(
        from: frame.start, to: end, contentSize: frame.content,
        fault: fault(
          .checksumMismatch, end - 4, "the frame's checksum does not match its content, though every block decodes"))
    }
    if let size = frame.header.contentSize, size != frame.content {
      return .doubt(
        from: frame.start, to: end, contentSize: frame.content,
        fault: fault(
          .contentSizeMismatch, frame.start, "the frame declares \(size) bytes and holds \(frame.content)"))
    }
    return nil
  }

  private func lost(_ region: Range<UInt64>, _ frame: Frame, _ input: SalvageInput) -> SalvageStep {
    let size = contentSize(of: region, isOne: false, frame, input)
    settle(region.upperBound, size: size, produced: 0, input)
    return .gap(
      to: region.upperBound, contentSize: size,
      fault: fault(.corrupt, region.lowerBound, "a block's size field is damaged"))
  }

  func conclude(_ piece: SalvagePiece, _ result: PieceResult, in input: SalvageInput) -> PieceConclusion {
    let end = piece.end ?? input.size
    guard let frame else { return concludeLinked(piece, result, end, input) }
    let follows = frame.chain.link(at: end, input)
    if result.fault == nil {
      if case .block = follows { self.frame?.neighbours.note(packed: end - piece.offset, content: result.produced) }
      self.frame?.content += result.produced
      return PieceConclusion(end: end, contentSize: result.produced)
    }
    if result.fault?.code == .contentSizeMismatch, let exact = piece.exactSize {
      self.frame?.oddBlocks += 1
      settle(end, size: UInt64(exact), produced: result.produced, input)
      return PieceConclusion(end: end, contentSize: UInt64(exact))
    }
    var next = end
    var isOne = true
    if !frame.chain.holds(at: end, input), let found = searchBlock(from: piece.offset + 1, frame, input) {
      // A field within the block, or one behind what must be a single block: this block's own field is the damage.
      // Otherwise it may as well be the next one.
      let isOther = frame.neighbours.content(ofOneIn: found - piece.offset) == nil
      if found < end || !isOther || follows == .broken && frame.neighbours.contentSize == nil {
        next = found
        isOne = false
      }
    }
    let size = contentSize(of: piece.offset..<next, isOne: isOne, frame, input)
    settle(next, size: size, produced: 0, input)
    return PieceConclusion(end: next, contentSize: size)
  }

  /// A frame of linked blocks: what comes behind its first damage is lost.
  private func concludeLinked(
    _ piece: SalvagePiece, _ result: PieceResult, _ end: UInt64, _ input: SalvageInput
  ) -> PieceConclusion {
    guard let fault = result.fault else { return PieceConclusion(end: end, contentSize: result.produced) }
    if fault.code == .truncated, end == input.size { return PieceConclusion(end: end, contentSize: nil) }
    let isWhole = LZ4Chain.isBorder(end, input) && end < input.size || piece.contentSize != nil
    let isAtEnd = (fault.inputOffset ?? 0) + 4 >= end
    if isAtEnd { return PieceConclusion(end: end, contentSize: result.produced) }
    let next = isWhole ? end : searchFrame(from: max(piece.offset + 4, fault.inputOffset ?? 0), input)
    return PieceConclusion(end: next, contentSize: piece.contentSize)
  }

  /// Notes a loss, and leaves the frame when the next one begins behind it.
  private func settle(_ end: UInt64, size: UInt64?, produced: UInt64, _ input: SalvageInput) {
    frame?.hasLoss = true
    frame?.content += max(size ?? 0, produced)
    if size == nil { frame?.isContentKnown = false }
    guard let chain = frame?.chain, case .broken = chain.link(at: end, input) else { return }
    if LZ4Chain.isBorder(end, input) { frame = nil }
  }

  /// What a lost region of a frame holds.
  ///
  /// - Parameter isOne: whether it is one block for certain.
  private func contentSize(
    of region: Range<UInt64>, isOne: Bool, _ frame: Frame, _ input: SalvageInput
  ) -> UInt64? {
    let field = input.withBytes(at: region.lowerBound, count: 4) { $0.byteCount == 4 ? $0.uint32(at: 0) : 0 }
    if isOne, !frame.chain.isLegacy, field & LZ4Format.storedFlag != 0 {
      return UInt64(field & ~LZ4Format.storedFlag)
    }
    let packed = region.upperBound - region.lowerBound
    let follows = frame.chain.link(at: region.upperBound, input)
    if case .end = follows {
      // The last block of its frame may hold less; only the header can tell how much.
      guard let declared = frame.header.contentSize, frame.isContentKnown, declared >= frame.content else { return nil }
      let rest = declared - frame.content
      return rest <= packed.multipliedReportingOverflow(by: 255).partialValue ? rest : nil
    }
    let neighbours =
      frame.neighbours.contentSize == nil ? looked(at: region.upperBound, frame, input) : frame.neighbours
    guard neighbours.areAlike, let typical = neighbours.contentSize else {
      // Of two blocks, the second speaks for the first when it holds no more.
      guard neighbours.contentSize == nil, isOne, case .block(let end) = follows else { return nil }
      let last = trials.trial(piece(frame, region.upperBound, end), in: input)
      return last.fault == nil ? UInt64(frame.header.blockSize) : nil
    }
    // A stored block shows by its size alone what it holds.
    let isStored = packed == typical + 4 + (frame.chain.hasBlockChecksums ? 4 : 0)
    return isOne || isStored ? typical : neighbours.content(ofOneIn: packed)
  }

  /// What the blocks at a position hold, except for the last.
  private func looked(at offset: UInt64, _ frame: Frame, _ input: SalvageInput) -> PieceNeighbours {
    var found = PieceNeighbours()
    var offset = offset
    for _ in 0..<3 {
      guard case .block(let end) = frame.chain.link(at: offset, input),
        case .block = frame.chain.link(at: end, input)
      else { break }
      let result = trials.trial(piece(frame, offset, end), in: input)
      if result.fault == nil { found.note(packed: end - offset, content: result.produced) }
      offset = end
    }
    return found
  }

  private func piece(_ frame: Frame, _ offset: UInt64, _ end: UInt64) -> SalvagePiece {
    var piece = SalvagePiece(offset: offset, end: end)
    piece.wholeSize = frame.header.blockSize
    if frame.chain.isLegacy {
      piece.prologue = Self.legacyMagic
      return piece
    }
    var header = frame.header
    header.hasContentChecksum = false
    header.contentSize = nil
    header.dictionaryID = nil
    piece.prologue = header.encoded
    piece.epilogue = [0, 0, 0, 0]
    return piece
  }

  private static let legacyMagic: [UInt8] = [0x02, 0x21, 0x4C, 0x18]

  // MARK: - Searching

  /// The next position that begins a frame; or the end.
  private func searchFrame(from offset: UInt64, _ input: SalvageInput) -> UInt64 {
    guard offset < input.size else { return input.size }
    return input.firstOffset(in: offset..<input.size, lookahead: 4) { bytes in
      bytes.byteCount == 4 && LZ4Format.isMagic(bytes.uint32(at: 0))
    } sure: {
      LZ4Chain.isBorder($0, input)
    } ?? input.size
  }

  /// The next position that holds a size field or the end mark of the frame, or begins another frame.
  private func searchBlock(from offset: UInt64, _ frame: Frame, _ input: SalvageInput) -> UInt64? {
    guard offset < input.size else { return nil }
    let chain = frame.chain
    let tail = chain.hasContentChecksum ? 8 : 4
    return input.firstOffset(in: offset..<input.size, lookahead: 12) { bytes in
      guard bytes.byteCount >= 4 else { return false }
      let field = bytes.uint32(at: 0)
      if field == 0 {
        // End marks are four zeros: what follows must be a frame or nothing.
        guard !chain.isLegacy, bytes.byteCount >= tail else { return false }
        return bytes.byteCount == tail
          || (bytes.byteCount >= tail + 4 && LZ4Format.isMagic(bytes.uint32(at: tail)))
      }
      return chain.size(field) != nil || LZ4Format.isMagic(field)
    } sure: { position in
      let field = input.withBytes(at: position, count: 4) { $0.byteCount == 4 ? $0.uint32(at: 0) : 0 }
      return LZ4Format.isMagic(field) ? LZ4Chain.isBorder(position, input) : chain.holds(at: position, input)
    }
  }

  private func fault(_ code: CodecError.Code, _ offset: UInt64, _ reason: String) -> CodecError {
    CodecError(code, codec: "lz4", inputOffset: offset, reason: reason)
  }
}
