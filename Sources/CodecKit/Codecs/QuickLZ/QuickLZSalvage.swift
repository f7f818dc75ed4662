// SPDX-License-Identifier: Apache-2.0

// What stands in a damaged qpress archive with one file: blocks, each with its size, its checksum and its place in the
// content.

extension QuickLZ {
  /// A walker from block to block. Behind damage, it searches for the next block whose checksum is right; what blocks say
  /// of their position tells how much is missing.
  public func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)? {
    try options.refuseDictionary(codec: "quicklz")
    return QuickLZSalvageWalker(options)
  }
}

/// Walks a qpress archive from block to block.
final class QuickLZSalvageWalker: SalvageWalker {
  let engine: any StreamEngine

  private var trials: PieceDecoder
  private let trailingData: DecompressionOptions.TrailingData
  private var place = Place.start
  private var chunkSize: Int
  /// How much content comes before what stands here; `nil` behind damage.
  private var expected: UInt64? = 0
  /// Whether the end of the stream has been spoken of.
  private var hasToldEnd = false

  private enum Place { case start, entry, block, behind, done }

  /// A block as its header describes it.
  private struct Block {
    var end: UInt64
    var position: UInt64
    var contentSize: UInt64
  }

  /// What can be seen of a block before its content.
  private static let look = QuickLZArchiveFormat.blockHeaderSize + QuickLZHeader.longSize
  /// Salvaged pieces are delivered as a whole up to this size.
  private static let largestWhole = 8 << 20

  init(_ options: DecompressionOptions) {
    let largest = min(UInt64(QuickLZ.chunkSizes.upperBound), options.limits.maximumWindowSize)
    chunkSize = max(1, Int(largest))
    engine = QuickLZDecoder(limits: options.limits, trailingData: .reject, namesBlocks: false)
    trials = PieceDecoder(
      QuickLZDecoder(limits: options.limits, trailingData: .reject, namesBlocks: false), codec: "quicklz")
    trailingData = options.trailingData
  }

  func next(at offset: UInt64, in input: SalvageInput) -> SalvageStep {
    guard offset < input.size else {
      guard place != .behind, place != .done, !hasToldEnd else { return .end }
      hasToldEnd = true
      let reason = input.size == 0 ? "the input is empty" : "the input ends inside the archive"
      return .gap(to: offset, contentSize: nil, fault: fault(.truncated, offset, reason))
    }
    return switch place {
    case .start: header(input)
    case .entry: entry(offset, input)
    case .block: block(offset, input)
    case .behind: behind(offset, input)
    case .done: .pass(to: input.size)
    }
  }

  func conclude(_ piece: SalvagePiece, _ result: PieceResult, in input: SalvageInput) -> PieceConclusion {
    let end = piece.end ?? input.size
    guard result.fault != nil else {
      expected = expected.map { $0 &+ result.produced }
      return PieceConclusion(end: end, contentSize: result.produced)
    }
    let next = isPlausible(at: end, input) ? end : search(from: piece.offset + 1, input)
    // The size of a block that ends where another begins can be believed.
    let stated = next == end ? piece.contentSize : nil
    return PieceConclusion(end: next, contentSize: lost(piece.offset..<next, stated: stated, input))
  }

  // MARK: - Places

  private func header(_ input: SalvageInput) -> SalvageStep {
    let size = UInt64(QuickLZArchiveFormat.headerSize)
    if case .header(let chunkSize) = item(at: 0, .start, Int(size), input)?.0 {
      // What is larger than the limit is refused piece by piece.
      self.chunkSize = min(self.chunkSize, chunkSize)
      place = .entry
      return .pass(to: size)
    }
    if input.size > size, isEntry(at: size, input) {
      place = .entry
      return .gap(to: size, contentSize: 0, fault: fault(.corrupt, 0, "the archive's header is damaged"))
    }
    return missing(0, input, input.size <= size ? .truncated : .unknownFormat, "this is not a qpress archive")
  }

