// SPDX-License-Identifier: Apache-2.0

/// Snappy's framing format: pieces of up to 64 KiB, each with its checksum.
///
/// A stream has no end mark and no checksum over the whole: one that is cut between two chunks cannot be told from one
/// that ends there.
public struct Snappy: Codec {
  /// Makes the codec; it has no settings.
  public init() {}

  /// `snappy`: one level, a CRC-32C on every piece.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "snappy", summary: "snappy framing format: fast, no levels", aliases: ["sz"], suffixes: [".sz"],
      signatures: [.init(SnappyFormat.identifier)],
      capabilities: [.contentChecksum, .concatenation, .signature, .independentPieces])
  }

  /// An engine that writes one stream.
  ///
  /// ``CompressionOptions/chunkSize`` may be 4 KiB to 64 KiB, the default.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    _ = try descriptor.levels.resolve(options.level, codec: "snappy")
    try options.refuseDictionary(codec: "snappy")
    return try makeChunkedEngine(SnappyAssembler(pieceSize: try pieceSize(options)), threads: options.threads)
  }

  /// An engine that reads one stream, or several joined.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    try options.refuseDictionary(codec: "snappy")
    return makeParallelDecoder(SnappyDecoder(), options)
  }

  /// Counts the chunks by kind, without decoding.
  public func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)? {
    SnappyInspector()
  }

  /// Each piece may grow by eight bytes; the bound has room to work in as well.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    guard let size = try? pieceSize(options) else { return nil }
    return SnappyFormat.identifier.count + SnappyPacker(pieceSize: size).packedBound(count)
  }

  private func pieceSize(_ options: CompressionOptions) throws(CodecError) -> Int {
    let size = options.chunkSize ?? SnappyFormat.maximumPiece
    guard (4096...SnappyFormat.maximumPiece).contains(size) else {
      throw CodecError(
        .invalidOption, codec: "snappy",
        reason: "a chunk of \(size) bytes is not possible: snappy has pieces of 4 KiB to 64 KiB")
    }
    return size
  }
}

extension Codec where Self == Snappy {
  /// Snappy's framing format.
  public static var snappy: Snappy { Snappy() }
}
