// SPDX-License-Identifier: Apache-2.0

/// Raw deflate (RFC 1951): the bare stream inside gzip, zlib and zip, without header and without checksum.
///
/// Nothing protects the content: damage may go unseen. Libraries are chosen as for ``Zlib``.
public struct RawDeflate: Codec {
  /// Which library compresses and decompresses. Default: ``DeflateLibrary/automatic``.
  public var library: DeflateLibrary = .automatic

  /// The codec with its defaults.
  public init() {}

  /// The codec with its defaults.
  public static let `default` = RawDeflate()

  /// `deflate`: levels 0 to 12, no signature, no checksum, dictionaries.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "deflate", summary: "raw deflate (RFC 1951), without header and checksum", suffixes: [".deflate"],
      levels: DeflatePlan.levels, capabilities: [.dictionary], parameters: [Gzip.engineParameter])
  }

  /// Takes `engine`.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    var copy = self
    if let library = try parameters.takeChoice("engine", DeflateLibrary.spellings) { copy.library = library }
    return copy
  }

  /// An engine that writes one stream. Level and dictionary count; with a dictionary, zlib compresses (levels 1 to 9).
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let level = try DeflatePlan.levels.resolve(options.level, codec: descriptor.id)
    return try library.makeStreamCompressionEngine(
      level: level, dictionary: options.dictionary, codec: descriptor.id, .raw)
  }

  /// An engine that reads one stream.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    let engine = InflateEngine(
      try library.makeInflater(codec: descriptor.id), RawDeflateFraming(dictionary: options.dictionary),
      trailingData: options.trailingData)
    return makeParallelDecoder(engine, options)
  }

  /// Stored blocks.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? { count + count / 1024 + 1024 }
}

extension Codec where Self == RawDeflate {
  /// Raw deflate.
  public static var deflate: RawDeflate { .default }
}
