// SPDX-License-Identifier: Apache-2.0

/// QuickLZ in qpress archives: the `.qp` files that backup tools for MySQL and MariaDB write.
///
/// As a codec, an archive is a stream that holds one file. ``QuickLZArchiveReader`` reads archives with directories and
/// several files.
public struct QuickLZ: Codec {
  /// The name of the file in the archive: bytes, because names need not be text. Default: `stdin`.
  ///
  /// Restore tools put the file under this name into the folder of the archive.
  public var fileName: [UInt8]

  /// Makes the codec.
  ///
  /// - Parameter fileName: the name of the file in the archive.
  public init(fileName: [UInt8] = Array("stdin".utf8)) {
    self.fileName = fileName
  }

  static let levels = CompressionLevelScale(1...3, fastest: 1, fast: 1, balanced: 1, better: 3, smallest: 3)

  /// The sizes that blocks may have when they are written; readers of others refuse more.
  static let chunkSizes = 4096...32 << 20

  /// `quicklz`: levels 1 to 3, a checksum on every block.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "quicklz", summary: "QuickLZ in qpress archives, as MySQL and MariaDB backups use it", aliases: ["qpress"],
      suffixes: [".qp"], signatures: [.init(Array("qpress".utf8))], levels: Self.levels,
      capabilities: [.contentChecksum, .signature, .independentPieces, .fileName])
  }

  /// An engine that writes an archive with one file.
  ///
  /// ``CompressionOptions/chunkSize`` may be 4 KiB to 32 MiB; the default of 64 KiB is what every reader takes. Some
  /// readers take nothing but level 1, the default.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let level = try Self.levels.resolve(options.level, codec: "quicklz")
    try options.refuseDictionary(codec: "quicklz")
    guard QuickLZArchiveFormat.isStorable(fileName) else {
      throw CodecError(
        .invalidOption, codec: "quicklz",
        reason: "a name in an archive has 1 to 65535 bytes, no zero, and no part that is empty, '.' or '..'")
    }
    return try makeChunkedEngine(
      QuickLZArchiveAssembler(level: level, chunkSize: try chunkSize(options), fileName: fileName),
      threads: options.threads)
  }

  /// An engine that reads an archive with one file, under whatever name and in whatever directory.
  ///
  /// An archive without a file is `truncated`: its content is missing. A second file is `unsupportedFeature`, after the
  /// first was delivered.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    try options.refuseDictionary(codec: "quicklz")
    return makeParallelDecoder(
      QuickLZDecoder(limits: options.limits, trailingData: options.trailingData), options)
  }

  /// Walks from entry to entry and block to block, without decoding.
  public func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)? {
    QuickLZInspector()
  }

  /// A block may grow by 29 bytes; the bound has room to work in as well.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    guard let size = try? chunkSize(options) else { return nil }
    let (full, rest) = count.quotientAndRemainder(dividingBy: size)
    let framing = QuickLZArchiveFormat.headerSize + 6 + fileName.count + QuickLZArchiveFormat.trailerSize
    return framing + full * (29 + size) + QuickLZBlockPacker.bound(rest == 0 ? size : rest)
  }

  private func chunkSize(_ options: CompressionOptions) throws(CodecError) -> Int {
    let size = options.chunkSize ?? 64 << 10
    guard Self.chunkSizes.contains(size) else {
      throw CodecError(
        .invalidOption, codec: "quicklz",
        reason: "a chunk of \(size) bytes is not possible: quicklz has chunks of 4 KiB to 32 MiB")
    }
    return size
  }
}

extension QuickLZ {
  /// This codec, storing the name of a file; a path loses its folders.
  ///
  /// - Parameter metadata: the name. A name that cannot be stored is left out, and so is the time: the format has no field
  ///   for it.
  public func storing(_ metadata: ContentMetadata) -> any Codec {
    var copy = self
    if let name = metadata.fileName.flatMap(QuickLZArchiveFormat.lastComponent) { copy.fileName = name }
    return copy
  }

  /// The name of the first file, reduced to its last component.
  ///
  /// - Parameter prefix: the beginning of the stream; an entry that is longer gives nothing.
  public func storedMetadata(_ prefix: RawSpan) -> ContentMetadata? {
    var rest = prefix
    var place = QuickLZArchivePlace.start
    while case .known(let item, let length)? = try? QuickLZArchiveFormat.extent(of: rest, at: place, chunkSize: 0) {
      if case .file(let name) = item {
        return QuickLZArchiveFormat.lastComponent(name).map { ContentMetadata(fileName: $0) }
      }
      rest = rest.dropping(length)
      place = .entry
    }
    return nil
  }
}

extension Codec where Self == QuickLZ {
  /// QuickLZ in qpress archives, with a nameless file.
  public static var quicklz: QuickLZ { QuickLZ() }
}
