// SPDX-License-Identifier: Apache-2.0

/// Writes archives: entries and their bytes go in, in the order of the tree, and frames come out.
internal import CodecKit

/// Writes one archive.
///
/// ```swift
/// let writer = try ArchiveWriter(to: output, .init { $0.threads = 0 })
/// try writer.add(directory)
/// try writer.beginFile(file)
/// try writer.append(rule) { (room) throws(ArchiveError) in try source.read(into: &room) }
/// try writer.endFile(file)
/// let summary = try writer.finish()
/// ```
///
/// Entries must come in the order of ``EntryPath/precedes(_:_:)``. What is given is cut into chunks on the caller's
/// thread, hashed and packed by workers, and written on the caller's thread again, in the order given: the bytes do not
/// depend on the number of threads.
///
/// After a call has thrown, the writer must be dropped: without a footer what was written is no complete archive.
public final class ArchiveWriter {
  let options: ArchiveWriterOptions
  let superblock: Superblock
  let frames: FrameWriter
  /// Events that a segment holds, however few bytes it has.
  private static let segmentEvents = 2048

  private let payload: PayloadCodec
  private let workers: Workers<PayloadPacker>?
  private let inFlight: Int
  /// Packs index blocks, and with one thread everything.
  private let packer: PayloadPacker
  private let indexPacker: PayloadPacker

  // Input, cut but not yet hashed.
  private var segment = Segment()
  private var hashing: [(segment: Segment, done: Deferred<Void>?)] = []
  private var freeSegments: [Segment] = []
  private var cutting = Cutting(.whole, .standard, limit: 1 << 20)

  // Chunks, entries and blocks in order.
  var table = ChunkTable()
  var file: FileInProgress?
  private var block = DataBlock()
  private var freeBlocks: [DataBlock] = []
  private var tree: TreeBuilder
  private var pending: [PendingFrame] = []
  private var links = LinkedFiles()
  /// Whether leaves end where the caller says.
  private let followsLeaves: Bool

  // What the parent has.
  var parentTree: ParentTree?
  /// What an interrupted attempt has left, and its tree.
  let unfinished: UnfinishedArchive?
  var unfinishedTree: ParentTree?
  var parentChunks: ParentChunks?
  private let index: DetachedIndexWriter?

  private var isCheckpointDue = false
  var state = ArchiveWriterState()
  /// The tree as long as entries come in any order.
  var unsorted: UnsortedTree?

  /// Starts an archive.
  ///
  /// - Parameters:
  ///   - output: gets the bytes.
  ///   - index: gets a detached index: all that an archive with this one as its parent needs of it. Default: nobody.
  ///   - options: how to write.
  /// - Throws: ``ArchiveError`` with `invalidOption`, what the output throws, or what is wrong with the parent.
  public convenience init(
    to output: any ArchiveOutput, index: (any ArchiveOutput)? = nil, _ options: ArchiveWriterOptions = .init()
  ) throws(ArchiveError) {
    try self.init(to: output, index: index, options, like: nil)
  }

  /// Goes on with an archive whose writer was interrupted.
  ///
  /// Entries are given once more from the start, by ``TreeArchiver`` for one: those that have not changed are in already.
  ///
  /// - Parameters:
  ///   - unfinished: what is left. The output must be at its ``UnfinishedArchive/length``.
  ///   - output: gets the bytes that follow.
  ///   - index: gets a detached index, from the start.
  ///   - options: how to write; the same as before.
  /// - Throws: ``ArchiveError`` with `invalidOption` when the options are others, and as for a fresh archive.
  public convenience init(
    resuming unfinished: UnfinishedArchive, to output: any ArchiveOutput, index: (any ArchiveOutput)? = nil,
    _ options: ArchiveWriterOptions = .init()
  ) throws(ArchiveError) {
    try self.init(to: output, index: index, options, like: nil, after: unfinished)
  }

