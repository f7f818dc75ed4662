// SPDX-License-Identifier: Apache-2.0

// Where to begin in a zstd stream: at frames.

extension Zstd {
  /// A walker from frame to frame, by their headers and the headers of their blocks; with a trusted index, by the seek
  /// table.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? {
    try ZstdSeekWalker(options)
  }
}

/// Walks a zstd stream by its frames.
///
/// The seek table alone proves nothing: an entry that takes two frames for one agrees with the header of the first. So
/// without trust every frame is followed to its end, which costs a read of a few bytes for each block. What the frame says
/// it holds is believed when the table says the same.
final class ZstdSeekWalker: SeekWalker {
  private let options: DecompressionOptions
  private var table: ZstdTableReader?
  private var hasLookedForTable = false
  private var sizes: ClaimedSize

  init(_ options: DecompressionOptions) throws(CodecError) {
    self.options = options
    var strict = options
    strict.trailingData = .reject
    sizes = ClaimedSize(options, try ZstdDecoder(strict), codec: Zstd.id)
  }

  var hasChecksumsBehindContent: Bool { true }

  func point(after point: SeekPoint, in input: SalvageInput) -> SeekPoint? {
    guard let frame = frame(at: point.inputOffset, input) else { return nil }
    if frame.holdsContent {
      let entry = table(input)?.entry(point.ordinal, in: input)
      let isConfirmed = entry.map { $0.packed == frame.size && $0.content == frame.content } ?? false
      let piece = SalvagePiece(offset: point.inputOffset, end: point.inputOffset + frame.size)
      guard sizes.holds(frame.content, piece, at: point, isConfirmed: isConfirmed, in: input) else { return nil }
    }
    return SeekPoint(
      inputOffset: point.inputOffset + frame.size, outputOffset: point.outputOffset &+ frame.content,
      ordinal: point.ordinal + 1)
  }

  func closestPoint(to outputOffset: UInt64, in input: SalvageInput) -> SeekPoint? {
    guard options.trustsIndex, let table = table(input) else { return nil }
    var point = SeekPoint.start
    while let entry = table.entry(point.ordinal, in: input), point.outputOffset + entry.content <= outputOffset {
      // The last frame that holds something is the one to check at the end of the data.
      guard point.ordinal + 1 < table.count else { break }
      point = SeekPoint(
        inputOffset: point.inputOffset + entry.packed, outputOffset: point.outputOffset + entry.content,
        ordinal: point.ordinal + 1)
    }
    guard let entry = table.entry(point.ordinal, in: input), let frame = frame(at: point.inputOffset, input),
      frame.size == entry.packed, frame.content == entry.content
    else { return agreesUnsized(point, table, input) }
    return point
  }

  /// Whether a frame that does not declare its size ends where the table says.
  private func agreesUnsized(_ point: SeekPoint, _ table: ZstdTableReader, _ input: SalvageInput) -> SeekPoint? {
    guard let entry = table.entry(point.ordinal, in: input),
      let header = header(at: point.inputOffset, input), header.contentSize == nil,
      let extent = extent(of: header, at: point.inputOffset, input), extent.size == entry.packed,
      entry.content <= extent.largestContent
    else { return nil }
    return point
  }

  func makeEngine(at point: SeekPoint, in input: SalvageInput) throws(CodecError) -> any StreamEngine {
    let decoder = try ZstdDecoder(options)
    decoder.resume(at: point.inputOffset)
    return decoder
  }

  /// The seek table, when its sizes add up.
  private func table(_ input: SalvageInput) -> ZstdTableReader? {
    if !hasLookedForTable {
      hasLookedForTable = true
      table = ZstdTableReader(input).flatMap { $0.isExact(input) ? $0 : nil }
    }
    return table
  }

  // MARK: - Frames

  /// How many bytes a frame or skippable frame takes and holds, when it says both and can be right.
  private func frame(at offset: UInt64, _ input: SalvageInput) -> (size: UInt64, content: UInt64, holdsContent: Bool)? {
    if let header = header(at: offset, input) {
      guard let content = header.contentSize, let extent = extent(of: header, at: offset, input),
        content <= extent.largestContent
      else { return nil }
      return (extent.size, content, true)
    }
    let skipped = input.withBytes(at: offset, count: 8) {
      $0.byteCount == 8 && ZstdFormat.isSkippable($0.uint32(at: 0)) ? 8 + UInt64($0.uint32(at: 4)) : nil
    }
    guard let skipped, skipped <= input.size - offset else { return nil }
    return (skipped, 0, false)
  }

  private func header(at offset: UInt64, _ input: SalvageInput) -> ZstdFrameHeader? {
    input.withBytes(at: offset, count: ZstdFrameHeader.maximumSize) { bytes in
      guard bytes.byteCount >= 5, bytes.uint32(at: 0) == ZstdFormat.magic, let header = ZstdFrameHeader(bytes),
        !header.hasReservedBit
      else { return nil }
      return header
    }
  }

  /// Follows the blocks of a frame to its end.
  private func extent(
    of header: ZstdFrameHeader, at offset: UInt64, _ input: SalvageInput
  ) -> (size: UInt64, largestContent: UInt64)? {
    var position = offset + UInt64(header.size)
    var blocks: UInt64 = 0
    while true {
      let block = input.withBytes(at: position, count: ZstdBlockHeader.size) {
        $0.byteCount == ZstdBlockHeader.size ? ZstdBlockHeader($0, at: 0) : nil
      }
      guard let block, block.kind < 3 else { return nil }
      position += UInt64(ZstdBlockHeader.size + block.bodySize)
      blocks += 1
      guard position <= input.size else { return nil }
      if block.isLast { break }
    }
    position += header.hasChecksum ? 4 : 0
    guard position <= input.size else { return nil }
    return (position - offset, blocks * UInt64(header.maximumBlockSize))
  }
}
