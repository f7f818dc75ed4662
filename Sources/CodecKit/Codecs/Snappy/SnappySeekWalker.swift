// SPDX-License-Identifier: Apache-2.0

// Where to begin in a snappy stream: at chunks, each of which says how much it holds.

extension Snappy {
  /// A walker from chunk to chunk.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? {
    try options.refuseDictionary(codec: "snappy")
    return SnappySeekWalker(options)
  }
}

/// Walks a snappy stream by its chunk headers.
final class SnappySeekWalker: SeekWalker {
  /// A chunk header, the checksum, and the declared size.
  private static let lead = 13

  private var sizes: ClaimedSize

  init(_ options: DecompressionOptions) {
    sizes = ClaimedSize(options, SnappyDecoder(), codec: "snappy")
  }

  func point(after point: SeekPoint, in input: SalvageInput) -> SeekPoint? {
    let chunk = input.withBytes(at: point.inputOffset, count: Self.lead) {
      Self.chunk($0, mustBegin: point.inputOffset == 0)
    }
    guard let chunk, chunk.size <= input.size - point.inputOffset else { return nil }
    if chunk.content > 0 {
      var piece = SalvagePiece(offset: point.inputOffset, end: point.inputOffset + chunk.size)
      piece.prologue = SnappyFormat.identifier
      guard sizes.holds(chunk.content, piece, at: point, in: input) else { return nil }
    }
    return SeekPoint(
      inputOffset: point.inputOffset + chunk.size, outputOffset: point.outputOffset &+ chunk.content)
  }

  func makeEngine(at point: SeekPoint, in input: SalvageInput) throws(CodecError) -> any StreamEngine {
    let decoder = SnappyDecoder()
    decoder.resume(at: point.inputOffset)
    return decoder
  }

  /// How many bytes a chunk takes and holds; `nil` for anything that a decoder would not take.
  private static func chunk(_ bytes: RawSpan, mustBegin: Bool) -> (size: UInt64, content: UInt64)? {
    guard bytes.byteCount >= 4 else { return nil }
    let header = bytes.uint32(at: 0)
    let length = UInt64(header >> 8)
    let kind = SnappyFormat.ChunkKind(UInt8(truncatingIfNeeded: header))
    guard !mustBegin || kind == .identifier else { return nil }
    var content: UInt64 = 0
    switch kind {
    case .identifier:
      guard bytes.byteCount >= 10, bytes.extracting(first: 10).array == SnappyFormat.identifier else { return nil }
    case .skippable, .padding: break
    case .stored:
      guard (4...4 + SnappyFormat.maximumPiece).contains(Int(length)) else { return nil }
      content = length - 4
    case .compressed:
      guard length > 4, bytes.byteCount > 8,
        let size = try? SnappyFormat.declaredSize(bytes.dropping(8).extracting(first: Int(length) - 4)),
        size.value <= SnappyFormat.maximumPiece
      else { return nil }
      content = UInt64(size.value)
    case .unskippable: return nil
    }
    return (4 + length, content)
  }
}
