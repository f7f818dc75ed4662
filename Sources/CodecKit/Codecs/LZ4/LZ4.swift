// SPDX-License-Identifier: Apache-2.0

/// The LZ4 frame format, as the `lz4` tool writes it: very fast to compress, faster still to decompress.
///
/// ```swift
/// let packed = try LZ4().compress(bytes, .init { $0.level = .smallest })
/// ```
///
/// Written frames consist of independent blocks (4 MiB unless ``CompressionOptions/chunkSize`` says otherwise) with a
/// checksum over the content. All frames of the format are read: linked blocks, checksums, dictionaries, legacy and
/// skippable frames, in any number, one after the other.
public struct LZ4: Codec {
  /// Whether each block gets a checksum of its own, on top of the one over the content. Default: `false`.
  public var blockChecksums: Bool = false
  /// A dictionary number to write into the header, for readers that choose the dictionary by it. Default: `nil`, none.
  public var dictionaryID: UInt32? = nil

  /// Makes the codec with its default settings.
  public init() {}

  /// `lz4`: levels -65536 to 12, where negative ones trade size for speed and those from 3 speed for size.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "lz4", summary: "LZ4 frames: very fast both ways", suffixes: [".lz4"],
      signatures: [.init([0x04, 0x22, 0x4D, 0x18]), .init([0x02, 0x21, 0x4C, 0x18])],
      levels: Self.levels,
      capabilities: [
        .contentChecksum, .optionalChecksum, .contentSize, .dictionary, .concatenation, .signature, .independentPieces,
      ],
      parameters: [
        .init("blockchecksum", "yes or no: a checksum behind each block (default no)"),
        .init("dictid", "a number from 0 to 4294967295 to write as the dictionary's id (default none)"),
      ])
  }

  static let levels = CompressionLevelScale(-65536...12, fastest: -9, fast: 1, balanced: 1, better: 3, smallest: 12)

  /// Takes `blockchecksum` and `dictid`.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    var copy = self
    if let value = try parameters.takeSwitch("blockchecksum") { copy.blockChecksums = value }
    if let value = try parameters.takeInteger("dictid", in: 0...Int(UInt32.max)) {
      copy.dictionaryID = UInt32(truncatingIfNeeded: value)
    }
    return copy
  }

  /// Certain for a frame or a legacy frame; possible for a skippable frame, which may begin a zstd stream as well.
  public func recognizes(_ prefix: RawSpan) -> Recognition {
    guard prefix.byteCount >= 4 else { return .no }
    let magic = prefix.uint32(at: 0)
    if magic == LZ4Format.frameMagic || magic == LZ4Format.legacyMagic { return .certain }
    return LZ4Format.isMagic(magic) ? .possible : .no
  }

  /// An engine that writes one frame.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let level = try Self.levels.resolve(options.level, codec: "lz4")
    let assembler = LZ4FrameAssembler(header: try header(options), level: level, dictionary: options.dictionary)
    return try makeChunkedEngine(assembler, threads: options.threads)
  }

  /// An engine that reads frames of all kinds.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    makeParallelDecoder(try LZ4FrameDecoder(options), options)
  }

  /// Lists frames and counts blocks, without decoding.
  public func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)? {
    LZ4Inspector()
  }

  /// Each block may grow by four bytes, or eight with checksums; the bound has room to work in as well.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    guard let size = try? header(options).blockSize else { return nil }
    let (blocks, rest) = count.quotientAndRemainder(dividingBy: size)
    return 32 + blocks * (8 + LZ4Format.blockBound(size)) + 8 + LZ4Format.blockBound(rest)
  }

  private func header(_ options: CompressionOptions) throws(CodecError) -> LZ4FrameHeader {
    var header = LZ4FrameHeader()
    if let size = options.chunkSize {
      guard LZ4Format.blockSizes.contains(size) else {
        throw CodecError(
          .invalidOption, codec: "lz4",
          reason: "a chunk of \(size) bytes is not possible: lz4 has blocks of 64 KiB, 256 KiB, 1 MiB and 4 MiB")
      }
      header.blockSize = size
    } else if let size = options.contentSize {
      // A reader reserves by block size: content that is known to be small should not cost it 4 MiB.
      header.blockSize = LZ4Format.blockSizes.first { UInt64($0) >= size } ?? header.blockSize
    }
    header.hasBlockChecksums = blockChecksums
    header.hasContentChecksum = options.checksum
    header.contentSize = options.contentSize
    header.dictionaryID = dictionaryID
    return header
  }
}

extension Codec where Self == LZ4 {
  /// LZ4 frames.
  public static var lz4: LZ4 { LZ4() }
}