  /// Starts an archive that takes the place of another: with its identity, and all it says of itself.
  init(
    to output: any ArchiveOutput, index: (any ArchiveOutput)? = nil, _ options: ArchiveWriterOptions,
    like original: Superblock?, after unfinished: UnfinishedArchive? = nil
  ) throws(ArchiveError) {
    guard (64 << 10...FrameHeader.maximumDataLength).contains(options.blockSize) else {
      throw ArchiveError(.invalidOption, "a block has 64 KiB to 4 MiB")
    }
    guard options.cutSizes.maximum <= options.blockSize else {
      throw ArchiveError(.invalidOption, "a chunk is larger than a block")
    }
    self.options = options
    followsLeaves = original != nil
    payload = try PayloadCodec(options.codec, options.registry)
    let fresh = try Superblock(options, payload, like: original)
    superblock = try unfinished?.superblock(insteadOf: fresh) ?? fresh
    self.unfinished = unfinished
    unfinishedTree = unfinished.map { ParentTree($0.reader) }
    let threads = ThreadCount.workers(options.threads)
    workers = threads > 1 ? Workers(limit: threads, label: "archive") : nil
    inFlight = threads > 1 ? threads + 2 : 0
    packer = PayloadPacker(payload, options.compression)
    indexPacker = PayloadPacker(
      payload.number == 0 ? .stored : try PayloadCodec(Zstd.default, options.registry), CompressionOptions())
    tree = TreeBuilder(
      keepsStamps: !options.isReproducible, followsLeaves: followsLeaves,
      parents: [unfinished?.reader, options.parent].compactMap { $0 })
    parentTree = options.parent.map(ParentTree.init)
    frames = FrameWriter(output, tag: superblock.tag, after: unfinished?.headers ?? [])
    if unfinished == nil { try frames.write(bare: try superblock.encoded()) }
    if let index { self.index = try DetachedIndexWriter(index, of: superblock) } else { self.index = nil }
    if let parent = options.parent {
      do throws(ArchiveError) { try parent.checkContentRoot() } catch { throw error.inParent(options.parentName) }
      let ancestors = parent.lineage(name: options.parentName)
      let body = Ancestry.encode(ancestors)
      if unfinished == nil {
        try frames.write(
          FrameDescription(kind: .ancestry, rawLength: body.count, count: ancestors.count, first: 0), body: body)
      }
      try self.index?.write(ancestry: body, count: ancestors.count)
    }
    if let unfinished {
      try frames.write(
        FrameDescription(kind: .note, flags: .skippable, rawLength: 0, count: 0, first: ArchiveNote.resumed), body: [])
      table = ChunkTable(unfinished.reader.own.ids.found)
      state = ArchiveWriterState(unfinished)
      try unfinished.forEachIndexBlock { (frame, digest) throws(ArchiveError) in
        try self.index?.write(frame.description, body: frame.body, digest: digest)
      }
    }
  }

  // MARK: - Input

  /// Adds what has no content of its own: a directory, a link, a device, a further name of a file that was added with
  /// the same hard link group.
  ///
  /// - Parameters:
  ///   - entry: what it is.
  ///   - stamp: how the file system saw it.
  public func add(_ entry: ArchiveEntry) throws(ArchiveError) { try add(entry, nil) }

  func add(_ entry: ArchiveEntry, _ stamp: Stamp?) throws(ArchiveError) {
    try note(.end(entry, stamp, try parentEntry(at: entry.path)))
  }

  /// Adds an entry that is what it was in the parent, content included.
  func add(unchanged entry: ParentEntry) throws(ArchiveError) { try note(.unchanged(entry)) }

  /// Begins a file.
  ///
  /// - Parameter entry: what is known of it.
  public func beginFile(_ entry: ArchiveEntry) throws(ArchiveError) {
    try beginFile(entry, nil)
  }

  func beginFile(_ entry: ArchiveEntry, _ stamp: Stamp?) throws(ArchiveError) {
    try note(.begin(entry, stamp, try parentEntry(at: entry.path)))
  }

