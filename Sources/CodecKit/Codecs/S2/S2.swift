// SPDX-License-Identifier: Apache-2.0

/// S2 streams: Snappy's framing with larger blocks, repeats and three levels, in pure Swift.
///
/// | level | names | |
/// |---|---|---|
/// | 1 | `fastest`, `fast`, `balanced` | one look at each place |
/// | 2 | `better` | long matches first |
/// | 3 | `smallest` | the cheapest way through each block |
///
/// Blocks are independent, each with its CRC-32C, so streams are written by several threads. Readers take S2 and Snappy
/// streams, also joined in any order.
///
/// ```swift
/// let packed = try S2.default.compress(bytes, .init { $0.level = .better })
/// let codec = S2 { $0.writesIndex = true; $0.padding = 4096 }
/// ```
public struct S2: Codec {
  /// Whether to write what plain Snappy readers understand: their identifier, blocks of at most 64 KiB, no repeats.
  /// Default: `false`.
  public var isSnappyCompatible = false
  /// Whether to store all blocks as they are. Default: `false`.
  public var storesOnly = false
  /// Whether to write a seek index behind the data, by which readers find their way to any position. Default: `false`.
  public var writesIndex = false
  /// Fills the stream up to a multiple of so many bytes, 1 (the default) to 4 MiB, with a chunk that readers pass over.
  public var padding = 1
  /// Chunks to write: right behind the stream identifier, or where their ``UserChunk/position`` says. Default: none.
  public var userChunks: [UserChunk] = []
  /// Whether a stream must begin with an identifier. Default: `true`. Set it to `false` to read from the middle of a
  /// stream on; blocks may have up to 4 MiB then.
  public var requiresIdentifier = true
  /// Whether checksums are compared when reading. Default: `true`.
  public var verifiesChecksums = true
  /// Is called with each chunk of a user kind that a reader comes to, in order. Default: `nil`, passes over them without
  /// keeping them in memory. The index is such a chunk; padding is not.
  public var userChunkHandler: (@Sendable (UserChunk) -> Void)?
  /// The index of the stream that a ``PartReader`` reads, kept apart from it. Default: `nil`, the one at its end.
  ///
  /// An index that does not fit to the stream is not used; one that fits is believed, even without
  /// ``DecompressionOptions/trustsIndex``.
  public var seekIndex: S2Index?

  /// The defaults.
  public init() {}

  /// The defaults, changed by a closure.
  public init(_ configure: (inout Self) -> Void) {
    configure(&self)
  }

  /// The codec with its default settings.
  public static let `default` = S2()

  static let id: CodecID = "s2"

  /// The levels: fast, better, best.
  static let levels = CompressionLevelScale(1...3, fastest: 1, fast: 1, balanced: 1, better: 2, smallest: 3)

  /// How hard a level tries.
  static func effort(_ level: CompressionLevel, codec: CodecID) throws(CodecError) -> S2BlockEncoder.Effort {
    S2BlockEncoder.Effort(rawValue: try levels.resolve(level, codec: codec)) ?? .fast
  }

  /// The legal block sizes.
  static let blockSizes = 4096...S2Format.maximumBlock

