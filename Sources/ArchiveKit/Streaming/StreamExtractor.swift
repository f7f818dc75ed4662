// SPDX-License-Identifier: Apache-2.0

/// Extracts the tree of an archive that comes through a pipe, in one pass.
public import CodecKit
public import SystemIO

/// Extracts entries of an archive that can only be read front to back.
///
/// What comes out is what ``Extractor`` makes of the same archive in a file, under the same rules. Entries are written
/// whenever the archive names them, at its checkpoints; what came since the last one waits in memory, above 16 MiB in a
/// temporary file without a name in the target's file system. Chunks that are needed again are read back from the files
/// they went to, and checked once more. Blocks with chunks that went to no file, because it was not selected, was kept
/// as it was, or could not be written, go into another such file, compressed as they came: whoever extracts one file of
/// a large archive from a pipe needs room for the archive.
///
/// A pipe cannot be looked through beforehand. Limits, and rules that the tree breaks, are found when they are met; what
/// was extracted until then stays, as does ``Extractor/markerName``, which says that the target is incomplete.
public final class StreamExtractor {
  /// Files that are written together.
  private static let windowFiles = 4096

  /// What the archive says of itself; `nil` until its head has been read.
  public private(set) var superblock: Superblock?
  /// What it holds; `nil` until its end has been read.
  public private(set) var footer: Footer?
  /// Bytes behind the end of the archive that are not zero.
  public private(set) var trailingBytes: UInt64 = 0
  /// What has come out so far: also when `run` has thrown.
  public var report: ExtractionReport { writer.report }

  let options: ExtractionOptions
  let writer: TreeWriter
  var open: UnfinishedFile?
  /// A file that was open and is being completed.
  var finished: UnfinishedFile?
  private let stream: any ArchiveStream
  private let registry: CodecRegistry
  private let ancestors: (any AncestorFinder)?
  private let target: Path
  private let selection: EntrySelection
  private let progress: (ExtractionProgress) throws(ArchiveError) -> Void
  private let tally = StreamTally()
  private var found = Set<Int>()
  /// The entry before.
  private var last: ArchiveEntry?
  private var selectedBytes: UInt64 = 0
  private var bytesRead: UInt64 = 0
  private var contentHasEnded = false
  /// Whether the archive was interrupted and gone on with.
  private var isResumed = false
  private var contentIsWritten = false

  /// Prepares an extraction.
  ///
  /// - Parameters:
  ///   - stream: the archive.
  ///   - target: an existing directory.
  ///   - options: what to extract, and how.
  ///   - ancestors: where the archives are that it is made upon. Default: nowhere.
  ///   - registry: where codecs are found. Default: the built-in ones.
  ///   - progress: told from time to time how far it is; throws to give up.
  /// - Throws: what the system answered for the directory.
  public init(
    _ stream: any ArchiveStream, into target: Path, _ options: ExtractionOptions,
    ancestors: (any AncestorFinder)? = nil, registry: CodecRegistry = .builtin,
    progress: @escaping (ExtractionProgress) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) throws(ArchiveError) {
    self.stream = stream
    self.target = target
    self.options = options
    self.registry = registry
    self.ancestors = ancestors
    self.progress = progress
    selection = EntrySelection(options)
    writer = try TreeWriter(target, options)
  }

  /// Extracts. To be called once.
  ///
  /// The stream is read to its end, also behind the end of the archive.
  ///
  /// - Returns: what came out, and what did not.
  /// - Throws: what ends the work: a tree that is not to be trusted, a limit, a full disk, and damage unless `keepsGoing`.
  ///   `truncated` when the stream ends before the archive: everything before its last checkpoint has been extracted
  ///   then; with `keepsGoing` that is a problem of the report instead. `notFound` at the end, when a path of the options
  ///   was not there.
  public func run() throws(ArchiveError) -> ExtractionReport {
    let reader = try StreamFrameReader(stream, passesOverDamage: options.keepsGoing)
    superblock = reader.superblock
    if !options.isDryRun { try writer.begin() }
    let work = StreamWork(reader, registry, writer.session, target, ancestors, threads: options.threads)
    let chain = work.chain
    writer.places = { (ordinal, first, count) throws(ArchiveError) in try chain.place(ordinal, first, count) }
    do throws(ArchiveError) {
      try extract(work)
    } catch {
      writer.abandon(error)
      dropOpen(error, work.places)
      throw error
    }
    if !options.isDryRun, footer != nil { try writer.end() }
    for (index, path) in options.paths.enumerated() where !found.contains(index) {
      throw ArchiveError(.notFound, "there is no such entry", path: path)
    }
    return writer.report
  }

