// SPDX-License-Identifier: Apache-2.0

/// Packs an archive again with another codec or level, so that its content stays what it is.
public import CodecKit

/// How an ``ArchiveRecompressor`` packs.
public struct RecompressionOptions: Sendable {
  /// What blocks are packed with. Default: zstd.
  public var codec: any Codec = Zstd.default
  /// The codec's level. Threads are those of the recompressor. Default: the codec's own.
  public var compression = CompressionOptions()
  /// How many threads decode and pack; 0 is one for each core. The bytes do not depend on it. Default: 1.
  public var threads = 1
  /// Where the bare forms of codecs are found. Default: the built-in codecs.
  public var registry = CodecRegistry.builtin

  /// The defaults.
  public init() {}

  /// The defaults, changed by `configure`.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }
}

/// How far a recompression is.
public struct RecompressionProgress: Hashable, Sendable {
  /// Bytes of the old archive that have been read.
  public let bytesRead: UInt64
  /// Bytes of the new one that have been written.
  public let bytesWritten: UInt64
}

/// Writes an archive again with another codec.
///
/// Every block is decoded and every chunk compared with its digest; blocks keep their chunks, and chunks and blocks of the
/// index their numbers and their order. So the contentRoot stays the same, and archives that build on this one stay valid.
/// The UUID stays too: it is the same archive in another form. Only an archive without any damage is taken.
public final class ArchiveRecompressor {
  /// What a worker needs.
  private final class Repacker {
    let unpacker: PayloadUnpacker
    let packer: PayloadPacker

    init(_ unpacker: PayloadUnpacker, _ packer: PayloadPacker) {
      self.unpacker = unpacker
      self.packer = packer
    }
  }

  /// A frame that waits for its turn.
  private enum Pending {
    case block(DataBlock, Deferred<ArchiveError?>)
    case index(FrameDescription, [UInt8], SHA256Digest)
    case checkpoint(FrameHeader, [UInt8])
    case ancestry(FrameDescription, [UInt8])
  }

  private let archive: ArchiveReader
  private let source: any ArchiveSource
  private let options: RecompressionOptions
  private let payload: PayloadCodec
  private let superblock: Superblock
  private let frames: FrameWriter
  private let workers: Workers<Repacker>
  private let inFlight: Int
  private let unpacker: PayloadUnpacker
  private let indexPacker: PayloadPacker
  private let progress: (RecompressionProgress) throws(ArchiveError) -> Void

  private var pending: [Pending] = []
  private var freeBlocks: [DataBlock] = []
  private var state = ArchiveWriterState()
  private var chunks: UInt64 = 0
  private var blockNumber: UInt64 = 0
  private var indexNumber: UInt64 = 0
  private var bytesRead: UInt64 = 0
  private var residence = Footer.Run()

  /// Prepares a recompression.
  ///
  /// - Parameters:
  ///   - archive: the archive.
  ///   - source: its bytes.
  ///   - output: gets the bytes of the new one.
  ///   - options: how to pack.
  ///   - progress: told from time to time how far it is; throws to give up.
  /// - Throws: ``ArchiveError`` with `invalidOption` for a codec that cannot be used, `unsupportedFeature` for an archive
  ///   that whoever changes it must understand better.
  public init(
    _ archive: ArchiveReader, _ source: any ArchiveSource, to output: any ArchiveOutput,
    _ options: RecompressionOptions = .init(),
    progress: @escaping (RecompressionProgress) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) throws(ArchiveError) {
    guard archive.recovery == nil else {
      throw ArchiveError(.truncated, "an archive without its end cannot be packed again")
    }
    guard !archive.own.isDetachedIndex else {
      throw ArchiveError(.invalidOption, "an index has no data that could be packed")
    }
    self.archive = archive
    self.source = source
    self.options = options
    self.progress = progress
    payload = try PayloadCodec(options.codec, options.registry)
    superblock = try Self.superblock(archive.summary.superblock, payload)
    frames = FrameWriter(output, tag: superblock.tag)
    let threads = ThreadCount.workers(options.threads)
    workers = Workers(limit: threads, label: "recompress")
    inFlight = threads + 2
    unpacker = PayloadUnpacker(archive.summary.superblock, archive.registry)
    indexPacker = PayloadPacker(
      payload.number == 0 ? .stored : try PayloadCodec(Zstd.default, options.registry), CompressionOptions())
  }

  private static func superblock(_ old: Superblock, _ payload: PayloadCodec) throws(ArchiveError) -> Superblock {
    guard old.mustUnderstandToWrite == 0 else {
      throw ArchiveError(.unsupportedFeature, "the archive has a feature that must be known to change it", offset: 20)
    }
    var superblock = old
    superblock.fields.removeAll { $0.type == Superblock.Field.codec }
    if let spec = payload.spec {
      superblock.fields.append(.init(Superblock.Field.codec, [payload.number] + Array(spec.utf8)))
    }
    return superblock
  }

