// SPDX-License-Identifier: Apache-2.0

// Where to begin in QuickLZ data: at blocks of an archive, and at packets that do not depend on each other. Both say how
// much they hold.

extension QuickLZ {
  /// A walker from block to block.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? {
    try options.refuseDictionary(codec: "quicklz")
    return QuickLZSeekWalker(options)
  }
}

extension QuickLZRaw {
  /// A walker from packet to packet; none when packets depend on each other.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? {
    try options.refuseDictionary(codec: "quicklz-raw")
    return try checkedBuffer() ?? 0 == 0 ? QuickLZPacketSeekWalker(options) : nil
  }
}

/// Walks a qpress archive with one file by its block headers.
final class QuickLZSeekWalker: SeekWalker {
  private let options: DecompressionOptions
  private var sizes: ClaimedSize
  /// What stands before the first block, once it was looked at; empty when that is nothing to begin behind.
  private var front: (bytes: [UInt8], chunkSize: Int)?

  /// An archive whose first block is not among so many bytes is read from its start.
  private static let longestFront = 64 << 10
  /// What can be seen of a block before its content.
  private static let look = QuickLZArchiveFormat.blockHeaderSize + QuickLZHeader.longSize

  init(_ options: DecompressionOptions) {
    self.options = options
    sizes = ClaimedSize(
      options, QuickLZDecoder(limits: options.limits, trailingData: .reject), codec: "quicklz")
  }

  func point(after point: SeekPoint, in input: SalvageInput) -> SeekPoint? {
    let front = front(in: input)
    guard !front.bytes.isEmpty else { return nil }
    if point.inputOffset == 0 { return SeekPoint(inputOffset: UInt64(front.bytes.count), outputOffset: 0) }
    guard let block = block(at: point.inputOffset, front.chunkSize, input) else { return nil }
    let next = point.inputOffset + block.size
    guard next <= input.size else { return nil }
    let (end, overflow) = point.outputOffset.addingReportingOverflow(block.content)
    guard !overflow else { return nil }
    var piece = SalvagePiece(offset: point.inputOffset, end: next)
    piece.prologue = front.bytes
    piece.epilogue = QuickLZArchiveFormat.trailerMarker + [UInt8](repeating: 0, count: 8)
    // The next block knows where in the file it stands.
    let isConfirmed = self.block(at: next, front.chunkSize, input)?.position == end
    guard sizes.holds(block.content, piece, at: point, isConfirmed: isConfirmed, in: input) else { return nil }
    return SeekPoint(inputOffset: next, outputOffset: end, ordinal: point.ordinal + 1)
  }

  func makeEngine(at point: SeekPoint, in input: SalvageInput) throws(CodecError) -> any StreamEngine {
    let decoder = QuickLZDecoder(limits: options.limits, trailingData: options.trailingData)
    var nowhere = OutputRawSpan()
    let front = front(in: input).bytes
    let step = unsafe try decoder.step(front.span.bytes, into: &nowhere, flush: .none)
    guard decoder.isInFront, step.state == .needsInput else {
      throw CodecError(.internalInconsistency, codec: "quicklz", reason: "the archive is not what it was")
    }
    decoder.moveToBlock(point.ordinal, at: point.inputOffset, contentBefore: point.outputOffset)
    return decoder
  }

  private func front(in input: SalvageInput) -> (bytes: [UInt8], chunkSize: Int) {
    if let front { return front }
    let found = readFront(input)
    front = found
    return found
  }

  private func readFront(_ input: SalvageInput) -> (bytes: [UInt8], chunkSize: Int) {
    let bytes = input.bytes(at: 0, count: Self.longestFront)
    var place = QuickLZArchivePlace.start
    var chunkSize = 0
    var used = 0
    while place != .block {
      let rest = unsafe bytes.span.bytes.dropping(used)
      let extent = try? QuickLZArchiveFormat.extent(of: rest, at: place, chunkSize: chunkSize)
      guard case .known(let item, let length)? = extent, item != .up else { return ([], 0) }
      switch item {
      case .header(let size):
        guard UInt64(size) <= options.limits.maximumWindowSize else { return ([], 0) }
        chunkSize = size
        place = .entry
      case .file: place = .block
      default: break
      }
      used += length
    }
    return (Array(bytes[..<used]), chunkSize)
  }

  private func block(
    at offset: UInt64, _ chunkSize: Int, _ input: SalvageInput
  ) -> (size: UInt64, content: UInt64, position: UInt64)? {
    input.withBytes(at: offset, count: Self.look) { bytes in
      let extent = try? QuickLZArchiveFormat.extent(of: bytes, at: .block, chunkSize: chunkSize)
      guard case .known(.block(let position, _, let packet), let length)? = extent else { return nil }
      return (UInt64(length), UInt64(packet.contentSize), position)
    }
  }
}

/// Walks independent packets by their headers.
final class QuickLZPacketSeekWalker: SeekWalker {
  private let options: DecompressionOptions
  private var sizes: ClaimedSize

  init(_ options: DecompressionOptions) {
    self.options = options
    sizes = ClaimedSize(
      options, QuickLZRawDecoder(streamingBuffer: 0, limits: options.limits, trailingData: .reject),
      codec: "quicklz-raw")
  }

  func point(after point: SeekPoint, in input: SalvageInput) -> SeekPoint? {
    let header = input.withBytes(at: point.inputOffset, count: QuickLZHeader.longSize) { try? QuickLZHeader($0) }
    guard let header, header.streamingBits == 0, UInt64(header.contentSize) <= options.limits.maximumWindowSize else {
      return nil
    }
    let next = point.inputOffset + UInt64(header.packetSize)
    let (end, overflow) = point.outputOffset.addingReportingOverflow(UInt64(header.contentSize))
    guard next <= input.size, !overflow else { return nil }
    let piece = SalvagePiece(offset: point.inputOffset, end: next)
    guard sizes.holds(UInt64(header.contentSize), piece, at: point, in: input) else { return nil }
    return SeekPoint(inputOffset: next, outputOffset: end)
  }

  func makeEngine(at point: SeekPoint, in input: SalvageInput) throws(CodecError) -> any StreamEngine {
    let decoder = QuickLZRawDecoder(
      streamingBuffer: 0, limits: options.limits, trailingData: options.trailingData)
    decoder.resume(at: point.inputOffset)
    return decoder
  }
}