  /// `s2`: levels 1 to 3, a CRC-32C on every block.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: Self.id, summary: "S2, the faster and stronger snappy: three levels, seek index", suffixes: [".s2"],
      signatures: [.init(S2Format.identifier)], levels: Self.levels,
      capabilities: [
        .contentChecksum, .concatenation, .signature, .independentPieces, .dictionaryTraining,
      ],
      parameters: [
        .init("snappy", "yes: write streams that plain Snappy readers understand"),
        .init("index", "yes: write a seek index behind the data"),
        .init("pad", "fill the stream up to a multiple of so many bytes, up to 4 MiB"),
        .init("store", "yes: store all blocks as they are"),
      ])
  }

  /// Takes `snappy`, `index`, `pad` and `store`.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    var copy = self
    if let value = try parameters.takeSwitch("snappy") { copy.isSnappyCompatible = value }
    if let value = try parameters.takeSwitch("index") { copy.writesIndex = value }
    if let value = try parameters.takeByteCount("pad", in: Self.paddings) { copy.padding = value }
    if let value = try parameters.takeSwitch("store") { copy.storesOnly = value }
    return copy
  }

  private static let paddings = 1...(4 << 20)

  /// An engine that writes one stream.
  ///
  /// ``CompressionOptions/chunkSize`` is the size of a block, 4 KiB to 4 MiB, 1 MiB when not given. Streams for Snappy
  /// have blocks of at most 64 KiB; larger ones become 65,528 bytes.
  ///
  /// - Throws: ``CodecError`` with `levelOutOfRange` or `invalidOption`.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let effort = try Self.effort(options.level, codec: Self.id)
    guard options.dictionary == nil else { throw Self.dictionaryRefusal }
    guard Self.paddings.contains(padding) else {
      throw CodecError(.invalidOption, codec: Self.id, reason: "padding is to a multiple of 1 byte to 4 MiB")
    }
    for chunk in userChunks { try chunk.check() }
    let plan = S2StreamPlan(
      effort: storesOnly ? nil : effort, mode: isSnappyCompatible ? .snappy : .s2, blockSize: try blockSize(options),
      padding: padding, writesIndex: writesIndex, userChunks: userChunks)
    return try makeChunkedEngine(S2Assembler(plan), threads: options.threads)
  }

  /// An engine that reads S2 and Snappy streams, one or several joined.
  ///
  /// Blocks above ``DecompressionLimits/maximumWindowSize`` are refused with `limitExceeded`.
  ///
  /// - Throws: ``CodecError`` with `invalidOption` when a dictionary is given: only bare blocks (``S2Raw``) use them.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    guard options.dictionary == nil else { throw Self.dictionaryRefusal }
    let decoder = S2Decoder(
      S2ReadingRules(options, verifiesChecksums: verifiesChecksums), requiresIdentifier: requiresIdentifier,
      userChunkHandler)
    return makeParallelDecoder(decoder, options)
  }

  static let dictionaryRefusal = CodecError(
    .invalidOption, codec: id, reason: "s2 streams do not use dictionaries; bare blocks do (s2-raw)")

  /// Counts the chunks by kind, and shows the index, without decoding.
  public func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)? {
    S2Inspector()
  }

  /// A walker from chunk to chunk. Behind a damaged chunk header, it searches for the next chunk whose checksum is right.
  public func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)? {
    guard options.dictionary == nil else { throw Self.dictionaryRefusal }
    return SnappySalvageWalker(.s2)
  }

  /// Eight bytes for each block, and what stands before and behind them.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    guard count >= 0, let size = try? blockSize(options) else { return nil }
    let chunks = userChunks.reduce(0) { $0 + 4 + $1.bytes.count }
    let index = writesIndex ? S2Index.sizeBound(contentSize: count) : 0
    let padding = padding > 1 ? max(padding, 4) + padding : 0
    return S2Format.identifier.count + chunks + S2Packer.bound(count, blockSize: size) + index + padding
  }

  private func blockSize(_ options: CompressionOptions) throws(CodecError) -> Int {
    let size = options.chunkSize ?? 1 << 20
    guard Self.blockSizes.contains(size) else {
      throw CodecError(
        .invalidOption, codec: Self.id,
        reason: "a chunk of \(size) bytes is not possible: s2 has blocks of 4 KiB to 4 MiB")
    }
    // As the reference has it.
    return isSnappyCompatible && size > S2Format.maximumSnappyBlock ? S2Format.maximumSnappyBlock - 8 : size
  }
}

extension Codec where Self == S2 {
  /// S2 with its default settings.
  public static var s2: S2 { .default }
}