  /// Writes the archive.
  ///
  /// - Returns: what the new archive says of itself.
  /// - Throws: what says that the old archive is damaged, what the codec reports, what the output throws. What was written
  ///   then is no archive.
  public func run() throws(ArchiveError) -> ArchiveSummary {
    guard archive.trailingBytes == 0 else {
      throw .corrupt("\(archive.trailingBytes) bytes follow the end of the archive", at: archive.summary.size)
    }
    try archive.checkContentRoot()
    try frames.write(bare: try superblock.encoded())
    try copyFrames()
    while !pending.isEmpty { try writeFirst() }
    return try finish()
  }

  // MARK: - Reading

  private func copyFrames() throws(ArchiveError) {
    var scanner = FrameScanner(source, tag: archive.summary.superblock.tag)
    var layout = SHA256()
    var number: UInt64 = 0
    while let item = try scanner.next() {
      switch item {
      case .frame(let frame):
        guard frame.header.number == number else {
          throw .corrupt("\(number) frames come before frame \(frame.header.number)", at: frame.header.offset)
        }
        number += 1
        layout.update(frame.header.bytes)
        bytesRead = frame.header.end
        try take(frame)
        try progress(RecompressionProgress(bytesRead: bytesRead, bytesWritten: frames.offset))
      case .unknown(let header):
        throw ArchiveError(
          .unsupportedFeature, "a frame of the unknown type \(header.kind) cannot be kept", offset: header.offset)
      case .damagedBody(_, let error), .damage(_, let error): throw error
      case .footer(let footer):
        guard footer == archive.summary.footer, number == footer.frames, layout.value == footer.layoutRoot else {
          throw ArchiveError(
            .checksumMismatch, "the frames are not those that the end speaks of", offset: footer.offset)
        }
        return
      }
    }
    throw ArchiveError(.truncated, "the archive has no end", offset: source.size)
  }

  private func take(_ frame: Frame) throws(ArchiveError) {
    switch frame.kind {
    case .data: try start(frame)
    case .tree, .map, .stamps:
      let record = try archive.index.record(indexNumber)
      let raw = try unpacker.unpack(frame)
      let digest = SHA256.hash(raw)
      guard record.offset == frame.header.offset, frame.header.first == indexNumber, record.digest == digest else {
        throw .corrupt("a block of the index is another than its table says", at: frame.header.offset)
      }
      indexNumber += 1
      let packed = try pack(frame.header, frame.kind, raw)
      try submit(.index(packed.description, packed.body, digest))
    case .checkpoint:
      let raw = try unpacker.unpack(frame)
      _ = try Checkpoint(raw, depth: superblock.depth)
      try submit(.checkpoint(frame.header, raw))
    case .ancestry, .residence, .note:
      // They speak of numbers alone, which stay.
      let raw = try unpacker.unpack(frame)
      if frame.kind == .ancestry {
        try submit(
          .ancestry(
            FrameDescription(kind: .ancestry, rawLength: raw.count, count: Int(frame.header.count), first: 0), raw))
      } else {
        let packed = try pack(frame.header, frame.kind, raw)
        try submit(.ancestry(packed.description, packed.body))
      }
    // These are made anew.
    case .directory, .ids, .blocks, .index, .superblockCopy: break
    }
  }

  /// Has a block decoded, checked and packed.
  private func start(_ frame: Frame) throws(ArchiveError) {
    let block = try DecodedBlock(frame)
    let record = try archive.blocks.record(blockNumber)
    guard record.offset == frame.header.offset, record.firstChunk == chunks, block.numbers.lowerBound == chunks else {
      throw .corrupt("a data block is another than the table says", at: frame.header.offset)
    }
    let ids = try archive.own.chunkIDs(block.numbers)
    chunks = block.numbers.upperBound
    blockNumber += 1
    let target = freeBlocks.popLast() ?? DataBlock()
    target.firstChunk = block.numbers.lowerBound
    let done = Deferred<ArchiveError?>()
    let (archive, payload, compression) = (archive, payload, options.compression)
    func makeRepacker() -> Repacker {
      Repacker(PayloadUnpacker(archive.summary.superblock, archive.registry), PayloadPacker(payload, compression))
    }
    workers.run(making: makeRepacker) { repacker in
      do throws(ArchiveError) {
        try Self.repack(block, ids, into: target, repacker)
        done.fulfil(nil)
      } catch {
        done.fulfil(error)
      }
    }
    try submit(.block(target, done))
  }

