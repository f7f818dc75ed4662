// SPDX-License-Identifier: Apache-2.0

/// Follows the blocks of an LZ4 frame by their size fields, and tells whether they lead anywhere.
struct LZ4Chain {
  /// The most bytes that a block decodes to.
  let blockSize: Int
  let hasBlockChecksums: Bool
  let hasContentChecksum: Bool
  let isLegacy: Bool

  /// The chain of a frame.
  init(_ header: LZ4FrameHeader, isLegacy: Bool = false) {
    blockSize = header.blockSize
    hasBlockChecksums = header.hasBlockChecksums
    hasContentChecksum = header.hasContentChecksum
    self.isLegacy = isLegacy
  }

  /// What a field between blocks says.
  enum Link: Hashable {
    /// A block up to this offset.
    case block(end: UInt64)
    /// The end of the frame.
    case end(UInt64)
    /// Nothing that makes sense.
    case broken
    /// Nothing, because the stream ends.
    case cut
  }

  /// How a chain ends.
  enum End: Hashable {
    /// At a frame's end, which is followed by another frame or the end of the stream.
    case frameEnd(UInt64)
    /// Because the stream ends.
    case cut
    case broken
    /// It goes on and on, which is as good as an end.
    case long
  }

  /// The size that a field states, if a block can have it.
  func size(_ field: UInt32) -> Int? {
    let size = Int(isLegacy ? field : field & ~LZ4Format.storedFlag)
    let largest = isLegacy ? LZ4Format.blockBound(LZ4Format.legacyBlockSize) : blockSize
    return size > 0 && size <= largest ? size : nil
  }

  /// Reads the field at a position.
  func link(at offset: UInt64, _ input: SalvageInput) -> Link {
    if isLegacy, offset == input.size { return .end(offset) }
    let field = input.withBytes(at: offset, count: 4) { $0.byteCount == 4 ? $0.uint32(at: 0) : nil }
    guard let field else { return .cut }
    if field == 0, !isLegacy {
      let end = offset + 4 + (hasContentChecksum ? 4 : 0)
      return end <= input.size ? .end(end) : .cut
    }
    guard let size = size(field) else { return isLegacy && LZ4Format.isMagic(field) ? .end(offset) : .broken }
    let end = offset + 4 + UInt64(size) + (hasBlockChecksums ? 4 : 0)
    return end <= input.size ? .block(end: end) : .cut
  }

  /// Follows the chain.
  ///
  /// - Parameters:
  ///   - offset: where a field should be.
  ///   - input: the stream.
  ///   - most: after so many blocks it is `long`.
  /// - Returns: how it ends, and how many blocks it has.
  func follow(from offset: UInt64, _ input: SalvageInput, most: UInt64 = .max) -> (end: End, blocks: UInt64) {
    var offset = offset
    var blocks: UInt64 = 0
    while blocks < most {
      switch link(at: offset, input) {
      case .block(let end):
        offset = end
        blocks += 1
      case .end(let end): return (Self.isBorder(end, input) ? .frameEnd(end) : .broken, blocks)
      case .broken: return (.broken, blocks)
      case .cut: return (.cut, blocks)
      }
    }
    return (.long, blocks)
  }

  /// Whether a position that is not known to hold a field holds one: then it leads to the frame's end, or far.
  func holds(at offset: UInt64, _ input: SalvageInput) -> Bool {
    let (end, blocks) = follow(from: offset, input, most: 6)
    switch end {
    case .frameEnd, .long: return true
    case .cut: return blocks >= 3
    case .broken: return false
    }
  }

  /// Whether a frame can begin at a position, or the stream ends there.
  static func isBorder(_ offset: UInt64, _ input: SalvageInput) -> Bool {
    if offset == input.size { return true }
    let bytes = input.bytes(at: offset, count: 8)
    guard bytes.count >= 4 else { return unsafe LZ4Format.couldBeginMagic(bytes.span.bytes) }
    switch unsafe bytes.span.bytes.uint32(at: 0) {
    case LZ4Format.frameMagic: return header(at: offset, input) != nil
    case LZ4Format.legacyMagic: return true
    case let magic where LZ4Format.isMagic(magic):
      return unsafe bytes.count == 8 && UInt64(bytes.span.bytes.uint32(at: 4)) <= input.size - offset - 8
    default: return false
    }
  }

  /// The header of a frame at a position, and where its blocks begin.
  static func header(at offset: UInt64, _ input: SalvageInput) -> (header: LZ4FrameHeader, blocks: UInt64)? {
    input.withBytes(at: offset + 4, count: 15) { bytes in
      guard bytes.byteCount > 0 else { return nil }
      let length = LZ4FrameHeader.length(flags: bytes.byte(at: 0))
      guard bytes.byteCount >= length, let header = try? LZ4FrameHeader(bytes.extracting(0..<length), at: 0) else {
        return nil
      }
      return (header, offset + 4 + UInt64(length))
    }
  }
}
