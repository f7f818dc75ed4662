// SPDX-License-Identifier: Apache-2.0

/// Moves into an archive what it needs of its ancestors, so that these can go.
public import CodecKit

/// How an ``ArchiveMerger`` works.
public struct MergeOptions: Sendable {
  /// What blocks are packed with that are not copied as they are. Default: zstd.
  public var codec: any Codec = Zstd.default
  /// The codec's level. Default: the codec's own.
  public var compression = CompressionOptions()
  /// Where the bare forms of codecs are found. Default: the built-in codecs.
  public var registry = CodecRegistry.builtin
  /// Whether identifiers come from what the archive says of itself, so that the same archives give the same bytes.
  /// Default: `false`.
  public var isReproducible = false
  /// Identifies the new archive: that of the increment, when it is to take its place. Default: a fresh one.
  public var uuid: ArchiveUUID?
  /// Fields of the superblock that take the place of the increment's of the same type. Default: none.
  public var fields: [Superblock.Field] = []

  /// The defaults.
  public init() {}

  /// The defaults, changed by `configure`.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }
}

/// How far a merge is, and in the end what became of it.
public struct MergeProgress: Hashable, Sendable {
  /// Blocks of ancestors that were copied as they are.
  public internal(set) var copiedBlocks: UInt64 = 0
  /// Blocks of ancestors of which only what is needed was packed again.
  public internal(set) var repackedBlocks: UInt64 = 0
  /// Stored bytes of data blocks that have been read.
  public internal(set) var bytesRead: UInt64 = 0
  /// Bytes of the new archive that have been written.
  public internal(set) var bytesWritten: UInt64 = 0
}

/// Writes an increment as an archive that needs no other.
///
/// What comes out is the increment with its ancestors moved in: the same tree, under the same contentRoot, so that
/// increments made upon it are restored from the new archive as they were from the old ones. It has a UUID of its own,
/// unless the options give it one.
/// Archives made upon one of the ancestors directly are not served by it.
public final class ArchiveMerger {
  private let archive: ArchiveReader
  private let frames: FrameWriter
  private let detached: DetachedIndexWriter?
  private let superblock: Superblock
  private let options: MergeOptions
  private let progress: (MergeProgress) throws(ArchiveError) -> Void
  private let indexPacker: PayloadPacker
  private let packer: PayloadPacker
  private let unpackers = UnpackerSet()

  private var state = MergeProgress()
  private var blocks: [BlockRecord] = []
  private var index: [IndexRecord] = []
  private var detachedResidence = Footer.Run()
  private var storedBytes: UInt64 = 0
  private var rawBytes: UInt64 = 0
  /// The number of the next chunk.
  private var chunk: UInt64 = 0
  /// Chunks that are being gathered into a block.
  private let gathered = DataBlock()

  /// Prepares a merge.
  ///
  /// - Parameters:
  ///   - archive: the increment, opened with its ancestors.
  ///   - output: gets the bytes of the new archive.
  ///   - index: gets those of its detached index; `nil` for none.
  ///   - options: how to pack.
  ///   - progress: told from time to time how far it is; throws to give up.
  /// - Throws: ``ArchiveError`` with `invalidOption` for an archive that has no ancestors, or a codec that cannot be used.
  public init(
    _ archive: ArchiveReader, to output: any ArchiveOutput, index: (any ArchiveOutput)? = nil,
    _ options: MergeOptions = .init(),
    progress: @escaping (MergeProgress) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) throws(ArchiveError) {
    guard archive.recovery == nil else {
      throw ArchiveError(.truncated, "an archive without its end cannot be merged")
    }
    guard archive.summary.superblock.depth > 0 else {
      throw ArchiveError(.invalidOption, "the archive is made upon no other: there is nothing to merge")
    }
    _ = try archive.holder(archive.own.depth)
    self.archive = archive
    self.options = options
    self.progress = progress
    let payload = try PayloadCodec(options.codec, options.registry)
    superblock = try Self.superblock(archive, payload, options)
    frames = FrameWriter(output, tag: superblock.tag)
    let description = superblock
    detached = try index.map { (output) throws(ArchiveError) in try DetachedIndexWriter(output, of: description) }
    packer = PayloadPacker(payload, options.compression)
    indexPacker = PayloadPacker(
      payload.number == 0 ? .stored : try PayloadCodec(Zstd.default, options.registry), CompressionOptions())
  }

