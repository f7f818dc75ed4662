// SPDX-License-Identifier: Apache-2.0

// What stands in a damaged snappy stream: chunks, each with its size and checksum.

extension Snappy {
  /// A walker from chunk to chunk. Behind a damaged chunk header, it searches for the next chunk whose checksum is right.
  public func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)? {
    try options.refuseDictionary(codec: "snappy")
    return SnappySalvageWalker(.snappy)
  }
}

/// Walks a stream of Snappy's framing from chunk to chunk.
final class SnappySalvageWalker: SalvageWalker {
  let engine: any StreamEngine

  private let form: SnappySalvageForm
  private var trials: PieceDecoder
  private var neighbours = PieceNeighbours()
  private var hasSeenChunk = false

  /// A chunk that holds data, as its header describes it.
  private struct Chunk {
    var end: UInt64
    var contentSize: UInt64
  }

  init(_ form: SnappySalvageForm) {
    self.form = form
    engine = form.makeEngine()
    trials = PieceDecoder(form.makeEngine(), codec: form.codec)
  }

  func next(at offset: UInt64, in input: SalvageInput) -> SalvageStep {
    guard input.size > 0 else {
      return hasSeenChunk || form.mayBeEmpty ? .end : empty()
    }
    guard offset < input.size else { return .end }
    if isIdentifier(at: offset, input) { return .pass(to: offset + 10) }
    if offset == 0, isIdentifierText(at: 4, input) {
      // Its kind or length is damaged, and may look like those of a chunk.
      return .gap(
        to: 10, contentSize: 0,
        fault: CodecError(.corrupt, codec: form.codec, inputOffset: 0, reason: "the stream identifier is damaged"))
    }
    if offset == 0, !hasSeenChunk, chunk(at: 0, input) != nil {
      hasSeenChunk = true
      return .gap(
        to: 0, contentSize: 0,
        fault: CodecError(.corrupt, codec: form.codec, inputOffset: 0, reason: "the stream identifier is missing"))
    }
    if let chunk = chunk(at: offset, input) {
      return .piece(piece(offset, chunk, replacing: nil))
    }
    if offset > 0, let end = skippedEnd(at: offset, input) {
      // A data chunk whose kind was changed looks like one to be skipped; its checksum still proves it.
      if let piece = disguised(at: offset, end, input) { return .piece(piece) }
      if isSkippable(at: offset, input) { return .pass(to: end) }
    }
    let next = search(from: offset + 1, input)
    let isFirst = offset == 0 && next == UInt64(form.identifiers[0].count)
    let isCut = next == input.size && isCutChunk(at: offset, input)
    return .gap(
      to: next, contentSize: isFirst ? 0 : contentSize(of: offset..<next, input),
      fault: CodecError(
        isCut ? .truncated : .corrupt, codec: form.codec, inputOffset: offset,
        reason: isCut
          ? "the input ends inside a chunk"
          : isFirst ? "the stream identifier is damaged" : "no chunk begins where one must"))
  }

  func conclude(_ piece: SalvagePiece, _ result: PieceResult, in input: SalvageInput) -> PieceConclusion {
    let end = piece.end ?? input.size
    hasSeenChunk = true
    guard result.fault != nil else {
      if end < input.size { neighbours.note(packed: end - piece.offset, content: result.produced) }
      return PieceConclusion(end: end, contentSize: result.produced)
    }
    guard end == input.size || isPlausible(at: end, input) else {
      let next = search(from: piece.offset + 1, input)
      return PieceConclusion(end: next, contentSize: contentSize(of: piece.offset..<next, input))
    }
    return PieceConclusion(end: end, contentSize: contentSize(of: piece.offset..<end, input))
  }

  private func empty() -> SalvageStep {
    hasSeenChunk = true
    return .gap(
      to: 0, contentSize: nil,
      fault: CodecError(.truncated, codec: form.codec, inputOffset: 0, reason: "the input is empty"))
  }

  /// What a lost region holds.
  ///
  /// The chunk says it itself, unless that is the damage; the others say it as well, because only the last one may hold
  /// less.
  private func contentSize(of region: Range<UInt64>, _ input: SalvageInput) -> UInt64? {
    let size = region.upperBound - region.lowerBound
    let isLast = region.upperBound == input.size
    let declared = chunk(at: region.lowerBound, input, ignoringKind: true)
    guard !isLast else { return declared.flatMap { $0.end == region.upperBound ? $0.contentSize : nil } }
    let neighbours = neighbours.contentSize == nil ? looked(at: region.upperBound, input) : neighbours
    let typical = neighbours.areAlike ? neighbours.contentSize : nil
    if let one = neighbours.content(ofOneIn: size) { return one }
    // A stored chunk shows by its size alone what it holds.
    if let typical, size == typical + 8 { return typical }
    guard let declared else {
      // Only the length in the header is wrong, when the size behind it is as expected.
      guard size <= UInt64(form.longestChunk) else { return nil }
      let stated = input.withBytes(at: region.lowerBound + 8, count: 5) { (bytes) -> UInt64? in
        (try? SnappyFormat.declaredSize(bytes)).flatMap { $0 }.map { UInt64($0.value) }
      }
      return stated == typical ?? UInt64(form.largestBlock) ? stated : nil
    }
    // The chunk ends about where its header says, so it is one, with some bytes missing or inserted.
    let distance =
      declared.end > region.upperBound ? declared.end - region.upperBound : region.upperBound - declared.end
    guard distance < min(neighbours.smallestPacked, size) / 2 else { return nil }
    // A chunk of another size than all before it, and not the last: that size is the damage.
    return typical ?? declared.contentSize
  }