  private func entry(_ offset: UInt64, _ input: SalvageInput) -> SalvageStep {
    guard let (item, length) = item(at: offset, .entry, QuickLZArchiveFormat.longestName + 6, input) else {
      return missing(offset, input, .corrupt, "the file's name is damaged")
    }
    if case .file = item { place = .block }
    return .pass(to: offset + UInt64(length))
  }

  /// Neither header nor name can be read: the next block is the beginning of the content.
  private func missing(
    _ offset: UInt64, _ input: SalvageInput, _ code: CodecError.Code, _ reason: String
  ) -> SalvageStep {
    let next = search(from: offset, input)
    let position = next < input.size ? lost(offset..<next, stated: nil, input) : nil
    place = next < input.size ? .block : .done
    return .gap(to: next, contentSize: position, fault: fault(code, offset, reason))
  }

  private func block(_ offset: UInt64, _ input: SalvageInput) -> SalvageStep {
    if isTrailer(at: offset, input) || endsFile(at: offset, input) {
      place = .behind
      return .pass(to: offset + UInt64(QuickLZArchiveFormat.trailerSize))
    }
    if let block = block(at: offset, input, marked: true), block.end <= input.size {
      if expected == nil { expected = block.position }
      return .piece(piece(offset, block))
    }
    // With another marker before it, it may be a block all the same.
    if let block = block(at: offset, input, marked: false), block.end <= input.size {
      var piece = piece(offset, block)
      piece.prologue += QuickLZArchiveFormat.blockMarker
      piece.replaced = QuickLZArchiveFormat.blockMarker.count
      piece.repaired = fault(.corrupt, offset, "a block's marker is damaged; its checksum is right")
      if trials.trial(piece, in: input).fault == nil { return .piece(piece) }
    }
    let next = search(from: offset + 1, input)
    let isCut = next == input.size && isCutBlock(at: offset, input)
    if isCut { hasToldEnd = true }
    return .gap(
      to: next, contentSize: lost(offset..<next, stated: nil, input),
      fault: fault(
        isCut ? .truncated : .corrupt, offset,
        isCut ? "the input ends inside a block" : "no block begins where one must"))
  }

  private func behind(_ offset: UInt64, _ input: SalvageInput) -> SalvageStep {
    if case .up = item(at: offset, .entry, 1, input)?.0 { return .pass(to: offset + 1) }
    place = .done
    if isEntry(at: offset, input) {
      return .gap(
        to: input.size, contentSize: nil,
        fault: fault(.unsupportedFeature, offset, "the archive holds more than one file; only the first was read"))
    }
    guard trailingData == .reject else { return .pass(to: input.size) }
    return .gap(
      to: input.size, contentSize: 0, fault: fault(.corrupt, offset, "what follows the archive does not belong to it"))
  }

  // MARK: - Looking

  private func piece(_ offset: UInt64, _ block: Block) -> SalvagePiece {
    var piece = SalvagePiece(offset: offset, end: block.end, contentSize: block.contentSize)
    piece.prologue = QuickLZArchiveFormat.magic
    for shift in stride(from: 0, to: 64, by: 8) { piece.prologue.append(UInt8(truncatingIfNeeded: chunkSize >> shift)) }
    piece.prologue += [UInt8(ascii: "F"), 1, 0, 0, 0, UInt8(ascii: "-"), 0]
    piece.epilogue = QuickLZArchiveFormat.trailerMarker + [UInt8](repeating: 0, count: 8)
    if block.contentSize <= UInt64(Self.largestWhole) { piece.wholeSize = Int(block.contentSize) }
    return piece
  }

  private func item(
    at offset: UInt64, _ place: QuickLZArchivePlace, _ count: Int, _ input: SalvageInput
  ) -> (QuickLZArchiveItem, Int)? {
    let chunkSize = chunkSize
    return input.withBytes(at: offset, count: count) { bytes in
      let extent = try? QuickLZArchiveFormat.extent(of: bytes, at: place, chunkSize: chunkSize)
      guard case .known(let item, let length)? = extent else { return nil }
      return (item, length)
    }
  }