  private func extract(_ work: StreamWork) throws(ArchiveError) {
    if let error = work.reader.firstDamage { try lose(error) }
    while let item = try work.reader.read() {
      switch item {
      case .frame(let frame):
        do throws(ArchiveError) {
          try take(frame, work)
        } catch {
          try lose(frame.header, error, work)
        }
      case .lost(let header, let error):
        if error.code == .truncated, !options.keepsGoing { continue }
        try lose(header, error, work)
      case .footer(let footer):
        try endContent(work)
        try finishContent(work)
        do throws(ArchiveError) {
          if work.isWhole {
            try tally.check(
              footer, work.reader.superblock, frames: work.reader.frames, layout: work.reader.layoutRoot)
          }
        } catch {
          try lose(error)
        }
        self.footer = footer
        trailingBytes = try work.reader.trailingBytes(from: footer.offset + UInt64(Footer.size))
        return try reportDamage(work)
      }
    }
    let error = ArchiveError(
      .truncated, "the archive has no end: it was cut, or was never completed", offset: work.reader.end)
    // What no checkpoint speaks of may lack chunks, which is damage.
    if options.keepsGoing { try writeLeaves(work, ownLeaves(work)) }
    try writeProvisional(work, error)
    dropOpen(error, work.places, isReported: true)
    if !options.isDryRun { try writer.finishTree() }
    try lose(error)
  }

  // MARK: - Frames

  private func take(_ frame: Frame, _ work: StreamWork) throws(ArchiveError) {
    let header = frame.header
    switch frame.kind {
    case .data:
      try requireContent(work, header)
      let block = try DecodedBlock(frame)
      try expect(header.first, tally.chunks, work, header) { missing in
        loseChunks(missing, length: 0, header.offset, work)
      }
      tally.add(block)
      bytesRead += UInt64(header.storedLength)
      try tell()
      guard !options.isDryRun else { return }
      try work.places.append(block)
      try work.stretch.add(frame)
    case .tree, .map, .stamps:
      try requireContent(work, header)
      let raw = try work.unpacker.unpack(frame)
      try expect(header.first, tally.indexBlocks, work, header) { missing in
        loseIndexBlocks(missing, work)
      }
      tally.add(index: header, SHA256.hash(raw))
      if frame.kind == .map { try work.keep(map: frame) }
      if frame.kind == .tree {
        if header.flags.contains(.provisional) {
          try work.keep(provisional: frame)
        } else {
          try work.stretch.add(leaf: frame)
        }
      }
    case .checkpoint:
      try requireContent(work, header)
      let checkpoint = try Checkpoint(try work.unpacker.unpack(frame), depth: work.chain.depth)
      if work.isWhole { try tally.check(checkpoint, header, depth: work.chain.depth) }
      try writeLeaves(
        work,
        work.chain.depth == 0
          ? ownLeaves(work) : checkpoint.leaves.map { (StreamLeaf(ordinal: $0.ordinal, block: $0.block), nil) })
      do throws(ArchiveError) {
        if !options.isDryRun { try goOn(with: checkpoint.open, work) }
      } catch {
        guard writer.passesOver(error) else { throw error }
        work.note(error)
        dropOpen(error, work.places)
      }
      try endStretch(work)
      tally.sawCheckpoint(header)
    case .ancestry: try work.chain.adopt(frame, isReplaced: work.reader.superblockBytes == nil)
    case .note: isResumed = isResumed || header.first == ArchiveNote.resumed
    case .directory, .ids, .blocks, .index, .residence, .superblockCopy:
      try endContent(work)
      if work.chain.depth > 0, frame.kind == .directory {
        try work.chain.add(directory: try work.unpacker.unpack(frame), count: header.count)
      } else {
        try finishContent(work)
      }
      try tally.check(
        frame, isWhole: work.isWhole, depth: work.chain.depth, superblock: work.reader.superblockBytes
      ) {
        (frame: Frame) throws(ArchiveError) in try work.unpacker.unpack(frame)
      }
    }
  }