  private static func superblock(
    _ archive: ArchiveReader, _ payload: PayloadCodec, _ options: MergeOptions
  ) throws(ArchiveError) -> Superblock {
    var superblock = archive.summary.superblock
    guard superblock.mustUnderstandToWrite == 0 else {
      throw ArchiveError(.unsupportedFeature, "the archive has a feature that must be known to change it", offset: 20)
    }
    superblock.parent = nil
    superblock.fields.removeAll { $0.type == Superblock.Field.codec }
    if let spec = payload.spec {
      superblock.fields.append(.init(Superblock.Field.codec, [payload.number] + Array(spec.utf8)))
    }
    for field in options.fields {
      superblock.fields.removeAll { $0.type == field.type }
      superblock.fields.append(field)
    }
    if options.isReproducible {
      let digest = SHA256.hash(try superblock.encoded())
      superblock.uuid = ArchiveUUID(high: digest.prefix, low: SHA256.hash(digest.bytes).prefix)
      superblock.tag = SHA256.hash(superblock.uuid.bytes).prefix
    } else {
      var generator = SystemRandomNumberGenerator()
      superblock.uuid = .random()
      superblock.tag = generator.next()
    }
    if let uuid = options.uuid { superblock.uuid = uuid }
    if superblock.tag == Footer.magicNumber { superblock.tag = ~superblock.tag }
    return superblock
  }

  /// Writes the archive.
  ///
  /// - Returns: what the new archive says of itself, and how it came about.
  /// - Throws: what says that an archive is missing or damaged, what the output throws. What was written then is no
  ///   archive.
  public func run() throws(ArchiveError) -> (summary: ArchiveSummary, result: MergeProgress) {
    let plan = try MergePlan(archive)
    try frames.write(bare: try superblock.encoded())
    let ancestry = Ancestry.encode(archive.ancestors)
    try frames.write(
      FrameDescription(kind: .ancestry, rawLength: ancestry.count, count: archive.ancestors.count, first: 0),
      body: ancestry)
    try detached?.write(ancestry: ancestry, count: archive.ancestors.count)
    let residence = try write(plan.residence)
    try writeIndex(plan)
    try writeData(plan)
    let old = archive.summary.footer
    var ids: [SHA256Digest] = []
    ids.reserveCapacity(Int(clamping: old.chunks))
    for frame in 0..<archive.ids.frameCount {
      ids += try archive.ids.records(inFrame: frame, isKept: false).records
    }
    var footer = old
    (footer.tag, footer.uuid) = (superblock.tag, superblock.uuid)
    (footer.storedBytes, footer.rawBytes, footer.residence) = (storedBytes, rawBytes, residence)
    var tables: [Table<SHA256Digest>] = []
    for ordinal in 0..<superblock.depth { tables.append(try archive.idTable(ordinal)) }
    func pack(
      _ kind: FrameKind, _ bytes: [UInt8], _ count: Int, _ first: UInt64
    ) throws(ArchiveError) -> (description: FrameDescription, body: [UInt8]) {
      try packed(kind, bytes, count: count, first: first)
    }
    try detached?.finish(
      footer, residence: detachedResidence, leaves: archive.leaves, ids: ids, residentIDs: tables, pack)
    try ArchiveTail(frames: frames, superblock: superblock).write(
      &footer, leaves: archive.leaves, ids: ids, blocks: blocks, index: index, residentIDs: tables, pack)
    guard footer.contentRoot == old.contentRoot else {
      throw ArchiveError(.checksumMismatch, "the content is not what the archive's root says", offset: old.offset)
    }
    state.bytesWritten = frames.offset
    return (ArchiveSummary(superblock: superblock, footer: footer), state)
  }