  /// Adds bytes to the file.
  ///
  /// - Parameters:
  ///   - rule: how to cut them.
  ///   - limit: how many bytes to take at most; `nil` for all.
  ///   - read: appends the next bytes to the room it is given; returns their number, 0 at the end only.
  /// - Returns: how many bytes came.
  @discardableResult
  public func append(
    _ rule: CutRule, limit: UInt64? = nil, _ read: (inout OutputRawSpan) throws(ArchiveError) -> Int
  ) throws(ArchiveError) -> UInt64 {
    try note(.rule(rule))
    cutting = Cutting(rule, options.cutSizes, limit: options.blockSize)
    var total: UInt64 = 0
    // A file that fits is not torn in two.
    if let limit, limit < UInt64(options.blockSize / 4), segment.bytes.count + Int(limit) > options.blockSize {
      try closeSegment()
    }
    while total < limit ?? .max {
      if segment.bytes.count >= options.blockSize { try closeSegment() }
      let left = options.blockSize - segment.bytes.count
      let wanted = Int(min(UInt64(left), (limit ?? .max) - total))
      let count = try segment.bytes.lend { (bytes: inout ByteBuffer) throws(ArchiveError) -> Int in
        bytes.reserve(left, isFinal: true)
        var room = bytes.room(atMost: wanted)
        let count = try read(&room)
        bytes.didAppend(count)
        return count
      }
      if count == 0 { break }
      total += UInt64(count)
      cut(isEnd: total == limit)
    }
    cut(isEnd: true)
    return total
  }

  /// Adds a hole to the file.
  ///
  /// - Parameter length: its bytes.
  public func append(hole length: UInt64) throws(ArchiveError) { try note(.hole(length)) }

  /// Forgets what has been given of the file, to give it again.
  public func restartFile() throws(ArchiveError) { try note(.restart) }

  /// Adds bytes that are one chunk.
  func append(chunk bytes: RawSpan) throws(ArchiveError) {
    if segment.bytes.count + bytes.byteCount > options.blockSize, segment.bytes.count > 0 { try closeSegment() }
    segment.bytes.append(bytes)
    segment.cut += bytes.byteCount
    try note(.chunk(length: bytes.byteCount))
  }

  /// Ends a leaf of the tree. Of an archive that takes the place of another, leaves end where those of the other did, and
  /// nowhere else: they are a part of what the contentRoot stands for.
  func endLeaf() throws(ArchiveError) { try note(.endLeaf) }

  /// Gives the file up, as if it had not begun.
  func abandonFile() throws(ArchiveError) { try note(.abandon) }

  /// Ends the file.
  ///
  /// - Parameter entry: what is known of it now. Size and content are those of what was given.
  public func endFile(_ entry: ArchiveEntry) throws(ArchiveError) { try endFile(entry, nil) }

  func endFile(_ entry: ArchiveEntry, _ stamp: Stamp?) throws(ArchiveError) {
    try note(.end(entry, stamp, try parentEntry(at: entry.path)))
  }

  func note(_ event: SegmentEvent) throws(ArchiveError) {
    if segment.events.count >= Self.segmentEvents { try closeSegment() }
    segment.events.append(event)
  }

  /// Cuts what lies in the segment behind the last border.
  private func cut(isEnd: Bool) {
    let segment = segment
    segment.bytes.lend { bytes in
      while segment.cut < bytes.count {
        guard let length = cutting.next(in: bytes.bytes.dropping(segment.cut), isEnd: isEnd) else { return }
        segment.events.append(.chunk(length: length))
        segment.cut += length
      }
    }
  }

  /// Gives the segment to a worker, and goes on with a fresh one that begins with what could not be cut yet.
  private func closeSegment() throws(ArchiveError) {
    let full = segment
    segment = freeSegments.popLast() ?? Segment()
    full.bytes.lend { bytes in
      let tail = bytes.count - full.cut
      guard tail > 0 else { return }
      segment.bytes.reserve(options.blockSize)
      segment.bytes.append(bytes.bytes.dropping(full.cut))
      bytes.removeLast(tail)
    }
    guard let workers else {
      full.hash()
      return try replay(full)
    }
    let done = Deferred<Void>()
    try start(workers) { _ in
      full.hash()
      done.fulfil(())
    }
    hashing.append((full, done))
    while hashing.count > inFlight { try replayFirst() }
  }