  /// What the chunks from a position on say of themselves.
  private func looked(at offset: UInt64, _ input: SalvageInput) -> PieceNeighbours {
    var found = PieceNeighbours()
    var offset = offset
    for _ in 0..<4 {
      guard let chunk = chunk(at: offset, input), self.chunk(at: chunk.end, input) != nil else { break }
      found.note(packed: chunk.end - offset, content: chunk.contentSize)
      offset = chunk.end
    }
    return found
  }

  private func piece(_ offset: UInt64, _ chunk: Chunk, replacing kind: UInt8?) -> SalvagePiece {
    var piece = SalvagePiece(offset: offset, end: chunk.end, contentSize: chunk.contentSize)
    piece.prologue = form.identifiers[0]
    piece.wholeSize = form.largestBlock
    if let kind {
      piece.prologue.append(kind)
      piece.replaced = 1
      piece.repaired = CodecError(
        .corrupt, codec: form.codec, inputOffset: offset, reason: "a chunk's kind is damaged; its checksum is right")
    }
    return piece
  }

  /// A chunk that holds data, when its header is plausible.
  private func chunk(at offset: UInt64, _ input: SalvageInput, ignoringKind: Bool = false) -> Chunk? {
    input.withBytes(at: offset, count: 13) { bytes in chunk(bytes, offset, input.size, ignoringKind) }
  }

  private func chunk(_ bytes: RawSpan, _ offset: UInt64, _ size: UInt64, _ ignoringKind: Bool) -> Chunk? {
    guard bytes.byteCount >= 8 else { return nil }
    let kind = bytes.byte(at: 0)
    let length = Int(bytes.uint32(at: 0) >> 8)
    let end = offset + 4 + UInt64(length)
    guard end <= size, kind <= 1 || ignoringKind, length >= 4 else { return nil }
    if kind == 1 {
      guard length <= 4 + form.largestBlock else { return nil }
      return Chunk(end: end, contentSize: UInt64(length - 4))
    }
    guard length <= form.longestChunk,
      let content = (try? SnappyFormat.declaredSize(bytes.dropping(8))).flatMap({ $0 }),
      content.value <= form.largestBlock,
      UInt64(content.value) <= form.largestContent(length - 4)
    else { return nil }
    return Chunk(end: end, contentSize: UInt64(content.value))
  }

  private func isIdentifier(at offset: UInt64, _ input: SalvageInput) -> Bool {
    form.identifiers.contains(input.bytes(at: offset, count: 10))
  }

  private func isIdentifierText(at offset: UInt64, _ input: SalvageInput) -> Bool {
    let text = input.bytes(at: offset, count: 6)
    return form.identifiers.contains { Array($0.dropFirst(4)) == text }
  }

  /// Whether a chunk of any kind may begin at a position.
  private func isPlausible(at offset: UInt64, _ input: SalvageInput) -> Bool {
    isIdentifier(at: offset, input) || chunk(at: offset, input) != nil
      || (isSkippable(at: offset, input) && skippedEnd(at: offset, input) != nil)
  }

  private func isSkippable(at offset: UInt64, _ input: SalvageInput) -> Bool {
    input.withBytes(at: offset, count: 1) {
      guard $0.byteCount == 1 else { return false }
      let kind = SnappyFormat.ChunkKind($0.byte(at: 0))
      return kind == .skippable || kind == .padding
    }
  }

  /// The end of a chunk of any kind, when another chunk or the end of the stream follows.
  private func skippedEnd(at offset: UInt64, _ input: SalvageInput) -> UInt64? {
    let end = input.withBytes(at: offset, count: 4) { bytes -> UInt64? in
      bytes.byteCount == 4 ? offset + 4 + UInt64(bytes.uint32(at: 0) >> 8) : nil
    }
    guard let end, end <= input.size else { return nil }
    let follows = end == input.size || isIdentifier(at: end, input) || chunk(at: end, input) != nil
    return follows || isSkippable(at: end, input) ? end : nil
  }

  /// A data chunk whose kind is damaged.
  private func disguised(at offset: UInt64, _ end: UInt64, _ input: SalvageInput) -> SalvagePiece? {
    guard end - offset > 8, end - offset <= UInt64(4 + form.longestChunk) else { return nil }
    for kind: UInt8 in [0, 1] {
      let size = kind == 1 ? end - offset - 8 : chunk(at: offset, input, ignoringKind: true)?.contentSize
      guard let size, size <= form.largestBlock else { continue }
      let piece = piece(offset, Chunk(end: end, contentSize: size), replacing: kind)
      if trials.trial(piece, in: input).fault == nil { return piece }
    }
    return nil
  }

  /// Whether a stream that ends inside the chunk at a position is merely cut.
  private func isCutChunk(at offset: UInt64, _ input: SalvageInput) -> Bool {
    input.withBytes(at: offset, count: 4) { bytes in
      guard bytes.byteCount == 4 else { return true }
      return bytes.byte(at: 0) <= 1 && Int(bytes.uint32(at: 0) >> 8) <= form.longestChunk
    }
  }

  /// The next position with a stream identifier, or with a chunk whose checksum proves it; or the end.
  private func search(from offset: UInt64, _ input: SalvageInput) -> UInt64 {
    guard offset < input.size else { return input.size }
    return input.firstOffset(in: offset..<input.size, lookahead: 13) { bytes in
      let kind = bytes.byte(at: 0)
      if kind == 0xFF { return bytes.byteCount >= 4 && bytes.uint32(at: 0) == 0x0000_06FF }
      return kind <= 1 && chunk(bytes, 0, .max, false) != nil
    } sure: { position in
      if isIdentifier(at: position, input) { return true }
      guard let chunk = chunk(at: position, input) else { return false }
      return trials.trial(piece(position, chunk, replacing: nil), in: input).fault == nil
    } ?? input.size
  }
}
