// SPDX-License-Identifier: Apache-2.0

/// Rebuilds directory and tables of an archive from its frames.
internal import CodecKit

/// What was found of an archive whose end cannot be used.
public struct RecoveryFindings: Hashable, Sendable {
  /// Whether the archive has a sound footer after all.
  public internal(set) var hasFooter = false
  /// Whether the directory is there and every leaf it names: then no name is lost, with or without a footer.
  public internal(set) var hasWholeTree = false
  /// Whether the archive ends inside a frame or the footer.
  public internal(set) var isCut = false
  /// Places where bytes are damaged or missing.
  public internal(set) var damage: [ArchiveError] = []
  /// Chunks that are missing.
  public internal(set) var lostChunks: UInt64 = 0
  /// Blocks of the tree that are missing: the entries in them have no names any more.
  public internal(set) var lostTreeBlocks: UInt64 = 0
  /// Chunks behind the last entry that is known: the archive was cut before they were named.
  public internal(set) var namelessChunks: UInt64 = 0
  /// A file that was not complete when the last checkpoint was written; it ends where its data did.
  public internal(set) var unfinishedFile: [UInt8]?

  /// Nothing found.
  public init() {}

  /// Whether everything the archive ever held is there.
  public var isComplete: Bool {
    hasWholeTree && damage.isEmpty && lostChunks == 0 && lostTreeBlocks == 0 && unfinishedFile == nil
  }
}

/// Reads all frames of an archive.
struct ArchiveRecovery {
  /// What stands in for the end of an archive.
  struct Found {
    var superblock: Superblock
    var footer = Footer()
    var leaves: [LeafRecord] = []
    var ids: [SHA256Digest] = []
    var blocks: [BlockRecord] = []
    var index: [IndexRecord] = []
    var loose: [Int: [UInt8]] = [:]
    var findings = RecoveryFindings()
    /// The archives that it is made upon.
    var store: AncestorStore
    /// What a merged archive holds of its ancestors.
    var residence: Residence?
  }

  let source: any ArchiveSource
  let unpacker: PayloadUnpacker
  let registry: CodecRegistry
  private let finder: (any AncestorFinder)?
  /// Whether all that is known of the head is what the frames tell.
  private let isHeadLost: Bool
  var found: Found
  var directory: [LeafRecord] = []
  /// Where in the leaves those begin that came since the last checkpoint.
  private var stretch = 0
  private var residence: [UInt8] = []
  /// The number of the last frame of the directory, as far as there is no gap in it.
  private var lastOfDirectory: UInt64?
  /// Whether what follows the directory was found right behind it.
  private(set) var directoryHasEnd = false
  private var open: ArchiveEntry?
  /// The numbers of leaves whose entries stand in others, too, when the archive is complete.
  private var provisional: [UInt64] = []
  /// Chunks before the last thing that says whose they are.
  private var namedChunks = 0
  /// Bytes of the archive that chunks and index blocks may still be missing for: what is missing takes memory, too.
  private var gapBudget: UInt64

  init(
    _ source: some ArchiveSource, _ finder: (any AncestorFinder)?, _ registry: CodecRegistry
  ) throws(ArchiveError) {
    self.source = source
    self.finder = finder
    self.registry = registry
    let superblock = try Self.superblock(source)
    isHeadLost = superblock.uuid == ArchiveUUID()
    found = Found(superblock: superblock, store: AncestorStore([], finder, registry))
    gapBudget = source.size
    unpacker = PayloadUnpacker(superblock, registry)
  }

  /// The superblock; with a damaged one, the copy at the end, or as much as the first sound frame tells.
  private static func superblock(_ source: some ArchiveSource) throws(ArchiveError) -> Superblock {
    do throws(ArchiveError) {
      return try Superblock(decoding: try source.bytes(at: 0, count: Superblock.size))
    } catch {
      guard error.code == .checksumMismatch || error.code == .notAnArchive else { throw error }
      if let footer = try FooterSearch.footer(of: source)?.footer,
        let superblock = try? FrameReader(source: source, tag: footer.tag).superblockCopy(at: footer.superblockCopy)
      {
        return superblock
      }
      let bytes = try source.bytes(at: UInt64(Superblock.size), count: FrameHeader.size)
      guard let header = try? FrameHeader(bytes, at: UInt64(Superblock.size), tag: nil) else { throw error }
      var superblock = Superblock()
      superblock.tag = header.tag
      return superblock
    }
  }

