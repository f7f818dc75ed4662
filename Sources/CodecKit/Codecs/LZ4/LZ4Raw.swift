// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// A bare LZ4 block, without frame, size or checksum: what database formats and protocols embed.
///
/// The whole block is kept in memory. The size of the content is not part of a block and must be given to decode one:
/// `lz4-raw:size=65536`. Nothing but that size protects the content; prefer ``LZ4`` wherever there is a choice.
public struct LZ4Raw: Codec {
  /// The exact size of the content in bytes, needed to decode. Default: `nil`.
  public var contentSize: Int?

  /// The most content that a block may have here: 1 GiB, compressing and decompressing.
  public static let maximumContentSize = 1 << 30

  /// Makes the codec.
  ///
  /// - Parameter contentSize: the exact size of the content in bytes, needed to decode.
  public init(contentSize: Int? = nil) {
    self.contentSize = contentSize
  }

  /// `lz4-raw`: the levels of `lz4`; no signature, no checksum.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "lz4-raw", summary: "bare LZ4 blocks, kept in memory as a whole", levels: LZ4.levels,
      capabilities: [.dictionary],
      parameters: [.init("size", "the exact size of the content in bytes, needed to decompress")])
  }

  /// Takes `size`.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    LZ4Raw(contentSize: try parameters.takeByteCount("size", in: 0...Self.maximumContentSize) ?? contentSize)
  }

  /// An engine that gathers everything, up to ``maximumContentSize``, and compresses it at the end.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let level = try LZ4.levels.resolve(options.level, codec: "lz4-raw")
    return WholeBlockEngine(Packer(try LZ4BlockCompressor(level: level, dictionary: options.dictionary)))
  }

  /// An engine that gathers a whole block and decodes it at the end.
  ///
  /// - Throws: ``CodecError`` with `invalidOption` when the size is not set, and with `limitExceeded` when it is above
  ///   ``DecompressionLimits/maximumWindowSize``.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    guard let contentSize, (0...Self.maximumContentSize).contains(contentSize) else {
      throw CodecError(
        .invalidOption, codec: "lz4-raw",
        reason: "a bare lz4 block does not tell its size: give it as in lz4-raw:size=65536 (at most 1 GiB)")
    }
    guard contentSize <= options.limits.maximumWindowSize else {
      throw CodecError(
        .limitExceeded, codec: "lz4-raw",
        reason: "the block holds \(contentSize) bytes; the limit is \(options.limits.maximumWindowSize)")
    }
    return WholeBlockEngine(Unpacker(contentSize: contentSize, dictionary: try options.dictionary.map(Self.content)))
  }

  /// The worst case of the format.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? { LZ4Format.blockBound(count) }

  private static func content(of dictionary: CodecDictionary) throws(CodecError) -> LZ4DictionaryContent {
    try LZ4DictionaryContent.of(dictionary)
  }

  private final class Packer: BlockTransform {
    private let compressor: LZ4BlockCompressor

    init(_ compressor: LZ4BlockCompressor) { self.compressor = compressor }

    var maximumInputSize: Int { LZ4Raw.maximumContentSize }

    func tooMuchInput() -> CodecError {
      CodecError(.limitExceeded, reason: "a bare lz4 block holds at most 1 GiB")
    }

    func check(_ beginning: RawSpan) {}

    func room(for input: RawSpan) -> Int { LZ4Format.blockBound(input.byteCount) }

    func transform(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> BlockEnding {
      _ = unsafe try output.appendWritten { (room) throws(CodecError) in
        let size = unsafe compressor.compress(input, into: room)
        guard size > 0 else { throw CodecError(.internalInconsistency, reason: "liblz4 could not compress a block") }
        return size
      }
      return .clean
    }
  }

  private final class Unpacker: BlockTransform {
    private let contentSize: Int
    private let dictionary: LZ4DictionaryContent?

    init(contentSize: Int, dictionary: LZ4DictionaryContent?) {
      self.contentSize = contentSize
      self.dictionary = dictionary
    }

    /// No encoder makes a block larger than the bound.
    var maximumInputSize: Int { LZ4Format.blockBound(contentSize) }

    func tooMuchInput() -> CodecError {
      CodecError(
        .corrupt, inputOffset: UInt64(maximumInputSize),
        reason: "the block is larger than any that holds \(contentSize) bytes")
    }

    func check(_ beginning: RawSpan) {}

    func room(for input: RawSpan) throws(CodecError) -> Int {
      guard !input.isEmpty else { throw CodecError(.truncated, inputOffset: 0, reason: "the input is empty") }
      // A byte adds at most 255 to a length.
      guard contentSize <= input.byteCount * 255 else {
        throw CodecError(
          .truncated, inputOffset: UInt64(input.byteCount),
          reason: "\(input.byteCount) bytes cannot hold the \(contentSize) bytes that were declared")
      }
      // One byte more than is declared: a block that holds more must not pass for one that holds exactly that.
      return contentSize + 1
    }

    func transform(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> BlockEnding {
      // What throws delivers nothing, wherever the content would have gone.
      _ = unsafe try output.appendWritten { (room) throws(CodecError) in
        let status = unsafe input.withUnsafeBytes {
          Int(
            unsafe ck_lz4_decompress(
              $0.baseAddress, Int32(clamping: $0.count), room.baseAddress, Int32(clamping: contentSize + 1),
              dictionary?.memory.baseAddress, Int32(dictionary?.count ?? 0)))
        }
        guard status >= 0 else {
          throw CodecError(
            .corrupt, inputOffset: UInt64(-1 - status),
            reason:
              "the block does not decode: a match or a length in it is not possible, or it holds more than declared",
            native: .init(number: status, name: "LZ4_decompress_safe"))
        }
        guard status == contentSize else {
          throw CodecError(
            .contentSizeMismatch, inputOffset: UInt64(input.byteCount),
            reason: "the block holds \(status) bytes, not the \(contentSize) that were declared")
        }
        return status
      }
      return .clean
    }
  }
}