  private func start(
    _ workers: Workers<PayloadPacker>, _ job: @escaping @Sendable (PayloadPacker) -> Void
  ) throws(ArchiveError) {
    let (payload, options) = (payload, options)
    workers.run(making: { PayloadPacker(payload, options.compression) }, job)
  }

  /// Takes over all that has been given.
  func replayAll() throws(ArchiveError) {
    try closeSegment()
    while !hashing.isEmpty { try replayFirst() }
  }

  private func replayFirst() throws(ArchiveError) {
    let (full, done) = hashing.removeFirst()
    _ = done?.wait()
    try replay(full)
  }

  // MARK: - In order

  /// Takes over what happened in a segment.
  private func replay(_ full: Segment) throws(ArchiveError) {
    var position = 0
    var chunk = 0
    try full.bytes.lend { (bytes: inout ByteBuffer) throws(ArchiveError) in
      for event in full.events {
        switch event {
        case .begin(let entry, let stamp, let parent): file = FileInProgress(entry, stamp, parent: parent)
        case .known(let first, let chunks):
          for (offset, (id, length)) in chunks.enumerated() {
            file?.add(chunk: first.number + UInt64(offset), ordinal: first.ordinal, id: id, length: length)
          }
        case .rule(let rule): file?.cut = rule
        case .hole(let length): file?.add(hole: length)
        case .restart: file?.restart()
        case .abandon: file = nil
        case .endLeaf:
          try tree.endLeaf()
          try writeLeaves()
          if isCheckpointDue { try checkpoint() }
        case .chunk(let length):
          try store(bytes.bytes.extracting(position..<(position + length)), id: full.digests[chunk])
          position += length
          chunk += 1
        case .end(let entry, let stamp, let parent): try complete(entry, stamp, parent)
        case .unchanged(let parent):
          let entry = parent.entry
          let length = try readingParent { () throws(ArchiveError) in
            try parent.leaf.archive.dataLength(of: entry)
          }
          try take(unchanged: parent, dataLength: length)
        case .unsorted(let event): try replay(event)
        }
      }
    }
    full.removeAll()
    freeSegments.append(full)
  }

  private func store(_ bytes: RawSpan, id: SHA256Digest) throws(ArchiveError) {
    state.inputSinceCheckpoint += UInt64(bytes.byteCount)
    if state.inputSinceCheckpoint >= options.checkpointInput { try checkpointNowOrLater() }
    if let known = try inParent(bytes, id: id) {
      file?.add(chunk: known.number, ordinal: known.ordinal, id: id, length: bytes.byteCount)
      if file?.hasManyRuns == true { try foldRuns() }
      return
    }
    let (number, isNew) = try table.insert(id)
    if isNew {
      if block.raw.count + bytes.byteCount > options.blockSize, !block.chunks.isEmpty {
        try closeBlock()
        if state.newSinceCheckpoint >= state.checkpointInterval(atMost: options.checkpointBytes) {
          try checkpointNowOrLater()
        }
      }
      if block.chunks.isEmpty { block.firstChunk = number }
      block.add(bytes, id: id)
      state.newSinceCheckpoint += UInt64(bytes.byteCount)
      state.rawBytes += UInt64(bytes.byteCount)
    }
    file?.add(chunk: number, ordinal: depth, id: id, length: bytes.byteCount)
    if file?.hasManyRuns == true { try foldRuns() }
  }

  /// Takes an entry that is the parent's.
  private func take(unchanged parent: ParentEntry, dataLength: UInt64) throws(ArchiveError) {
    state.dataBytes += dataLength
    links.note(parent.entry, dataLength: dataLength)
    try tree.add(unchanged: parent)
    try didAddEntry()
  }

  private func didAddEntry() throws(ArchiveError) {
    try writeLeaves()
    if tree.ownEntries - state.entriesAtCheckpoint >= options.checkpointEntries { isCheckpointDue = true }
    // A checkpoint ends a leaf, which would then be none of the parent's.
    if isCheckpointDue, !followsLeaves, !tree.isInParentLeaf { try checkpoint() }
  }