  private static let resumedAfterChanges = ArchiveError(
    .unsupportedFeature,
    "the archive was interrupted, and files changed before it was gone on with: it can be extracted from a file alone")

  private func requireContent(_ work: StreamWork, _ header: FrameHeader) throws(ArchiveError) {
    guard work.chain.isReady else { throw .corrupt("the archive does not say what it is made upon", at: header.offset) }
    if contentHasEnded { throw .corrupt("content follows the tables", at: header.offset) }
  }

  /// Throws unless a frame's numbers follow those before it; where something is missing, says what.
  private func expect(
    _ first: UInt64, _ expected: UInt64, _ work: StreamWork, _ header: FrameHeader,
    _ missing: (Range<UInt64>) -> Void
  ) throws(ArchiveError) {
    if first == expected { return }
    // Each chunk or block takes more than 32 bytes of what has been read.
    guard first > expected, first <= header.offset / 32, !work.isWhole else {
      throw .corrupt("a block has another number than its place says", at: header.offset)
    }
    missing(expected..<first)
  }

  private func tell() throws(ArchiveError) {
    try progress(
      ExtractionProgress(
        bytesRead: bytesRead, bytesWritten: writer.session.bytes, entries: writer.report.files))
  }

  // MARK: - Damage

  /// Damage that belongs to no entry.
  private func lose(_ error: ArchiveError) throws(ArchiveError) {
    guard writer.passesOver(error) else { throw error }
    writer.report.problems.append(.init(path: [], kind: .damaged, error: error))
  }

  /// Something did not come. Damage of data is that of the files that need it; whatever else may have been entries.
  private func lose(_ header: FrameHeader?, _ error: ArchiveError, _ work: StreamWork) throws(ArchiveError) {
    guard writer.passesOver(error) else { throw error }
    work.note(error)
    guard let header, let kind = FrameKind(rawValue: header.kind) else { return }
    let isPlausible = header.first <= header.offset / 32
    if kind == .data, isPlausible, header.first >= tally.chunks {
      if header.first > tally.chunks { loseChunks(tally.chunks..<header.first, length: 0, header.offset, work) }
      loseChunks(
        header.first..<(header.first + UInt64(header.count)), length: UInt64(header.rawLength), header.offset, work,
        error)
    } else if kind.isIndexBlock, isPlausible, header.first >= tally.indexBlocks {
      if header.first > tally.indexBlocks { loseIndexBlocks(tally.indexBlocks..<header.first, work) }
      tally.skip(indexBlocksTo: header.first + 1)
      if kind == .tree, !header.flags.contains(.provisional) { loseEntries(error) }
    } else if kind == .checkpoint {
      tally.sawCheckpoint(header)
    }
  }

  private func loseChunks(
    _ chunks: Range<UInt64>, length: UInt64, _ offset: UInt64, _ work: StreamWork, _ error: ArchiveError? = nil
  ) {
    let error = error ?? work.damage ?? .corrupt("data blocks are missing", at: offset)
    let lost = ChunkLedger.Lost(chunks: chunks, length: length, error: error)
    tally.skip(chunksTo: chunks.upperBound)
    work.places.appendLost(lost)
    work.stretch.add(lost, at: offset)
  }

  private func loseIndexBlocks(_ blocks: Range<UInt64>, _ work: StreamWork) {
    tally.skip(indexBlocksTo: blocks.upperBound)
    loseEntries(work.damage ?? .corrupt("blocks of the tree are missing"))
  }

  /// Entries are gone that would have followed the last one.
  private func loseEntries(_ error: ArchiveError) {
    writer.report.problems.append(.init(path: last?.path ?? [], kind: .damaged, error: error))
  }