  consuming func run() throws(ArchiveError) -> Found {
    var scanner = FrameScanner(source, tag: found.superblock.tag)
    var frames = 0
    while let item = try scanner.next() {
      switch item {
      case .frame(let frame):
        frames += 1
        try take(frame)
      case .unknown: frames += 1
      case .damagedBody(let header, let error):
        found.findings.damage.append(error)
        takeDamaged(header)
      case .damage(let range, let error):
        // What is left of a frame or the footer where an archive was cut is no damage of its own.
        if range.upperBound < source.size {
          found.findings.damage.append(error)
        } else {
          found.findings.isCut = true
        }
      case .footer(let footer):
        found.footer = footer
        found.findings.hasFooter = true
      }
    }
    guard frames > 0 else {
      throw ArchiveError(.truncated, "nothing is left of the archive but its head", offset: source.size)
    }
    if !residence.isEmpty {
      if isHeadLost { found.superblock.parent = nil }
      if found.superblock.isMerged { found.residence = try? Residence(residence, depth: found.superblock.depth) }
    }
    finishTables()
    if found.superblock.depth > 0 { finishLeaves() }
    finishTree()
    return found
  }

  // MARK: - Frames

  private mutating func take(_ frame: Frame) throws(ArchiveError) {
    switch frame.kind {
    case .data:
      guard let block = try? DecodedBlock(frame) else { return }
      add(block: frame.header, block.chunks.map(\.id))
    case .tree, .map, .stamps:
      let raw: [UInt8]
      do throws(ArchiveError) {
        raw = try unpacker.unpack(frame)
      } catch {
        if error.code == .unsupportedFeature { throw error }
        found.findings.damage.append(error)
        return
      }
      let number = frame.header.first
      guard place(frame.header, SHA256.hash(raw)), frame.kind == .tree else { return }
      namedChunks = found.ids.count
      if frame.header.flags.contains(.provisional) {
        provisional.append(number)
        return
      }
      var decoder = TreeBlockDecoder(raw, depth: found.superblock.depth)
      guard let first = try? decoder.next() else { return }
      found.leaves.append(
        LeafRecord(
          separator: first.path, entries: UInt64(frame.header.count), ordinal: found.superblock.depth, block: number,
          digest: SHA256.hash(raw)))
    case .checkpoint:
      let checkpoint = try? Checkpoint(unpacker.unpack(frame), depth: found.superblock.depth)
      self.open = checkpoint?.open
      if open != nil { namedChunks = found.ids.count }
      if let checkpoint, found.superblock.depth > 0 { order(by: checkpoint) }
    case .ancestry: takeAncestry(frame)
    case .residence:
      if let raw = try? unpacker.unpack(frame), residence.count + raw.count <= Residence.maximumLength {
        residence += raw
      }
    case .directory:
      guard let raw = try? unpacker.unpack(frame), frame.header.first == UInt64(directory.count) else { return }
      lastOfDirectory = frame.header.number
      var reader = FieldReader(raw)
      while !reader.isAtEnd, let leaf = try? LeafRecord(&reader) { directory.append(leaf) }
    case .ids, .blocks, .index, .superblockCopy, .note:
      if let last = lastOfDirectory, frame.header.number == last &+ 1 { directoryHasEnd = true }
    }
  }

  private mutating func takeAncestry(_ frame: Frame) {
    let ancestors: [Ancestor]?
    if isHeadLost {
      ancestors = try? Ancestry.decode(frame.body, count: frame.header.count)
      found.superblock.depth = UInt32(ancestors?.count ?? 0)
      found.superblock.parent = ancestors?.last?.uuid
      found.superblock.parentRoot = ancestors?.last?.contentRoot
    } else {
      ancestors = try? Ancestry.decode(frame.body, of: found.superblock)
    }
    if let ancestors { found.store = AncestorStore(ancestors, finder, registry) }
  }

  /// Puts the leaves since the last checkpoint into the order of the tree, with those of ancestors between them.
  private mutating func order(by checkpoint: Checkpoint) {
    var own: [UInt64: LeafRecord] = [:]
    for leaf in found.leaves[stretch...] { own[leaf.block] = leaf }
    found.leaves.removeSubrange(stretch...)
    for leaf in checkpoint.leaves {
      if leaf.ordinal < found.superblock.depth {
        found.leaves.append(
          LeafRecord(separator: [], entries: leaf.entries, ordinal: leaf.ordinal, block: leaf.block, digest: .zero))
      } else if let known = own[leaf.block] {
        found.leaves.append(known)
      }
    }
    stretch = found.leaves.count
  }

  private mutating func takeDamaged(_ header: FrameHeader) {
    guard header.kind == FrameKind.data.rawValue, header.count <= UInt32(FrameHeader.maximumChunks) else { return }
    // The record keeps the place of what follows; reading the block will tell what is wrong with it.
    add(block: header, [SHA256Digest](repeating: .zero, count: Int(header.count)))
  }

  private mutating func add(block header: FrameHeader, _ ids: [SHA256Digest]) {
    let next = UInt64(found.ids.count)
    guard header.first >= next, mayMiss(header.first - next, ofSize: Self.leastChunk) else { return }
    if header.first > next { addGap(until: header.first) }
    found.blocks.append(
      BlockRecord(
        offset: header.offset, firstChunk: header.first, storedLength: header.storedLength,
        rawLength: header.rawLength))
    found.ids += ids
  }

