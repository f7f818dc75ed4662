// SPDX-License-Identifier: Apache-2.0

/// A bare snappy block, without framing or checksum: what database formats and protocols embed.
///
/// The whole block is kept in memory, and nothing protects the content; prefer ``Snappy`` wherever there is a choice.
public struct SnappyRaw: Codec {
  /// The most content that a block may have here: 1 GiB, compressing and decompressing.
  public static let maximumContentSize = 1 << 30

  /// Makes the codec; it has no settings.
  public init() {}

  /// `snappy-raw`: one level, no signature, no checksum.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "snappy-raw", summary: "bare snappy blocks, kept in memory as a whole", suffixes: [".snappy"],
      capabilities: [.contentSize])
  }

  /// An engine that gathers everything, up to ``maximumContentSize``, and compresses it at the end.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    _ = try descriptor.levels.resolve(options.level, codec: "snappy-raw")
    try options.refuseDictionary(codec: "snappy-raw")
    return WholeBlockEngine(Packer())
  }

  /// An engine that gathers a whole block and decodes it at the end.
  ///
  /// Blocks that declare more than ``maximumContentSize`` or ``DecompressionLimits/maximumWindowSize`` are refused as
  /// soon as that is seen, with `limitExceeded`.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    try options.refuseDictionary(codec: "snappy-raw")
    return WholeBlockEngine(
      Unpacker(
        limit: min(options.limits.maximumWindowSize, UInt64(Self.maximumContentSize)),
        trailingData: options.trailingData))
  }

  /// The worst case of the format.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? { SnappyBlock.bound(count) }

  private final class Packer: BlockTransform {
    var maximumInputSize: Int { SnappyRaw.maximumContentSize }

    func tooMuchInput() -> CodecError {
      CodecError(.limitExceeded, reason: "a bare snappy block holds at most 1 GiB")
    }

    func check(_ beginning: RawSpan) {}

    func room(for input: RawSpan) -> Int { SnappyBlock.bound(input.byteCount) }

    func transform(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> BlockEnding {
      _ = unsafe try output.appendWritten { (room) throws(CodecError) in
        unsafe try SnappyBlock.compress(input, into: room)
      }
      return .clean
    }
  }

  private final class Unpacker: BlockTransform {
    private let limit: UInt64
    private let trailingData: DecompressionOptions.TrailingData

    init(limit: UInt64, trailingData: DecompressionOptions.TrailingData) {
      self.limit = limit
      self.trailingData = trailingData
    }

    /// No encoder makes a block larger than the bound.
    var maximumInputSize: Int { SnappyBlock.bound(Int(limit)) }

    func tooMuchInput() -> CodecError {
      CodecError(
        .limitExceeded, inputOffset: UInt64(maximumInputSize),
        reason: "the block is larger than any that holds \(limit) bytes, which is the limit")
    }

    func check(_ beginning: RawSpan) throws(CodecError) {
      guard let size = try SnappyFormat.declaredSize(beginning)?.value, UInt64(size) > limit else { return }
      throw CodecError(
        .limitExceeded, inputOffset: 0, reason: "the block holds \(size) bytes; the limit is \(limit)")
    }

    func room(for input: RawSpan) throws(CodecError) -> Int {
      guard let size = try SnappyFormat.declaredSize(input) else {
        throw CodecError(
          .truncated, inputOffset: UInt64(input.byteCount),
          reason: input.isEmpty ? "the input is empty" : "the input ends inside the declared size")
      }
      try check(input)
      guard UInt64(size.value) <= SnappyFormat.largestContent(ofBlock: input.byteCount - size.length) else {
        throw CodecError(
          .truncated, inputOffset: UInt64(input.byteCount),
          reason: "\(input.byteCount) bytes cannot hold the \(size.value) bytes that are declared")
      }
      return Int(size.value)
    }

    func transform(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> BlockEnding {
      do throws(CodecError) {
        try decompress(input, into: &output)
        return .clean
      } catch {
        // libsnappy does not tell where it stumbled.
        guard let size = try SnappyFormat.declaredSize(input) else { throw error }
        switch SnappyBlockExtent(of: input, size: size) {
        case .complete(let length) where length < input.byteCount:
          try decompress(input.extracting(0..<length), into: &output)
          return BlockEnding(trailingAt: length, trailingData)
        case .truncated:
          throw CodecError(
            .truncated, inputOffset: UInt64(input.byteCount), reason: "the input ends inside the block",
            native: error.native)
        case .corrupt(let offset): throw error.completed(codec: nil, inputOffset: UInt64(offset))
        case .complete: throw error.completed(codec: nil, inputOffset: 0)
        }
      }
    }

    private func decompress(_ block: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
      _ = unsafe try output.appendWritten { (room) throws(CodecError) in
        unsafe try SnappyBlock.decompress(block, into: room)
      }
    }
  }
}
