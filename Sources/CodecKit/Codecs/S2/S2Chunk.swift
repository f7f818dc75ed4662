// SPDX-License-Identifier: Apache-2.0

/// What readers go by, whoever reads.
struct S2ReadingRules: Hashable, Sendable {
  /// The largest block that the caller allows.
  var maximumBlock: UInt64
  var verifiesChecksums: Bool

  init(_ options: DecompressionOptions, verifiesChecksums: Bool = true) {
    maximumBlock = options.limits.maximumWindowSize
    self.verifiesChecksums = verifiesChecksums
  }
}

/// The chunk at the front of a span: where it ends and what it is, from its first bytes alone. Nothing here has a memory:
/// chunks can be found and decoded by different threads.
struct S2Chunk: Hashable, Sendable {
  typealias Kind = SnappyFormat.ChunkKind

  /// How many bytes tell all there is to know of any chunk: header, checksum, declared size.
  static let headSize = 13

  var kind: Kind
  /// The chunk's first byte.
  var tag: UInt8
  /// Its size, with the header of 4 bytes.
  var size: Int
  /// How much content it has; `nil` when the bytes end before that can be told.
  var contentSize: Int?

  /// Looks at the beginning of a chunk.
  ///
  /// - Parameters:
  ///   - bytes: the chunk, as much of it as there is.
  ///   - position: where it stands in the stream, for errors.
  ///   - largestBlock: what the stream's identifier allows.
  ///   - rules: what the caller allows.
  /// - Returns: the chunk; `nil` when there are fewer than 4 bytes.
  /// - Throws: ``CodecError`` with `corrupt`, `unsupportedFeature` or `limitExceeded`.
  static func front(
    of bytes: RawSpan, at position: UInt64, largestBlock: Int, _ rules: S2ReadingRules
  ) throws(CodecError) -> S2Chunk? {
    guard bytes.byteCount >= 4 else { return nil }
    let header = bytes.uint32(at: 0)
    let length = Int(header >> 8)
    let tag = UInt8(truncatingIfNeeded: header)
    var chunk = S2Chunk(kind: Kind(tag), tag: tag, size: 4 + length, contentSize: 0)
    func fault(_ reason: String) -> CodecError { CodecError(.corrupt, inputOffset: position, reason: reason) }
    switch chunk.kind {
    case .skippable, .padding: break
    case .unskippable:
      throw CodecError(
        .unsupportedFeature, inputOffset: position,
        reason: "a chunk of the reserved kind \(tag) must not be skipped and cannot be read")
    case .identifier:
      guard length == 6 else { throw fault("the stream identifier has \(length) bytes instead of 6") }
    case .stored:
      guard length >= 4 else { throw fault("a stored chunk of \(length) bytes is shorter than its checksum") }
      try check(length - 4, largestBlock, rules, position)
      chunk.contentSize = length - 4
    case .compressed:
      guard length > 4 else { throw fault("a compressed chunk of \(length) bytes has no block") }
      guard length <= S2Format.maximumPayload else {
        throw fault("a compressed chunk of \(length) bytes; no block of a stream takes more than 4194312")
      }
      guard bytes.byteCount > 8 else {
        chunk.contentSize = nil
        break
      }
      let block = bytes.extracting(8..<min(bytes.byteCount, chunk.size))
      let size: (value: UInt32, length: Int)?
      do throws(CodecError) { size = try SnappyFormat.declaredSize(block) } catch {
        throw CodecError(error.code, inputOffset: position + 8, reason: error.reason)
      }
      guard let size else {
        guard bytes.byteCount < chunk.size else { throw fault("a compressed chunk ends inside its declared size") }
        chunk.contentSize = nil
        break
      }
      try check(Int(size.value), largestBlock, rules, position)
      guard UInt64(size.value) <= S2Format.largestContent(ofBlock: length - 4) else {
        throw fault("\(length - 4) bytes cannot hold the \(size.value) bytes that a chunk declares")
      }
      chunk.contentSize = Int(size.value)
    }
    return chunk
  }

  private static func check(
    _ size: Int, _ largestBlock: Int, _ rules: S2ReadingRules, _ position: UInt64
  ) throws(CodecError) {
    guard size <= largestBlock else {
      throw CodecError(
        .corrupt, inputOffset: position,
        reason: "a chunk holds \(size) bytes; this stream's have at most \(largestBlock)")
    }
    guard UInt64(size) <= rules.maximumBlock else {
      throw CodecError(
        .limitExceeded, inputOffset: position,
        reason: "a chunk holds \(size) bytes; the limit is \(rules.maximumBlock)", requiredLimit: UInt64(size))
    }
  }

  /// The content of a whole chunk that holds data.
  ///
  /// - Parameters:
  ///   - bytes: the chunk; exactly ``size`` bytes.
  ///   - position: where it stands in the stream, for errors.
  ///   - rules: whether checksums are compared.
  ///   - output: has room for ``contentSize``. Nothing is appended when an error is thrown.
  /// - Throws: ``CodecError`` with `corrupt` or `checksumMismatch`.
  func decode(
    _ bytes: RawSpan, at position: UInt64, _ rules: S2ReadingRules, into output: inout OutputRawSpan
  ) throws(CodecError) {
    guard let contentSize else {
      throw CodecError(.corrupt, inputOffset: position, reason: "a compressed chunk ends inside its declared size")
    }
    if kind == .stored {
      let content = bytes.dropping(8)
      try Self.verify(content, bytes, position, rules)
      _ = output.append(prefixOf: content)
      return
    }
    let block = bytes.dropping(8)
    guard let size = try SnappyFormat.declaredSize(block) else { return }
    let count = unsafe try output.appendWritten { (room) throws(CodecError) in
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<contentSize])
      let isRight = unsafe block.dropping(size.length).withUnsafeBytes {
        unsafe S2BlockDecoder.decode($0, into: target)
      }
      guard isRight else { throw Self.blockFault(block, size, position + 8) }
      return contentSize
    }
    do throws(CodecError) {
      try Self.verify(output.bytes.extracting(last: count), bytes, position, rules)
    } catch {
      output.removeLast(count)
      throw error
    }
  }

  private static func verify(
    _ content: RawSpan, _ chunk: RawSpan, _ position: UInt64, _ rules: S2ReadingRules
  ) throws(CodecError) {
    guard rules.verifiesChecksums else { return }
    guard SnappyFormat.maskedChecksum(of: content) == chunk.uint32(at: 4) else {
      throw CodecError(
        .checksumMismatch, inputOffset: position + 4, reason: "a chunk's checksum does not match its content")
    }
  }

  private static func blockFault(
    _ block: RawSpan, _ size: (value: UInt32, length: Int), _ position: UInt64
  ) -> CodecError {
    let (offset, reason) =
      switch S2BlockExtent(of: block, size: size) {
      case .corrupt(let offset): (offset, "a copy reaches too far, or an element holds more than is declared")
      case .truncated: (block.byteCount, "a chunk's block ends before all that it declares")
      case .complete(let length): (length, "a chunk's block goes on behind all that it declares")
      }
    return CodecError(.corrupt, inputOffset: position + UInt64(offset), reason: reason)
  }

  /// How large a block may be in the stream that an identifier begins.
  ///
  /// - Returns: `nil` when it is no identifier.
  static func largestBlock(_ identifier: RawSpan) -> Int? {
    let bytes = identifier.array
    if bytes == S2Format.identifier { return S2Format.maximumBlock }
    return bytes == SnappyFormat.identifier ? S2Format.maximumSnappyBlock : nil
  }
}
