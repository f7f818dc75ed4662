// SPDX-License-Identifier: Apache-2.0

/// gzip (RFC 1952): what every system reads.
///
/// The output of levels 0, 1 and 2 is one member. From level 3 on it is one member up to 8 MiB of input and members of
/// 8 MiB above, which every reader joins; ``Members/one`` asks for a single member instead. The same input and options
/// give the same bytes: the header carries no time and no name unless they are set here.
///
/// ```swift
/// let packed = try Gzip.default.compress(bytes.span.bytes)
/// ```
public struct Gzip: Codec {
  /// How many members to write.
  public enum Members: Hashable, Sendable {
    /// One, or as many as suit the level's library.
    case automatic
    /// One, whatever it costs; levels 10 to 12 cannot.
    case one
  }

  /// How many members to write. Default: ``Members/automatic``.
  public var members: Members = .automatic
  /// Which library compresses and decompresses. Default: ``DeflateLibrary/automatic``.
  public var library: DeflateLibrary = .automatic
  /// The name to store, without directories; Latin-1 only, see ``GzipHeader/canStore(_:)``. Default: `nil`, none.
  ///
  /// A name that cannot be stored, is empty or has a slash makes the engine throw `invalidOption`.
  public var fileName: String?
  /// The time of the last change to store, in seconds since 1970. Default: `nil`, none.
  ///
  /// The format has 32 bits for it: times before 1970 and after early 2106 are stored as none.
  public var modificationTime: Int64?
  /// The comment to store; Latin-1 only. Default: `nil`, none.
  public var comment: String?

  /// The codec with its defaults.
  public init() {}

  /// The codec with its defaults changed by a closure.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }

  /// The codec with its defaults.
  public static let `default` = Gzip()

  /// `gzip`: levels 0 to 12, CRC-32, members join.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "gzip", summary: "gzip (RFC 1952), read by every system", aliases: ["gz"], suffixes: [".gz"],
      signatures: [.init([0x1F, 0x8B])], levels: DeflatePlan.levels,
      capabilities: [.contentChecksum, .concatenation, .signature, .independentPieces],
      parameters: [
        .init("members", "auto, or one: a single member whatever the size (levels 0 to 9)"), Self.engineParameter,
      ])
  }

  static let engineParameter = CodecDescriptor.Parameter(
    "engine", "auto, isal (levels 1, 2), libdeflate or zlib (levels 1 to 9): the library that does the work")

  /// Takes `members` and `engine`.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    var copy = self
    if let members = try parameters.takeChoice("members", ["auto": Members.automatic, "one": .one]) {
      copy.members = members
    }
    if let library = try parameters.takeChoice("engine", DeflateLibrary.spellings) { copy.library = library }
    return copy
  }

  /// An engine that writes members.
  ///
  /// - Parameter options: level and ``CompressionOptions/chunkSize`` (64 KiB to 64 MiB) count. With a chunk size, every
  ///   level writes a member per chunk.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let id = descriptor.id
    let level = try DeflatePlan.levels.resolve(options.level, codec: id)
    try options.refuseDictionary(codec: id)
    let chunkSize = options.chunkSize
    if let chunkSize, !(64 << 10...64 << 20).contains(chunkSize) {
      throw CodecError(.invalidOption, codec: id, reason: "a chunk of gzip has 65536 to 67108864 bytes")
    }
    if members == .one, chunkSize != nil {
      throw CodecError(.invalidOption, codec: id, reason: "members=one leaves nothing to cut by a chunk size")
    }
    let plan =
      members == .one
      ? try DeflatePlan.streaming(level: level, library, codec: id)
      : try DeflatePlan.chunked(level: level, library, codec: id)
    let first = try firstHeader(level: level)
    if plan.streams, chunkSize == nil {
      return DeflateStreamEngine(try plan.makeDeflater(), .gzip(header: first))
    }
    return try makeChunkedEngine(
      GzipAssembler(
        plan, chunkSize: chunkSize ?? DeflatePlan.chunkSize, firstHeader: first,
        header: GzipHeader.encode(level: level, fileName: nil, comment: nil, modificationTime: 0)),
      threads: options.threads)
  }

  /// An engine that reads members, joined and padded.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    try options.refuseDictionary(codec: descriptor.id)
    let (library, id) = (library, descriptor.id)
    let decoder = try GzipDecoder(
      { () throws(CodecError) in try library.makeInflater(codec: id) },
      GzipFraming(requiresProvenEnd: options.requiresProvenEnd), trailingData: options.trailingData)
    return makeParallelDecoder(decoder, options)
  }

  /// An inspector that walks from member to member.
  public func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)? {
    GzipInspector(try library.makeInflater(codec: descriptor.id))
  }

  /// Stored blocks and the framing of all members.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    let members = count / max(1, options.chunkSize ?? DeflatePlan.chunkSize) + 1
    let texts = (fileName?.unicodeScalars.count ?? 0) + (comment?.unicodeScalars.count ?? 0) + 2
    return count + count / 1024 + members * 64 + texts
  }

  /// The header of the first member, which alone carries name, time and comment.
  func firstHeader(level: Int, extra: [UInt8] = []) throws(CodecError) -> [UInt8] {
    if let fileName, fileName.isEmpty || fileName.contains("/") || !GzipHeader.canStore(fileName) {
      throw refused("the name '\(fileName)' cannot be stored: it must be Latin-1, without slash, and not empty")
    }
    if let comment, !GzipHeader.canStore(comment) {
      throw refused("the comment cannot be stored: it must be Latin-1 and shorter than 64 KiB")
    }
    return GzipHeader.encode(
      level: level, fileName: fileName, comment: comment,
      modificationTime: modificationTime.flatMap { UInt32(exactly: $0) } ?? 0, extra: extra)
  }

  private func refused(_ reason: String) -> CodecError {
    CodecError(.invalidOption, codec: descriptor.id, reason: reason)
  }
}

extension Codec where Self == Gzip {
  /// gzip.
  public static var gzip: Gzip { .default }
}

extension DeflateLibrary {
  /// A decompressor of this library.
  func makeInflater(codec: CodecID) throws(CodecError) -> any RawInflater {
    switch self {
    case .automatic, .isal: try ISALInflater()
    case .zlib: try ZlibInflater()
    case .libdeflate:
      throw CodecError(
        .invalidOption, codec: codec, reason: "libdeflate reads whole buffers only, no streams: use isal or zlib")
    }
  }
}