  /// Damage that hit no entry is reported all the same.
  private func reportDamage(_ work: StreamWork) throws(ArchiveError) {
    if let error = work.damage, !writer.report.hasDamage { try lose(error) }
  }

  // MARK: - Entries

  /// The leaves that have come since the last checkpoint.
  private func ownLeaves(_ work: StreamWork) -> [(StreamLeaf, SHA256Digest?)] {
    work.stretch.leaves.map { (StreamLeaf(ordinal: work.chain.depth, block: $0.block), nil) }
  }

  /// Writes the entries of leaves.
  ///
  /// - Parameter leaves: in the order of the tree, with their digests as far as those are known.
  private func writeLeaves(_ work: StreamWork, _ leaves: [(StreamLeaf, SHA256Digest?)]) throws(ArchiveError) {
    for (leaf, digest) in leaves {
      // A writer that went on after an interruption names leaves of ancestors once more.
      if work.chain.written.contains(leaf) || work.isProvisional(leaf) { continue }
      let entries: [ArchiveEntry]
      do throws(ArchiveError) {
        entries = try self.entries(of: leaf, digest, work)
        work.chain.didWrite(leaf)
      } catch {
        guard writer.passesOver(error) else { throw error }
        work.note(error)
        loseEntries(error)
        continue
      }
      last = entries.last
      for entry in entries {
        try write(entry, work)
        if writer.files.count >= Self.windowFiles { try writeWindow(work) }
      }
    }
    try writeWindow(work)
  }

  /// The end did not come: writes what leaves say that are not in the order of the tree, behind what has been written.
  private func writeProvisional(_ work: StreamWork, _ cut: ArchiveError) throws(ArchiveError) {
    for leaf in try work.provisionalLeaves(depth: work.chain.depth) {
      var decoder = TreeBlockDecoder(leaf.bytes, depth: work.chain.depth)
      while let entry = try decoder.next() {
        if let last, (try? LeafCursor.checkOrder(last, entry)) == nil { continue }
        if entry.warnings.contains(.unreadable), !options.isDryRun {
          // The file was not complete.
          try writeWindow(work)
          try goOn(with: entry, work)
          dropOpen(cut, work.places, isReported: true)
        } else {
          try write(entry, work)
        }
        last = entry
        if writer.files.count >= Self.windowFiles { try writeWindow(work) }
      }
    }
    try writeWindow(work)
  }

  /// The entries of a leaf, all of which follow those before it.
  private func entries(
    of leaf: StreamLeaf, _ digest: SHA256Digest?, _ work: StreamWork
  ) throws(ArchiveError) -> [ArchiveEntry] {
    let header: FrameHeader
    let raw: [UInt8]
    var shared: SHA256Digest?
    if leaf.ordinal == work.chain.depth {
      guard let place = work.stretch.place(ofLeaf: leaf.block) else {
        throw .corrupt("a part of the tree has not come")
      }
      let frame = try work.stretch.leaf(at: place)
      (header, raw) = (frame.header, try work.unpacker.unpack(frame))
    } else {
      let block = try work.chain.indexBlock(leaf.ordinal, leaf.block, .tree, digest: digest)
      (header, raw, shared) = (block.header, block.raw, block.digest)
    }
    var decoder = TreeBlockDecoder(raw, depth: leaf.ordinal)
    var entries: [ArchiveEntry] = []
    while let entry = try decoder.next() {
      if let before = entries.last ?? last {
        // What is in a leaf again has changed after it was written.
        guard !isResumed || EntryPath.precedes(before.path, entry.path) else { throw Self.resumedAfterChanges }
        try LeafCursor.checkOrder(before, entry)
      }
      entries.append(entry)
    }
    guard let first = entries.first, let last = entries.last, entries.count == Int(header.count) else {
      throw .corrupt("a leaf has another number of entries than is said of it", at: header.offset)
    }
    if first.path.isEmpty, first.kind != .directory { throw ArchiveError(.unsafeTree, "the top is no directory") }
    tally.sawLeaf(leaf, shared, entries: UInt64(entries.count), first: first.path, last: last.path)
    return entries
  }