  // MARK: - Index

  private func packed(
    _ kind: FrameKind, _ raw: [UInt8], count: Int, first: UInt64
  ) throws(ArchiveError) -> (description: FrameDescription, body: [UInt8]) {
    var body = ByteBuffer()
    let packed: PackedPayload
    do throws(CodecError) { packed = try unsafe indexPacker.pack(raw.span.bytes, to: &body) } catch {
      throw ArchiveError(error)
    }
    return (
      FrameDescription(kind: kind, codec: packed.codec, rawLength: raw.count, count: count, first: first),
      body.bytes.array
    )
  }

  private func write(_ residence: Residence) throws(ArchiveError) -> Footer.Run {
    let start = frames.offset
    let raw = residence.encoded()
    var first = 0
    while first < raw.count {
      let part = Array(raw[first..<min(first + 4 << 20, raw.count)])
      let frame = try packed(.residence, part, count: residence.members.count, first: UInt64(first))
      try frames.write(frame.description, body: frame.body)
      if let run = try detached?.write(residence: frame.description, body: frame.body) {
        if first == 0 { detachedResidence.offset = run.offset }
        detachedResidence.length += run.length
      }
      first += part.count
    }
    return Footer.Run(offset: start, length: frames.offset - start)
  }

  /// Writes all blocks of the archive's own index, then those of its ancestors that are needed.
  private func writeIndex(_ plan: MergePlan) throws(ArchiveError) {
    for number in 0..<archive.own.ownIndexBlocks { try copyIndex(archive.own.depth, number) }
    for (ordinal, member) in plan.residence.members.enumerated() {
      for run in member.index {
        for number in run.first..<(run.first + run.count) { try copyIndex(UInt32(ordinal), number) }
      }
    }
  }

  private func copyIndex(_ ordinal: UInt32, _ number: UInt64) throws(ArchiveError) {
    let member = try archive.member(ordinal)
    let record = try member.index.record(try member.place(ordinal, index: number))
    let kind = try member.frames.header(at: record.offset).checkedKind()
    guard let kind, kind.isIndexBlock else {
      throw ArchiveError.corrupt("a block of the index is another than its table says", at: record.offset)
        .inside(member.name)
    }
    let block = try member.indexBlock(ordinal, number, kind, digest: record.digest)
    var frame = try packed(kind, block.raw, count: Int(block.header.count), first: UInt64(index.count))
    frame.description.flags = block.header.flags
    let header = try frames.write(frame.description, body: frame.body)
    try detached?.write(frame.description, body: frame.body, digest: record.digest)
    index.append(
      IndexRecord(
        offset: header.offset, storedLength: header.storedLength, rawLength: header.rawLength, digest: record.digest))
  }

  // MARK: - Data

  private func writeData(_ plan: MergePlan) throws(ArchiveError) {
    let own = archive.own
    for number in 0..<own.blocks.count {
      let record = try own.blocks.record(number)
      guard record.firstChunk < own.ids.count else { break }
      try copy(record, of: own)
    }
    for member in plan.blocks {
      for needed in member {
        let holder = try archive.holder(needed.holder)
        if needed.isWhole {
          try flush()
          try copy(needed.record, of: holder)
          state.copiedBlocks += 1
        } else {
          try gather(needed, of: holder)
          state.repackedBlocks += 1
        }
      }
      // Blocks hold chunks of one archive.
      try flush()
    }
    guard chunk == plan.residence.chunks else { throw .corrupt("blocks have other chunks than their tables say") }
  }

  private func open(
    _ record: BlockRecord, of member: ChainMember
  ) throws(ArchiveError) -> (block: DecodedBlock, frame: Frame) {
    do throws(ArchiveError) {
      let frame = try member.frames.frame(at: record.offset, .data, storedLength: record.storedLength)
      let block = try DecodedBlock(frame)
      guard frame.header.first == record.firstChunk, block.numbers.upperBound <= member.chunkCount,
        try member.chunkIDs(block.numbers) == block.chunks.map(\.id)
      else { throw .corrupt("a data block has other chunks than the tables say", at: record.offset) }
      state.bytesRead += UInt64(FrameHeader.size) + UInt64(record.storedLength)
      return (block, frame)
    } catch {
      throw error.inside(member.name)
    }
  }

