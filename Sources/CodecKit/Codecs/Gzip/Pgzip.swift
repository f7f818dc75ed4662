// SPDX-License-Identifier: Apache-2.0

/// gzip written and read by several threads: files that every gzip reads, in a form that can be decoded in parallel.
///
/// Input of more than one chunk becomes members that tell their size in an extra field, closed by an empty end member:
/// readers that know the field decode the members in parallel, all others join them. Input of up to one chunk is written
/// as the codec gzip writes it. The same input and options give the same bytes, for any number of threads.
///
/// ```swift
/// let packed = try Pgzip.default.compress(bytes.span.bytes, .init { $0.threads = 0 })
/// ```
public struct Pgzip: Codec {
  /// What is written.
  public enum Form: Hashable, Sendable {
    /// Members that tell their size.
    case sizedMembers
    /// One member, for readers that stop after the first. It cannot be decoded in parallel, and levels 10 to 12 cannot
    /// write it.
    case oneMember
    /// Blocked gzip, as bgzip and htslib write and read it: members of 65,280 bytes of input, and an end block. It costs
    /// about 6 % of size, and cannot carry a name.
    case bgzf

    /// The spellings of `members` in spec strings.
    static let spellings: KeyValuePairs<String, Form> = ["auto": .sizedMembers, "one": .oneMember]
  }

  /// What is written. Default: ``Form/sizedMembers``.
  public var form: Form = .sizedMembers
  /// Whether the content decides where chunks end, so that a change of the input changes only the output near it, and
  /// `rsync` finds the rest again. Default: `false`.
  ///
  /// Chunks then have from a quarter to the double of the chunk size. Blocked gzip cannot be cut so.
  public var isRsyncable = false
  /// Which library compresses and decompresses. Default: ``DeflateLibrary/automatic``.
  public var library: DeflateLibrary = .automatic
  /// The name to store in the first member; as ``Gzip/fileName``.
  public var fileName: String?
  /// The time of the last change to store in the first member; as ``Gzip/modificationTime``.
  public var modificationTime: Int64?
  /// The comment to store in the first member; as ``Gzip/comment``.
  public var comment: String?

  /// How much input a chunk may take.
  static let chunkSizes = 64 << 10...16 << 20
  /// How much input a chunk takes unless told otherwise: cutting then costs less than half a per cent of size.
  static let defaultChunkSize = 1 << 20

  /// The codec with its defaults.
  public init() {}

  /// The codec with its defaults changed by a closure.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }

  /// The codec with its defaults.
  public static let `default` = Pgzip()