  private func write(_ entry: ArchiveEntry, _ work: StreamWork) throws(ArchiveError) {
    var runs: [ContentRun] = []
    var fault: ArchiveError?
    do throws(ArchiveError) {
      runs = try work.runs(of: entry)
    } catch {
      // Damage of a map is damage of one file.
      guard writer.passesOver(error) else { throw error }
      fault = error
    }
    let length = Self.dataLength(runs)
    try tally.add(dataBytes: length)
    guard let path = selection.target(of: entry, &found) else { return }
    selectedBytes += length
    try checkLimit(selectedBytes)
    guard !options.isDryRun else { return writer.note(selected: entry) }
    if fault == nil, try finishOpen(entry, runs, work) { return }
    try writer.plan(entry, path) { () throws(ArchiveError) in
      if let fault { throw fault }
      return runs
    }
  }

  private static func dataLength(_ runs: [ContentRun]) -> UInt64 {
    runs.reduce(0) { sum, run in
      if case .chunks(_, _, _, let length) = run { return sum &+ length }
      return sum
    }
  }

  private func checkLimit(_ bytes: UInt64) throws(ArchiveError) {
    if let limit = options.maximumBytes, bytes > limit {
      throw ArchiveError(.limitExceeded, "the files have more than the \(limit) bytes allowed")
    }
  }

  /// Writes the content of what has been planned, and notes where its chunks are now.
  private func writeWindow(_ work: StreamWork) throws(ArchiveError) {
    let runs = writer.takeRuns()
    try work.write(runs) { () throws(ArchiveError) in try tell() }
    try writer.settleFiles()
    for run in runs where run.holder == work.chain.depth {
      if let open, open.file === run.file {
        try open.notePlace(of: run, work.places, from: work.stretch.chunks.lowerBound)
      } else if case .complete = run.file.state {
        try work.notePlace(of: run)
      }
    }
    if let finished, case .complete = finished.file.state, Account.isSuperuser || finished.file.entry.mode & 0o400 != 0
    {
      // It can be found by its name now.
      work.places.pin(finished.number, nil)
    }
    finished = nil
  }

  /// Goes on with the file that is not complete.
  ///
  /// - Parameter entry: what is known of it; `nil` when there is none.
  private func goOn(with entry: ArchiveEntry?, _ work: StreamWork) throws(ArchiveError) {
    if let open, open.path != entry?.path {
      dropOpen(.corrupt("a file was begun that did not come"), work.places)
    }
    guard let entry, entry.kind == .file, entry.size > 0 else { return }
    if let last { try LeafCursor.checkOrder(last, entry) }
    var ignored = Set<Int>()
    guard let path = selection.target(of: entry, &ignored) else { return }
    let runs = try work.runs(of: entry)
    try checkLimit(selectedBytes &+ Self.dataLength(runs))
    goOn(with: entry, path, runs, work)
    try writeWindow(work)
    try checkOpen(work)
  }

  private func endStretch(_ work: StreamWork) throws(ArchiveError) {
    if !options.isDryRun { try work.places.keepRest(of: work.stretch) }
    try work.stretch.removeAll()
    tally.endStretch()
  }

  /// The last stretch ends where the directory begins. Which leaves of ancestors belong to it, the directory says.
  private func endContent(_ work: StreamWork) throws(ArchiveError) {
    guard !contentHasEnded else { return }
    contentHasEnded = true
    if work.chain.depth == 0 { try finishContent(work) }
  }

  private func finishContent(_ work: StreamWork) throws(ArchiveError) {
    guard !contentIsWritten else { return }
    contentIsWritten = true
    try writeLeaves(
      work,
      work.chain.depth == 0
        ? ownLeaves(work)
        : work.chain.rest.map { (StreamLeaf(ordinal: $0.ordinal, block: $0.block), $0.digest) })
    if work.isWhole { try tally.checkDirectory() }
    dropOpen(.corrupt("a file was begun that did not come"), work.places)
    try work.stretch.removeAll()
    tally.endStretch()
    tally.endContent()
    if !options.isDryRun { try writer.finishTree() }
  }
}