  /// Chunks take 33 bytes at least, so what is left of an archive says how many can have been lost.
  private static let leastChunk: UInt64 = 33

  /// Whether so many things may be missing.
  private mutating func mayMiss(_ count: UInt64, ofSize size: UInt64) -> Bool {
    guard count <= gapBudget / size else { return false }
    gapBudget -= count * size
    return true
  }

  /// Chunks of which nothing is left.
  private mutating func addGap(until end: UInt64) {
    let next = UInt64(found.ids.count)
    found.findings.lostChunks += end - next
    found.blocks.append(BlockRecord(offset: source.size, firstChunk: next, storedLength: 0, rawLength: 0))
    found.ids += [SHA256Digest](repeating: .zero, count: Int(end - next))
  }

  /// Enters a block of the index under its number.
  private mutating func place(_ header: FrameHeader, _ digest: SHA256Digest) -> Bool {
    let next = UInt64(found.index.count)
    guard header.first >= next, mayMiss(header.first - next, ofSize: UInt64(FrameHeader.size)) else { return false }
    let nothing = IndexRecord(offset: source.size, storedLength: 0, rawLength: 0, digest: .zero)
    found.findings.lostTreeBlocks += header.first - next
    found.index += [IndexRecord](repeating: nothing, count: Int(header.first - next))
    found.index.append(
      IndexRecord(
        offset: header.offset, storedLength: header.storedLength, rawLength: header.rawLength, digest: digest))
    return true
  }

  // MARK: - The end

  private mutating func finishTables() {
    let chunks = found.residence?.chunks ?? found.footer.chunks
    if chunks > UInt64(found.ids.count), mayMiss(chunks - UInt64(found.ids.count), ofSize: Self.leastChunk) {
      addGap(until: chunks)
    }
    if !found.findings.hasFooter {
      found.footer.tag = found.superblock.tag
      found.footer.uuid = found.superblock.uuid
      found.footer.depth = found.superblock.depth
      found.footer.offset = source.size
      // In a merged archive the tree stands before the data.
      found.findings.namelessChunks = found.residence == nil ? UInt64(found.ids.count - namedChunks) : 0
    }
    found.footer.chunks = min(UInt64(found.ids.count), found.residence?.ownChunks ?? .max)
    found.footer.storedBytes = found.blocks.reduce(0) { $0 + UInt64($1.storedLength) }
    found.footer.rawBytes = found.blocks.reduce(0) { $0 + UInt64($1.rawLength) }
  }

  private mutating func finishTree() {
    // Leaves come in the order of the tree; one that does not follow was not written by an honest writer.
    var leaves: [LeafRecord] = []
    for leaf in found.leaves {
      if let last = leaves.last, !EntryPath.precedes(last.separator, leaf.separator) { continue }
      leaves.append(leaf)
    }
    if !leaves.isEmpty { leaves[0].separator = [] }
    found.leaves = leaves
    found.findings.hasWholeTree =
      directory.map(\.digest) == leaves.map(\.digest) && (!directory.isEmpty || found.findings.hasFooter)
    if !found.findings.hasWholeTree, !provisional.isEmpty { takeProvisional() }
    if let open, !found.findings.hasWholeTree, isBehindAll(open.path) {
      var entry = open
      entry.warnings.insert(.unreadable)
      var encoder = TreeBlockEncoder()
      encoder.add(entry)
      found.loose[leaves.count] = encoder.bytes
      found.leaves.append(
        LeafRecord(
          separator: leaves.isEmpty ? [] : entry.path, entries: 1, ordinal: found.superblock.depth, block: 0,
          digest: .zero))
      found.findings.unfinishedFile = entry.path
    }
    found.footer.entries = found.leaves.reduce(0) { $0 &+ $1.entries }
  }

  /// The raw bytes of a leaf.
  private func leaf(_ number: UInt64) -> [UInt8]? {
    guard number < UInt64(found.index.count) else { return nil }
    let frames = FrameReader(source: source, tag: found.superblock.tag)
    guard let frame = try? frames.frame(at: found.index[Int(number)].offset, .tree) else { return nil }
    return try? unpacker.unpack(frame)
  }

  /// Makes leaves of what came in any order, and of the leaves in order that are there.
  private mutating func takeProvisional() {
    let tree = ProvisionalTree(depth: found.superblock.depth)
    for number in provisional + found.leaves.map(\.block) {
      if let raw = leaf(number) { tree.add(raw) }
    }
    guard let leaves = try? tree.leaves() else { return }
    found.leaves = []
    for (number, leaf) in leaves.enumerated() {
      found.loose[number] = leaf.bytes
      found.leaves.append(
        LeafRecord(
          separator: number == 0 ? [] : leaf.first, entries: UInt64(leaf.entries),
          ordinal: found.superblock.depth, block: 0, digest: .zero))
    }
    found.findings.unfinishedFile = tree.unfinished
  }
}
