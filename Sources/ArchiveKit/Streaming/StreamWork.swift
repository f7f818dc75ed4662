// SPDX-License-Identifier: Apache-2.0

/// What an extraction from a stream works with, once the head of the archive is known.
internal import CodecKit
internal import SystemIO

/// The stretch at hand, the places of everything before it, and what moves bytes from both to files.
final class StreamWork {
  /// Stored bytes of map blocks that are held in memory.
  private static let mapMemory = 2 << 20

  let reader: StreamFrameReader
  let stretch: Stretch
  let places: ChunkPlaces
  let unpacker: PayloadUnpacker
  let chain: StreamChain
  /// The first damage; `nil` while everything that came is what it should be.
  private(set) var damage: ArchiveError?

  private var sweep: BlockSweep
  private let maps: FrameStore
  private var mapPlaces: [UInt64: UInt64] = [:]
  /// Leaves that only count when the end does not come, and what they are found by.
  private let provisional: FrameStore
  private var provisionalPlaces: [UInt64] = []
  private var provisionalBlocks: Set<UInt64> = []
  /// The file whose chunks got a place last, and its number.
  private var named: (file: OutputFile, number: UInt64)?

  init(
    _ reader: StreamFrameReader, _ registry: CodecRegistry, _ session: ExtractionSession, _ directory: Path,
    _ ancestors: (any AncestorFinder)?, threads: Int
  ) {
    self.reader = reader
    stretch = Stretch(reader.superblock, registry, in: directory)
    places = ChunkPlaces(reader.superblock, registry, session, in: directory)
    unpacker = PayloadUnpacker(reader.superblock, registry)
    maps = FrameStore(in: directory, memoryLimit: Self.mapMemory)
    provisional = FrameStore(in: directory, memoryLimit: Self.mapMemory)
    chain = StreamChain(reader.superblock, ancestors, registry)
    let (stretch, chain) = (stretch, chain)
    sweep = BlockSweep(threads: ThreadCount.workers(threads)) { (depth) throws(ArchiveError) in
      if depth == chain.depth { return stretch }
      return try chain.holder(depth)
    }
    damage = reader.firstDamage
  }

  /// Whether everything that came is what it should be.
  var isWhole: Bool { damage == nil }

  /// Takes note of damage that was found inside of a sound frame.
  func note(_ error: ArchiveError) { damage = damage ?? error }

  // MARK: - Content of files

  /// Keeps a map block: entries anywhere behind it may speak of it.
  func keep(map frame: Frame) throws(ArchiveError) { mapPlaces[frame.header.first] = try maps.append(frame) }

  /// Keeps a leaf that only counts when the end does not come.
  func keep(provisional frame: Frame) throws(ArchiveError) {
    provisionalPlaces.append(try provisional.append(frame))
    provisionalBlocks.insert(frame.header.first)
  }

  /// Whether a leaf only counts when the end does not come.
  func isProvisional(_ leaf: StreamLeaf) -> Bool {
    leaf.ordinal == chain.depth && provisionalBlocks.contains(leaf.block)
  }

  /// The entries of all such leaves, in the order of the tree.
  func provisionalLeaves(depth: UInt32) throws(ArchiveError) -> [ProvisionalTree.Leaf] {
    let tree = ProvisionalTree(depth: depth)
    for place in provisionalPlaces { tree.add(try unpacker.unpack(try provisional.frame(at: place))) }
    return try tree.leaves()
  }

  /// The pieces of a file's content, wherever they are kept.
  func runs(of entry: ArchiveEntry) throws(ArchiveError) -> [ContentRun] {
    guard entry.kind == .file, entry.size > 0 else { return [] }
    switch entry.content {
    case .runs(let runs): return runs
    case .maps(let references):
      var runs: [ContentRun] = []
      for map in references {
        runs += try MapBlock.decode(try raw(of: map), depth: map.ordinal, length: map.length)
      }
      return runs
    }
  }

  private func raw(of map: MapReference) throws(ArchiveError) -> [UInt8] {
    guard map.ordinal == chain.depth else {
      return try chain.indexBlock(map.ordinal, map.block, .map, digest: map.digest).raw
    }
    guard let place = mapPlaces[map.block] else { throw .corrupt("a file's content is in a block that is missing") }
    let raw = try unpacker.unpack(try maps.frame(at: place))
    guard SHA256.hash(raw) == map.digest else {
      throw ArchiveError(.checksumMismatch, "a block of the index is not what its digest says")
    }
    return raw
  }

  /// Writes runs: what came before the last checkpoint from where it is now, everything else from the stretch.
  func write(_ runs: [PlannedRun], _ didRead: () throws(ArchiveError) -> Void) throws(ArchiveError) {
    let start = stretch.chunks.lowerBound
    var fresh: [PlannedRun] = []
    for run in runs {
      if run.holder != chain.depth || run.first >= start {
        fresh.append(run)
        continue
      }
      let known = min(run.first + run.count, start)
      guard known < run.first + run.count else {
        places.deliver(run)
        continue
      }
      guard let length = try places.ledger.length(of: run.first..<known), length < run.length else {
        run.file.lose(
          run.start..<(run.start + run.length),
          places.ledger.lost(known - 1)?.error ?? .corrupt("chunks have another length than their file says"))
        run.file.endPiece()
        continue
      }
      run.file.beginPiece()
      places.deliver(
        PlannedRun(
          file: run.file, holder: run.holder, first: run.first, count: known - run.first, length: length,
          start: run.start))
      fresh.append(
        PlannedRun(
          file: run.file, holder: run.holder, first: known, count: run.first + run.count - known,
          length: run.length - length,
          start: run.start + length))
    }
    try sweep.run(fresh) { (_: UInt64) throws(ArchiveError) in try didRead() }
  }

  /// The file that a run went to is complete, and the place of chunks that have none.
  func notePlace(of run: PlannedRun) throws(ArchiveError) {
    guard run.holder == chain.depth else { return }
    let start = stretch.chunks.lowerBound
    // Without the right to read it, nothing can be had back.
    guard run.first + run.count > start, Account.isSuperuser || run.file.entry.mode & 0o400 != 0 else { return }
    if named?.file !== run.file { named = (run.file, try places.number(of: run.file.path)) }
    guard let number = named?.number else { return }
    try places.place(run, inFile: number, from: start)
  }
}

extension ChunkPlaces {
  /// Says that a run of a file is the place of those of its chunks that came since the last checkpoint.
  func place(_ run: PlannedRun, inFile number: UInt64, from start: UInt64) throws(ArchiveError) {
    let first = max(run.first, start)
    guard first < run.first + run.count, let before = try ledger.length(of: run.first..<first) else { return }
    try place(first..<(run.first + run.count), inFile: number, at: run.start + before)
  }
}
