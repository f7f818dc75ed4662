// SPDX-License-Identifier: Apache-2.0

/// Zstandard (RFC 8878), by libzstd.
///
/// Input up to one frame becomes a plain frame. Longer input is cut into independent frames that can be compressed and
/// decompressed in parallel, followed by the seekable-format table in a skippable frame, which every zstd decoder
/// passes over. The frame size is ``CompressionOptions/chunkSize``, or by level:
///
/// | levels | frame size |
/// |---|---|
/// | up to 6 | 4 MiB |
/// | 7 to 9 | 8 MiB |
/// | 10 to 15 | 16 MiB |
/// | 16 to 19 | 32 MiB |
/// | 20 to 22 | one frame, unless a chunk size is given |
///
/// A window larger than a frame (``windowLog``, ``longDistanceMatching``) also makes one frame, unless a chunk size is
/// given.
///
/// ```swift
/// let packed = try Zstd.default.compress(bytes, .init { $0.level = .better })
/// let codec = Zstd { $0.longDistanceMatching = true }
/// ```
public struct Zstd: Codec, Hashable {
  /// How input is divided into frames.
  public enum Framing: Hashable, Sendable {
    /// Independent frames with a table, as far as level and window leave it sensible.
    case automatic
    /// One frame for everything, as the `zstd` tool writes it; ``CompressionOptions/chunkSize`` goes before it.
    case single
  }

  /// How matches are searched: the library's strategies, from fast to thorough.
  public enum Strategy: Int, Hashable, Sendable, CaseIterable {
    /// One hash table.
    case fast = 1
    /// Two hash tables, for short and long matches.
    case dfast
    /// Chains or rows, first match.
    case greedy
    /// Chains or rows, looking one byte ahead.
    case lazy
    /// Chains or rows, looking two bytes ahead.
    case lazy2
    /// A binary tree, looking ahead.
    case btlazy2
    /// Optimal parsing.
    case btopt
    /// Optimal parsing with better statistics.
    case btultra
    /// Optimal parsing in two passes.
    case btultra2
  }

  /// How input is divided into frames. Default: ``Framing/automatic``.
  public var framing: Framing = .automatic
  /// The window as a power of two, from 10 (1 KiB) to 31 (2 GiB). Default: `nil`, by level and content size; 27 with
  /// long-distance matching. A decoder needs that much memory, and refuses more than its limit, 27 by default.
  public var windowLog: Int? = nil
  /// Whether to look for repeats across the whole window, at some cost in time. Default: `false`. Worth it on data with
  /// repeats farther apart than a level's own window.
  public var longDistanceMatching = false
  /// Whether frames carry the size of their content when it is known. Default: `true`.
  public var writesContentSize = true
  /// How to search for matches. Default: `nil`, by level.
  public var strategy: Strategy? = nil

  /// What tests can reach: see ``ZstdSeam``.
  var seam = ZstdSeam()

  /// The defaults.
  public init() {}

  /// The defaults, changed by a closure.
  public init(_ configure: (inout Self) -> Void) {
    configure(&self)
  }

  /// The codec with its default settings.
  public static let `default` = Zstd()

  static let id: CodecID = "zstd"

  /// The levels: -7 to 22, default 3. Level 0 is the library's other name for its default level. Negative levels trade
  /// ratio for speed, 20 and above need much memory on both sides.
  static let levels = CompressionLevelScale(-7...22, fastest: -5, fast: 1, balanced: 3, better: 9, smallest: 19)

  /// `zstd`: levels -7 to 22, checksums, content sizes, dictionaries, joined frames.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: Self.id, summary: "Zstandard: fast, strong, and parallel in both directions", aliases: ["zst"],
      suffixes: [".zst"], signatures: [.init(ZstdFormat.magicBytes)], levels: Self.levels,
      capabilities: [
        .contentChecksum, .optionalChecksum, .contentSize, .dictionary, .dictionaryTraining, .concatenation,
        .signature, .independentPieces,
      ],
      parameters: Self.parameters)
  }

  /// An engine that writes frames.
  ///
  /// - Parameter options: level, chunk size (128 KiB to 1 GiB), checksum, content size and dictionary are used.
  /// - Returns: the engine.
  /// - Throws: ``CodecError`` with `levelOutOfRange`, `invalidOption` or `outOfMemory`.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let plan = try ZstdPlan(self, options)
    if plan.frameSize == nil { return try ZstdStreamEncoder(plan) }
    return try makeChunkedEngine(ZstdFrameAssembler(plan), threads: options.threads)
  }

  /// An engine that reads any zstd stream: joined frames, skippable frames, with or without sizes and checksums.
  ///
  /// - Parameter options: threads, window limit, dictionary, and what to do with bytes after the end are used.
  /// - Returns: the engine.
  /// - Throws: ``CodecError`` with `invalidOption` for a damaged dictionary, or `outOfMemory`.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    makeParallelDecoder(try ZstdDecoder(options), options)
  }

  /// Certain for a zstd frame, also behind skippable frames that lie in the prefix; possible for skippable frames of
  /// which the end is not seen, because lz4 has the same.
  public func recognizes(_ prefix: RawSpan) -> Recognition {
    var offset = 0
    while prefix.byteCount - offset >= 4 {
      let magic = prefix.uint32(at: offset)
      if magic == ZstdFormat.magic { return .certain }
      guard ZstdFormat.isSkippable(magic) else { return .no }
      guard prefix.byteCount - offset >= 8 else { return .possible }
      let size = Int(prefix.uint32(at: offset + 4))
      guard size <= prefix.byteCount - offset - 8 else { return .possible }
      offset += 8 + size
    }
    return offset > 0 ? .possible : .no
  }

  /// An inspector that walks frames and blocks by their headers.
  public func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)? {
    ZstdInspector(options)
  }

  /// The bound of all frames and the table; exact in its worst case.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    guard count >= 0, let plan = try? ZstdPlan(self, options) else { return nil }
    return plan.bound(count)
  }
}

extension Codec where Self == Zstd {
  /// Zstandard with its default settings.
  public static var zstd: Zstd { .default }
}