  /// `pgzip`: levels 0 to 12, CRC-32. Its files are found by the codec gzip.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "pgzip", summary: "gzip in members that are written and read in parallel", suffixes: [".gz"],
      levels: DeflatePlan.levels,
      capabilities: form == .oneMember
        ? [.contentChecksum, .concatenation] : [.contentChecksum, .concatenation, .independentPieces],
      parameters: [
        .init("members", "auto, or one: a single member for readers that stop after it (levels 0 to 9)"),
        .init("bgzf", "yes: blocks of 64 KiB as bgzip writes them"),
        .init("rsyncable", "yes: cut by content, so that a small change of the input stays one"), Gzip.engineParameter,
      ])
  }

  /// Takes `members`, `bgzf`, `rsyncable` and `engine`.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    var copy = self
    let members = try parameters.takeChoice("members", Form.spellings)
    if let members { copy.form = members }
    if let isBlocked = try parameters.takeSwitch("bgzf") {
      if isBlocked, members == .oneMember { throw refused("members=one and bgzf=yes exclude each other") }
      if isBlocked { copy.form = .bgzf } else if copy.form == .bgzf { copy.form = .sizedMembers }
    }
    if let isRsyncable = try parameters.takeSwitch("rsyncable") { copy.isRsyncable = isRsyncable }
    if let library = try parameters.takeChoice("engine", DeflateLibrary.spellings) { copy.library = library }
    try copy.checkForm()
    return copy
  }

  /// An engine that writes members.
  ///
  /// - Parameter options: level, threads and ``CompressionOptions/chunkSize`` (64 KiB to 16 MiB, default 1 MiB) count.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let id = descriptor.id
    let level = try DeflatePlan.levels.resolve(options.level, codec: id)
    try options.refuseDictionary(codec: id)
    try checkForm()
    let assembler: any ChunkAssembler
    if form == .bgzf {
      guard options.chunkSize == nil else { throw refused("the chunks of bgzf have 65280 bytes, no other size") }
      assembler = BlockedGzipAssembler(try .chunked(level: level, library, codec: id), level: level)
    } else {
      let chunkSize = options.chunkSize ?? Self.defaultChunkSize
      guard Self.chunkSizes.contains(chunkSize) else {
        throw refused("a chunk of pgzip has 65536 to 16777216 bytes")
      }
      let cutter = isRsyncable ? GearCutter(around: chunkSize, limit: Self.chunkSizes.upperBound) : nil
      // What fits one chunk is written as the codec gzip writes it.
      let whole = try WholeMember(.chunked(level: level, library, codec: id), header: gzip.firstHeader(level: level))
      assembler =
        form == .oneMember
        ? JoinedMemberAssembler(
          try .streaming(level: level, library, codec: id), whole, chunkSize: chunkSize, cutter: cutter)
        : SizedMemberAssembler(
          whole, chunkSize: chunkSize, cutter: cutter,
          firstHeader: try gzip.firstHeader(level: level, extra: SizedMemberAssembler.emptyField),
          header: GzipHeader.encode(
            level: level, fileName: nil, comment: nil, modificationTime: 0, extra: SizedMemberAssembler.emptyField))
    }
    return try makeChunkedEngine(assembler, threads: options.threads)
  }

  /// The engine of ``Gzip``: an engine that reads members of any kind.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    try options.refuseDictionary(codec: descriptor.id)
    return try gzip.makeDecompressionEngine(options)
  }

  /// The inspector of ``Gzip``.
  public func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)? {
    try gzip.makeInspector(options)
  }

  /// The walker of ``Gzip``.
  public func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)? {
    try options.refuseDictionary(codec: descriptor.id)
    return try gzip.makeSalvageWalker(options)
  }

  /// Stored blocks and the framing of all members.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    let size = form == .bgzf ? BlockedGzipAssembler.blockSize : max(1, options.chunkSize ?? Self.defaultChunkSize)
    let members = count / (isRsyncable ? max(1, size / 4) : size) + 2
    let texts = (fileName?.unicodeScalars.count ?? 0) + (comment?.unicodeScalars.count ?? 0) + 2
    return count + count / 1024 + members * 64 + texts
  }

  /// As ``Gzip/storing(_:)``; blocked gzip stores nothing.
  public func storing(_ metadata: ContentMetadata) -> any Codec {
    guard form != .bgzf, let stored = gzip.storing(metadata) as? Gzip else { return self }
    var copy = self
    copy.fileName = stored.fileName
    copy.modificationTime = stored.modificationTime
    return copy
  }

  /// As ``Gzip/storedMetadata(_:)``.
  public func storedMetadata(_ prefix: RawSpan) -> ContentMetadata? { gzip.storedMetadata(prefix) }

  /// The codec that reads these files, with the same header fields.
  private var gzip: Gzip {
    Gzip {
      $0.library = library
      $0.fileName = fileName
      $0.modificationTime = modificationTime
      $0.comment = comment
    }
  }

  private func checkForm() throws(CodecError) {
    guard form == .bgzf else { return }
    if isRsyncable { throw refused("bgzf has blocks of one size: it cannot be cut by content") }
    if fileName != nil || comment != nil || modificationTime != nil {
      throw refused("bgzf carries no name, time or comment: its readers expect none")
    }
  }

  private func refused(_ reason: String) -> CodecError {
    CodecError(.invalidOption, codec: descriptor.id, reason: reason)
  }
}

extension Codec where Self == Pgzip {
  /// Parallel gzip.
  public static var pgzip: Pgzip { .default }
}