  private static func repack(
    _ block: DecodedBlock, _ ids: [SHA256Digest], into target: DataBlock, _ repacker: Repacker
  ) throws(ArchiveError) {
    try block.decode(repacker.unpacker)
    for index in block.chunks.indices {
      let chunk = block.chunks[index]
      guard chunk.id == ids[index], block.isSound(index) else {
        throw ArchiveError(
          .checksumMismatch, "chunk \(block.header.first + UInt64(index)) is not what its digest says",
          offset: block.header.offset)
      }
      block.withBytes(chunk.offset..<(chunk.offset + chunk.length)) { target.add($0, id: chunk.id) }
    }
    do throws(CodecError) { try target.pack(repacker.packer) } catch { throw ArchiveError(error) }
  }

  // MARK: - Writing

  private func pack(
    _ header: FrameHeader, _ kind: FrameKind, _ raw: [UInt8]
  ) throws(ArchiveError) -> (description: FrameDescription, body: [UInt8]) {
    var body = ByteBuffer()
    let packed: PackedPayload
    do throws(CodecError) { packed = try unsafe indexPacker.pack(raw.span.bytes, to: &body) } catch {
      throw ArchiveError(error)
    }
    let description = FrameDescription(
      kind: kind, codec: packed.codec, flags: header.flags, rawLength: raw.count, count: Int(header.count),
      first: header.first)
    return (description, body.bytes.array)
  }

  private func submit(_ frame: Pending) throws(ArchiveError) {
    pending.append(frame)
    while pending.count > inFlight { try writeFirst() }
  }

  private func writeFirst() throws(ArchiveError) {
    switch pending.removeFirst() {
    case .block(let block, let done):
      if let result = done.wait(), let error = result { throw error }
      let description = FrameDescription(
        kind: .data, codec: block.codec, rawLength: block.raw.count, count: block.chunks.count,
        first: block.firstChunk)
      state.wrote(
        block: try block.body.lend { (body: inout ByteBuffer) throws(ArchiveError) in
          try frames.write(description, body: body.bytes, checksum: block.checksum)
        })
      state.rawBytes += UInt64(block.raw.count)
      block.removeAll()
      freeBlocks.append(block)
    case .index(let description, let body, let digest):
      state.wrote(index: try frames.write(description, body: body), digest)
    case .checkpoint(let header, let raw):
      // Where the one before stands has changed; what it says of the archive has not.
      var writer = FieldWriter(capacity: raw.count)
      writer.fixed(state.lastCheckpoint)
      writer.raw(raw.dropFirst(writer.count))
      let packed = try pack(header, .checkpoint, writer.bytes)
      state.lastCheckpoint = try frames.write(packed.description, body: packed.body).offset
    case .ancestry(let description, let body):
      let header = try frames.write(description, body: body)
      guard description.kind == .residence else { return }
      if residence.length == 0 { residence.offset = header.offset }
      residence.length = header.end - residence.offset
    }
  }

  private func finish() throws(ArchiveError) -> ArchiveSummary {
    let old = archive.summary.footer
    guard chunks == archive.own.chunkCount, blockNumber == archive.blocks.count, indexNumber == archive.index.count
    else {
      throw .corrupt("the archive lacks blocks that its tables name", at: old.offset)
    }
    for leaf in archive.leaves where archive.own.holds(leaf.ordinal) {
      let place = try archive.own.place(leaf.ordinal, index: leaf.block)
      guard try archive.index.record(place).digest == leaf.digest else {
        throw .corrupt("a leaf of the tree is another than the directory says", at: old.offset)
      }
    }
    var ids: [SHA256Digest] = []
    ids.reserveCapacity(Int(clamping: chunks))
    for frame in 0..<archive.ids.frameCount {
      ids += try archive.ids.records(inFrame: frame, isKept: false).records
    }
    var footer = old
    footer.storedBytes = state.storedBytes
    footer.rawBytes = state.rawBytes
    footer.residence = residence
    try ArchiveTail(frames: frames, superblock: superblock).write(
      &footer, leaves: archive.leaves, ids: ids, blocks: state.blocks, index: state.index,
      residentIDs: archive.own.residentIDs
    ) { (kind: FrameKind, bytes: [UInt8], count: Int, first: UInt64) throws(ArchiveError) in
      var body = ByteBuffer()
      let packed: PackedPayload
      do throws(CodecError) { packed = try unsafe indexPacker.pack(bytes.span.bytes, to: &body) } catch {
        throw ArchiveError(error)
      }
      let frame = FrameDescription(
        kind: kind, codec: packed.codec, rawLength: bytes.count, count: count, first: first)
      return (frame, body.bytes.array)
    }
    guard footer.contentRoot == old.contentRoot else {
      throw ArchiveError(.checksumMismatch, "the content is not what the archive's root says", offset: old.offset)
    }
    return ArchiveSummary(superblock: superblock, footer: footer)
  }
}