  private func complete(_ given: ArchiveEntry, _ stamp: Stamp?, _ parent: ParentEntry?) throws(ArchiveError) {
    var entry = given
    var dataLength: UInt64 = 0
    if var file = file.take() {
      let (finished, length) = file.finish(given)
      entry = finished
      dataLength = length
      try placeContent(&file, &entry)
    } else if entry.kind == .file {
      guard let (other, length) = links.first(of: entry) else {
        throw ArchiveError(.invalidOption, "a file ends that has not begun", path: entry.path)
      }
      (entry.size, entry.content, entry.digest, entry.cut) = (other.size, other.content, other.digest, other.cut)
      dataLength = length
    }
    try enter(entry, stamp, parent, dataLength: dataLength)
  }

  /// Adds an entry with its content to the tree.
  func enter(
    _ entry: ArchiveEntry, _ stamp: Stamp?, _ parent: ParentEntry?, dataLength: UInt64
  ) throws(ArchiveError) {
    guard (entry.linkGroup?.ordinal ?? 0) <= depth else {
      throw ArchiveError(
        .invalidOption, "a file with several names is of an archive that comes later", path: entry.path)
    }
    // Read again, and nothing has changed: what is known of the file now may still be more.
    if let parent, entry == parent.entry, stamp == nil || stamp == parent.stamp {
      return try take(unchanged: parent, dataLength: dataLength)
    }
    state.dataBytes += dataLength
    links.note(entry, dataLength: dataLength)
    try tree.add(entry, stamp)
    try didAddEntry()
  }

  /// Writes leaves that are complete, and lists those of the parent.
  private func writeLeaves() throws(ArchiveError) {
    while let leaf = tree.takeLeaf() {
      switch leaf {
      case .own(let leaf): try write(leaf)
      case .shared(let record): state.add(record, depth: depth)
      }
    }
  }

  private func write(_ leaf: OwnLeaf) throws(ArchiveError) {
    state.treeEntries += UInt64(leaf.entries)
    let digest = SHA256.hash(leaf.bytes)
    let number = state.indexBlocks
    try writeIndexBlock(.tree, leaf.bytes, count: leaf.entries, digest: digest)
    if !leaf.stamps.isEmpty { try writeIndexBlock(.stamps, leaf.stamps, count: leaf.entries, digest: nil) }
    state.add(
      LeafRecord(
        separator: leaf.separator, entries: UInt64(leaf.entries), ordinal: depth, block: number, digest: digest),
      depth: depth)
  }

  private func closeBlock() throws(ArchiveError) {
    guard !block.chunks.isEmpty else { return }
    let full = block
    state.closedChunks += UInt64(full.chunks.count)
    block = freeBlocks.popLast() ?? DataBlock()
    guard let workers else {
      do throws(CodecError) { try full.pack(packer) } catch { throw ArchiveError(error) }
      return try submit(.block(full, nil))
    }
    let done = Deferred<CodecError?>()
    try start(workers) { packer in
      do throws(CodecError) {
        try full.pack(packer)
        done.fulfil(nil)
      } catch {
        done.fulfil(error)
      }
    }
    try submit(.block(full, done))
  }

  func writeIndexBlock(
    _ kind: FrameKind, _ bytes: [UInt8], count: Int, digest: SHA256Digest?, flags: FrameHeader.Flags = []
  ) throws(ArchiveError) {
    var frame = try packed(kind, bytes, count: count, first: state.indexBlocks)
    frame.description.flags = flags
    state.indexBlocks += 1
    try submit(.index(frame.description, frame.body, digest ?? SHA256.hash(bytes)))
  }

  private func packed(
    _ kind: FrameKind, _ bytes: [UInt8], count: Int, first: UInt64
  ) throws(ArchiveError) -> (description: FrameDescription, body: [UInt8]) {
    var body = ByteBuffer()
    let payload: PackedPayload
    do throws(CodecError) {
      payload = try unsafe indexPacker.pack(bytes.span.bytes, to: &body)
    } catch {
      throw ArchiveError(error)
    }
    let frame = FrameDescription(kind: kind, codec: payload.codec, rawLength: bytes.count, count: count, first: first)
    return (frame, body.bytes.array)
  }