  /// Writes a block as it is stored.
  private func copy(_ record: BlockRecord, of member: ChainMember) throws(ArchiveError) {
    let (block, frame) = try open(record, of: member)
    let header = frame.header
    if header.codec >= PayloadCodec.firstNamedNumber, !namesCodecsLike(member) {
      try decode(block, of: member)
      for index in block.chunks.indices { add(block, index) }
      return try flush()
    }
    try write(
      FrameDescription(
        kind: .data, codec: header.codec, flags: header.flags, rawLength: Int(header.rawLength),
        count: Int(header.count), first: chunk), chunks: block.chunks.count
    ) { (description) throws(ArchiveError) in try frames.write(description, body: frame.body) }
  }

  private func namesCodecsLike(_ member: ChainMember) -> Bool {
    func names(_ superblock: Superblock) -> [Superblock.Field] {
      superblock.fields.filter { $0.type == Superblock.Field.codec }
    }
    return names(member.summary.superblock) == names(superblock)
  }

  private func decode(_ block: DecodedBlock, of member: ChainMember) throws(ArchiveError) {
    do throws(ArchiveError) {
      try block.decode(unpackers.unpacker(for: member.superblock, member.registry))
      for index in block.chunks.indices where !block.isSound(index) {
        throw ArchiveError(
          .checksumMismatch, "chunk \(block.header.first + UInt64(index)) is not what its digest says",
          offset: block.header.offset)
      }
    } catch {
      throw error.inside(member.name)
    }
  }

  /// Takes what is needed of a block.
  private func gather(_ needed: MergePlan.Block, of member: ChainMember) throws(ArchiveError) {
    let (block, _) = try open(needed.record, of: member)
    try decode(block, of: member)
    for range in needed.chunks {
      for number in range {
        let index = Int(number - block.numbers.lowerBound)
        let target = min(max(Int(superblock.blockTarget), 64 << 10), FrameHeader.maximumDataLength)
        let length = gathered.raw.count + block.chunks[index].length
        if !gathered.chunks.isEmpty, length > target || gathered.chunks.count == FrameHeader.maximumChunks {
          try flush()
        }
        add(block, index)
      }
    }
  }

  private func add(_ block: DecodedBlock, _ index: Int) {
    let chunk = block.chunks[index]
    block.withBytes(chunk.offset..<(chunk.offset + chunk.length)) { gathered.add($0, id: chunk.id) }
  }

  /// Writes what has been gathered.
  private func flush() throws(ArchiveError) {
    guard !gathered.chunks.isEmpty else { return }
    do throws(CodecError) { try gathered.pack(packer) } catch { throw ArchiveError(error) }
    let description = FrameDescription(
      kind: .data, codec: gathered.codec, rawLength: gathered.raw.count, count: gathered.chunks.count, first: chunk)
    let block = gathered
    try write(description, chunks: block.chunks.count) { (description) throws(ArchiveError) in
      try block.body.lend { (body: inout ByteBuffer) throws(ArchiveError) in
        try frames.write(description, body: body.bytes, checksum: block.checksum)
      }
    }
    gathered.removeAll()
  }

  private func write(
    _ description: FrameDescription, chunks: Int, _ body: (FrameDescription) throws(ArchiveError) -> FrameHeader
  ) throws(ArchiveError) {
    let header = try body(description)
    blocks.append(
      BlockRecord(
        offset: header.offset, firstChunk: chunk, storedLength: header.storedLength, rawLength: header.rawLength))
    storedBytes += UInt64(header.storedLength)
    rawBytes += UInt64(header.rawLength)
    chunk += UInt64(chunks)
    state.bytesWritten = frames.offset
    try progress(state)
  }
}
