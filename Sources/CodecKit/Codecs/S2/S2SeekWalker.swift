// SPDX-License-Identifier: Apache-2.0

// Where to begin in an S2 stream: at chunks, found by their headers or by the seek index.

extension S2 {
  /// A walker from chunk to chunk; with a trusted index, by the index at the end of the stream. An index that was given
  /// as ``seekIndex`` is trusted.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? {
    guard options.dictionary == nil else { throw Self.dictionaryRefusal }
    return S2SeekWalker(self, options)
  }
}

/// Walks an S2 or Snappy stream by its chunk headers.
///
/// The frame of a point is the identifier that stands before it: it tells how large blocks may be.
final class S2SeekWalker: SeekWalker {
  private let codec: S2
  private let options: DecompressionOptions
  private let rules: S2ReadingRules
  private var sizes: ClaimedSize
  private var index: S2Index?
  private var hasLookedForIndex = false
  /// What the identifier at an offset allows.
  private var lastFrame: (offset: UInt64, largestBlock: Int)?

  init(_ codec: S2, _ options: DecompressionOptions) {
    self.codec = codec
    self.options = options
    rules = S2ReadingRules(options, verifiesChecksums: codec.verifiesChecksums)
    // A trial has its own identifier, and no chunk that is tried concerns a handler.
    sizes = ClaimedSize(options, S2Decoder(rules), codec: S2.id)
  }

  func point(after point: SeekPoint, in input: SalvageInput) -> SeekPoint? {
    guard let (chunk, frame) = chunk(at: point, in: input), let content = chunk.contentSize else { return nil }
    // A stored chunk has no size beside its length; the one that a block declares proves nothing.
    if chunk.kind == .compressed {
      var piece = SalvagePiece(offset: point.inputOffset, end: point.inputOffset + UInt64(chunk.size))
      piece.prologue = frame.largestBlock == S2Format.maximumBlock ? S2Format.identifier : SnappyFormat.identifier
      guard sizes.holds(UInt64(content), piece, at: point, in: input) else { return nil }
    }
    var next = SeekPoint(
      inputOffset: point.inputOffset + UInt64(chunk.size), outputOffset: point.outputOffset &+ UInt64(content))
    next.frameOffset = frame.offset
    return next
  }

  func closestPoint(to outputOffset: UInt64, in input: SalvageInput) -> SeekPoint? {
    guard let entry = index(input)?.entry(for: Int64(clamping: outputOffset)) else { return nil }
    let point = Self.point(entry)
    guard let (chunk, _) = chunk(at: point, in: input), chunk.kind == .stored || chunk.kind == .compressed else {
      return nil
    }
    return point
  }

  func makeEngine(at point: SeekPoint, in input: SalvageInput) throws(CodecError) -> any StreamEngine {
    let decoder = S2Decoder(
      rules, requiresIdentifier: codec.requiresIdentifier, codec.userChunkHandler)
    decoder.resume(at: point.inputOffset, largestBlock: largestBlock(ofFrameAt: point.frameOffset, input) ?? 0)
    return decoder
  }

  // MARK: - Chunks

  /// The chunk at a point, when it is whole and a decoder would take its header; and the identifier that it comes under,
  /// which may be itself.
  private func chunk(
    at point: SeekPoint, in input: SalvageInput
  ) -> (chunk: S2Chunk, frame: (offset: UInt64, largestBlock: Int))? {
    let isStart = point.inputOffset == 0
    var frame = (offset: point.frameOffset, largestBlock: S2Format.maximumBlock)
    if !isStart {
      guard let largest = largestBlock(ofFrameAt: point.frameOffset, input) else { return nil }
      frame.largestBlock = largest
    }
    let found = input.withBytes(at: point.inputOffset, count: S2Chunk.headSize) { bytes -> (S2Chunk, Int?)? in
      let chunk = try? S2Chunk.front(of: bytes, at: 0, largestBlock: frame.largestBlock, rules)
      guard let chunk else { return nil }
      guard chunk.kind == .identifier else { return (chunk, nil) }
      let largest = S2Chunk.largestBlock(bytes.extracting(first: S2Format.identifier.count))
      return largest.map { (chunk, $0) }
    }
    guard let (chunk, largest) = found, UInt64(chunk.size) <= input.size - point.inputOffset else { return nil }
    if let largest {
      frame = (point.inputOffset, largest)
    } else if isStart, codec.requiresIdentifier {
      return nil
    }
    return (chunk, frame)
  }

  /// How large blocks may be behind an identifier. A stream may begin without one when the codec says so.
  private func largestBlock(ofFrameAt offset: UInt64, _ input: SalvageInput) -> Int? {
    if let lastFrame, lastFrame.offset == offset { return lastFrame.largestBlock }
    let found = input.withBytes(at: offset, count: S2Format.identifier.count) { S2Chunk.largestBlock($0) }
    let largest = found ?? (offset == 0 && !codec.requiresIdentifier ? S2Format.maximumBlock : nil)
    if let largest { lastFrame = (offset, largest) }
    return largest
  }

  // MARK: - Index

  /// The index, when it is to be trusted and describes this stream.
  private func index(_ input: SalvageInput) -> S2Index? {
    if !hasLookedForIndex {
      hasLookedForIndex = true
      if let given = codec.seekIndex {
        index = describes(given, input, end: nil) ? given : nil
      } else if options.trustsIndex, let (found, offset) = S2Index.last(of: input) {
        index = describes(found, input, end: offset) ? found : nil
      }
    }
    return index
  }

  /// Whether the chunks from the last entry on hold what is missing to the size of the content, with no other stream among
  /// them. The index of a stream to which another was joined is found out by that.
  ///
  /// - Parameter end: where the index stands, when it is a part of the stream.
  private func describes(_ index: S2Index, _ input: SalvageInput, end: UInt64?) -> Bool {
    if let end, index.totalCompressed >= 0, index.totalCompressed != Int64(clamping: end) { return false }
    guard let last = index.entries.last, last.compressed < Int64(clamping: input.size) else { return false }
    var point = Self.point(last)
    while point.inputOffset < input.size, point.inputOffset != end {
      guard let (chunk, _) = chunk(at: point, in: input), chunk.kind != .identifier else { return false }
      point.inputOffset += UInt64(chunk.size)
      point.outputOffset &+= UInt64(chunk.contentSize ?? 0)
      guard Int64(clamping: point.outputOffset) <= index.totalUncompressed else { return false }
    }
    return Int64(clamping: point.outputOffset) == index.totalUncompressed
  }

  private static func point(_ entry: S2Index.Entry) -> SeekPoint {
    var point = SeekPoint(
      inputOffset: UInt64(clamping: entry.compressed), outputOffset: UInt64(clamping: entry.uncompressed))
    point.frameOffset = 0
    return point
  }
}