  /// A block, by its header; with or without regard to its marker.
  private func block(at offset: UInt64, _ input: SalvageInput, marked: Bool) -> Block? {
    if marked {
      guard case (.block(let position, _, let packet), let length)? = item(at: offset, .block, Self.look, input) else {
        return nil
      }
      return Block(
        end: offset + UInt64(length), position: position, contentSize: UInt64(packet.contentSize))
    }
    let marker = QuickLZArchiveFormat.blockMarker
    let bytes = marker + input.bytes(at: offset, count: Self.look).dropFirst(marker.count)
    guard
      case .known(.block(let position, _, let packet), let length)? = unsafe try? QuickLZArchiveFormat.extent(
        of: bytes.span.bytes, at: .block, chunkSize: chunkSize)
    else { return nil }
    return Block(end: offset + UInt64(length), position: position, contentSize: UInt64(packet.contentSize))
  }

  private func isEntry(at offset: UInt64, _ input: SalvageInput) -> Bool {
    item(at: offset, .entry, QuickLZArchiveFormat.longestName + 6, input) != nil
  }

  /// Whether a file ends here, and the stream as well or another entry begins.
  private func isTrailer(at offset: UInt64, _ input: SalvageInput) -> Bool {
    guard item(at: offset, .block, QuickLZArchiveFormat.trailerSize, input)?.0 == .trailer else { return false }
    return input.bytes(at: offset + 8, count: 8).allSatisfy { $0 == 0 }
  }

  /// Whether a trailer stands here, with something else than zeros in it, where nothing else can be: no decoder minds.
  private func endsFile(at offset: UInt64, _ input: SalvageInput) -> Bool {
    guard item(at: offset, .block, QuickLZArchiveFormat.trailerSize, input)?.0 == .trailer else { return false }
    let end = offset + UInt64(QuickLZArchiveFormat.trailerSize)
    return end == input.size || isEntry(at: end, input)
  }

  private func isPlausible(at offset: UInt64, _ input: SalvageInput) -> Bool {
    isTrailer(at: offset, input) || block(at: offset, input, marked: true) != nil
  }

  /// Whether a stream that ends inside what stands at a position is merely cut.
  private func isCutBlock(at offset: UInt64, _ input: SalvageInput) -> Bool {
    let bytes = input.bytes(at: offset, count: 8)
    return QuickLZArchiveFormat.blockMarker.starts(with: bytes)
      || QuickLZArchiveFormat.trailerMarker.starts(with: bytes)
  }

  /// What a lost region held: the block behind it tells.
  private func lost(_ region: Range<UInt64>, stated: UInt64?, _ input: SalvageInput) -> UInt64? {
    let before = expected
    let next = block(at: region.upperBound, input, marked: true)
    expected = next?.position
    let size = region.upperBound - region.lowerBound
    let most = size.multipliedReportingOverflow(by: UInt64(QuickLZHeader.largestExpansion))
    guard let before, let next, next.position >= before, !most.overflow, next.position - before <= most.partialValue
    else { return next == nil ? stated : nil }
    return next.position - before
  }

  /// The next position with a block whose checksum proves it, or with the end of a file; or the end.
  private func search(from offset: UInt64, _ input: SalvageInput) -> UInt64 {
    guard offset < input.size else { return input.size }
    return input.firstOffset(in: offset..<input.size, lookahead: 8) { bytes in
      bytes.byteCount == 8 && QuickLZArchiveFormat.beginsWithMarker(bytes)
    } sure: { position in
      if isTrailer(at: position, input) { return true }
      guard let block = block(at: position, input, marked: true), block.end <= input.size else { return false }
      return trials.trial(piece(position, block), in: input).fault == nil
    } ?? input.size
  }

  private func fault(_ code: CodecError.Code, _ offset: UInt64, _ reason: String) -> CodecError {
    CodecError(code, codec: "quicklz", inputOffset: offset, reason: reason)
  }
}
