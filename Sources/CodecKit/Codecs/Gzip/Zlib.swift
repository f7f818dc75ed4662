// SPDX-License-Identifier: Apache-2.0

/// zlib (RFC 1950): one deflate stream with a two-byte header and an Adler-32.
///
/// From level 3 on, input of at most 8 MiB is compressed by libdeflate, longer input by zlib; levels 10 to 12 then
/// count as 9. The same input and options give the same bytes.
public struct Zlib: Codec {
  /// Which library compresses and decompresses. Default: ``DeflateLibrary/automatic``.
  public var library: DeflateLibrary = .automatic

  /// The codec with its defaults.
  public init() {}

  /// The codec with its defaults.
  public static let `default` = Zlib()

  /// `zlib`: levels 0 to 12, Adler-32, dictionaries.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "zlib", summary: "zlib (RFC 1950): deflate with header and Adler-32", suffixes: [".zz"],
      levels: DeflatePlan.levels, capabilities: [.contentChecksum, .dictionary],
      parameters: [Gzip.engineParameter])
  }

  /// Possible when the first two bytes pass the header test: too weak to be certain.
  public func recognizes(_ prefix: RawSpan) -> Recognition {
    ZlibFraming.mayBegin(prefix) ? .possible : .no
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
      level: level, dictionary: options.dictionary, codec: descriptor.id,
      .zlib(level: level, dictionary: options.dictionary))
  }

  /// An engine that reads one stream; it asks for its dictionary by `dictionaryRequired`.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    let engine = InflateEngine(
      try library.makeInflater(codec: descriptor.id), ZlibFraming(dictionary: options.dictionary),
      trailingData: options.trailingData)
    return makeParallelDecoder(engine, options)
  }

  /// Stored blocks and the framing.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? { count + count / 1024 + 1024 }
}

extension Codec where Self == Zlib {
  /// zlib.
  public static var zlib: Zlib { .default }
}

extension DeflateLibrary {
  /// An engine that writes one wrapped deflate stream.
  func makeStreamCompressionEngine(
    level: Int, dictionary: CodecDictionary?, codec: CodecID, _ wrapper: DeflateWrapper
  ) throws(CodecError) -> any StreamEngine {
    if let dictionary {
      // zlib is the one that takes a dictionary at every level that it has.
      guard self == .automatic || self == .zlib else {
        throw CodecError(.invalidOption, codec: codec, reason: "only zlib compresses with a dictionary")
      }
      let plan = try DeflatePlan.streaming(level: max(level, 1), .zlib, codec: codec)
      return DeflateStreamEngine(try plan.makeDeflater(dictionary: dictionary), wrapper)
    }
    if self == .automatic, level >= 3 {
      let plan = DeflatePlan.libdeflate(level: level)
      return GatheringDeflateEngine(
        try plan.makeBlockDeflater(), DeflateStreamEngine(try plan.makeDeflater(), wrapper), wrapper,
        limit: DeflatePlan.chunkSize)
    }
    let plan = try DeflatePlan.streaming(level: level, self, codec: codec)
    return DeflateStreamEngine(try plan.makeDeflater(), wrapper)
  }
}