  /// A checkpoint ends a leaf: where leaves are given, it waits for the next one to end.
  private func checkpointNowOrLater() throws(ArchiveError) {
    if followsLeaves { isCheckpointDue = true } else { try checkpoint() }
  }

  /// Names everything so far, so that it can be used should nothing follow.
  func checkpoint() throws(ArchiveError) {
    try closeBlock()
    if let unsorted {
      try writeProvisional(unsorted)
    } else {
      try tree.endLeaf()
      try writeLeaves()
    }
    let entry = try unsorted == nil ? openEntry() : nil
    var raw = state.checkpointHead(depth: depth)
    if unsorted == nil, let entry {
      var encoder = TreeBlockEncoder()
      encoder.add(entry)
      raw.fixed(UInt8(1))
      raw.raw(encoder.bytes)
    } else {
      raw.fixed(UInt8(0))
    }
    try submit(.checkpoint(raw.bytes, leaves: state.leavesSinceCheckpoint.count, number: state.checkpoints))
    state.didCheckpoint(entries: tree.ownEntries)
    isCheckpointDue = false
  }

  // MARK: - Output

  private func submit(_ frame: PendingFrame) throws(ArchiveError) {
    pending.append(frame)
    while pending.count > inFlight { try writeFirst() }
  }

  private func writeFirst() throws(ArchiveError) {
    switch pending.removeFirst() {
    case .block(let block, let done):
      if let done, let result = done.wait(), let error = result { throw ArchiveError(error) }
      let frame = FrameDescription(
        kind: .data, codec: block.codec, rawLength: block.raw.count, count: block.chunks.count,
        first: block.firstChunk)
      state.wrote(
        block: try block.body.lend { (body: inout ByteBuffer) throws(ArchiveError) in
          try frames.write(frame, body: body.bytes, checksum: block.checksum)
        })
      block.removeAll()
      freeBlocks.append(block)
    case .index(let description, let body, let digest):
      state.wrote(index: try frames.write(description, body: body), digest)
      try index?.write(description, body: body, digest: digest)
    case .checkpoint(let rest, let leaves, let number):
      // Only now is it known where the one before stands.
      var raw = FieldWriter(capacity: rest.count + 8)
      raw.fixed(state.lastCheckpoint)
      raw.raw(rest)
      let frame = try packed(.checkpoint, raw.bytes, count: leaves, first: number)
      state.lastCheckpoint = try frames.write(frame.description, body: frame.body).offset
    }
  }

  /// Ends the archive.
  ///
  /// - Returns: the footer, which says what the archive holds.
  public func finish() throws(ArchiveError) -> ArchiveSummary {
    try replayAll()
    guard file == nil else { throw ArchiveError(.invalidOption, "the last file has not ended") }
    try closeBlock()
    try tree.endLeaf()
    try writeLeaves()
    while !pending.isEmpty { try writeFirst() }
    var footer = Footer()
    footer.tag = superblock.tag
    footer.uuid = superblock.uuid
    footer.depth = superblock.depth
    footer.rawBytes = state.rawBytes
    footer.storedBytes = state.storedBytes
    footer.dataBytes = state.dataBytes
    footer.entries = tree.entries
    footer.chunks = UInt64(table.count)
    try ArchiveTail(frames: frames, superblock: superblock).write(
      &footer, leaves: state.leaves, ids: table.ids, blocks: state.blocks, index: state.index
    ) { (kind: FrameKind, bytes: [UInt8], count: Int, first: UInt64) throws(ArchiveError) in
      try self.packed(kind, bytes, count: count, first: first)
    }
    try index?.finish(footer, leaves: state.leaves, ids: table.ids) {
      (kind: FrameKind, bytes: [UInt8], count: Int, first: UInt64) throws(ArchiveError) in
      try self.packed(kind, bytes, count: count, first: first)
    }
    return ArchiveSummary(superblock: superblock, footer: footer)
  }
}
