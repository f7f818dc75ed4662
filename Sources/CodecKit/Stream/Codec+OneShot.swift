// SPDX-License-Identifier: Apache-2.0

// Whole buffers in one call.

extension Codec {
  /// Compresses a whole buffer.
  ///
  /// - Parameters:
  ///   - input: the bytes.
  ///   - options: what the codec should do.
  /// - Returns: the compressed bytes.
  /// - Throws: ``CodecError`` with `levelOutOfRange`, `invalidOption`, `contentSizeMismatch` or `outOfMemory`.
  /// - Complexity: O(n) in the size of the input, at the codec's speed.
  public func compress(_ input: RawSpan, _ options: CompressionOptions = .init()) throws(CodecError) -> [UInt8] {
    var stream = try Compressor(self, options)
    var buffer = ByteBuffer()
    buffer.reserve(compressedBound(input.byteCount, options) ?? input.byteCount / 2 + 1024)
    var rest = input
    while true {
      if buffer.freeRoom == 0 { buffer.reserve(max(64 << 10, buffer.count)) }
      var room = buffer.room()
      let step = try stream.step(rest, into: &room, flush: .finish)
      buffer.didAppend(step.produced)
      rest = rest.dropping(step.consumed)
      if step.state == .finished { return buffer.bytes.array }
      if step.produced == 0 { buffer.reserve(max(64 << 10, buffer.count)) }
    }
  }

  /// Compresses a whole array.
  ///
  /// - Parameters:
  ///   - input: the bytes.
  ///   - options: what the codec should do.
  /// - Returns: the compressed bytes.
  /// - Throws: as ``compress(_:_:)-(RawSpan,_)``.
  public func compress(_ input: [UInt8], _ options: CompressionOptions = .init()) throws(CodecError) -> [UInt8] {
    try unsafe compress(input.span.bytes, options)
  }

  /// Decompresses a whole buffer.
  ///
  /// - Parameters:
  ///   - input: the compressed bytes: everything, with all joined frames.
  ///   - limits: how much may come of it.
  /// - Returns: the decompressed bytes.
  /// - Throws: ``CodecError`` with `truncated`, `corrupt`, `checksumMismatch`, `limitExceeded` and the other codes of a
  ///   decoder.
  /// - Complexity: O(n) in the size of the output, at the codec's speed.
  public func decompress(_ input: RawSpan, limits: DecompressionLimits = .init()) throws(CodecError) -> [UInt8] {
    try decompress(input, .init { $0.limits = limits })
  }

  /// Decompresses a whole buffer.
  ///
  /// - Parameters:
  ///   - input: the compressed bytes: everything, with all joined frames.
  ///   - options: limits, dictionary, and what to do with bytes after the end.
  /// - Returns: the decompressed bytes.
  /// - Throws: as ``decompress(_:limits:)-(RawSpan,_)``.
  public func decompress(_ input: RawSpan, _ options: DecompressionOptions) throws(CodecError) -> [UInt8] {
    var stream = try Decompressor(self, options)
    let limits = LimitEnforcer(options.limits, codec: descriptor.id)
    var buffer = ByteBuffer()
    // A guess from the input alone: a declared size is a claim, and growth follows what really comes.
    buffer.reserve(Self.roomToGrow(max(4096, min(input.byteCount, 1 << 20) * 4), limits, delivered: 0))
    var rest = input
    while true {
      if buffer.freeRoom == 0 {
        buffer.reserve(Self.roomToGrow(max(64 << 10, buffer.count), limits, delivered: buffer.count))
      }
      var room = buffer.room()
      let step = try stream.step(rest, into: &room, flush: .finish)
      buffer.didAppend(step.produced)
      rest = rest.dropping(step.consumed)
      if step.state == .finished { return buffer.bytes.array }
    }
  }

  /// Decompresses a whole array.
  ///
  /// - Parameters:
  ///   - input: the compressed bytes: everything, with all joined frames.
  ///   - limits: how much may come of it.
  /// - Returns: the decompressed bytes.
  /// - Throws: as ``decompress(_:limits:)-(RawSpan,_)``.
  public func decompress(_ input: [UInt8], limits: DecompressionLimits = .init()) throws(CodecError) -> [UInt8] {
    try unsafe decompress(input.span.bytes, limits: limits)
  }

  /// Decompresses a whole array.
  ///
  /// - Parameters:
  ///   - input: the compressed bytes: everything, with all joined frames.
  ///   - options: limits, dictionary, and what to do with bytes after the end.
  /// - Returns: the decompressed bytes.
  /// - Throws: as ``decompress(_:limits:)-(RawSpan,_)``.
  public func decompress(_ input: [UInt8], _ options: DecompressionOptions) throws(CodecError) -> [UInt8] {
    try unsafe decompress(input.span.bytes, options)
  }

  /// One byte more than the limit allows is enough room to notice that it is passed.
  private static func roomToGrow(_ wish: Int, _ limits: LimitEnforcer, delivered: Int) -> Int {
    guard let rest = limits.remainingOutput(after: UInt64(delivered)) else { return wish }
    return rest < UInt64(wish) ? Int(rest) + 1 : wish
  }
}
