// SPDX-License-Identifier: Apache-2.0

/// Compares the trees of two archives.
internal import CodecKit
internal import SystemIO

/// Finds what two archives do not have in common, by content and metadata.
///
/// Parts of the tree that both share are passed over without being read, and so is content that both have from the same
/// place: of members of one chain hardly more is read than what has changed.
public struct ArchiveComparison {
  private let old: ArchiveReader
  private let new: ArchiveReader
  private let aspects: ArchiveDifference.Aspects
  /// Where the content of the second tree is, when it is in no archive.
  private let folder: Path?
  /// How many of the archives that both are made of are the same, from the full one on.
  private let sharedMembers: Int
  /// Whether one is an ancestor of the other, so that references mean the same in both.
  private let isOneChain: Bool

  /// Prepares a comparison.
  ///
  /// - Parameters:
  ///   - old: the first archive. Detached indexes will do, unless files have to be compared byte by byte because the
  ///     archives cut them differently.
  ///   - new: the second archive.
  ///   - aspects: what is compared. Default: everything.
  public init(_ old: ArchiveReader, _ new: ArchiveReader, _ aspects: ArchiveDifference.Aspects = .all) {
    self.init(old, new, aspects, folder: nil)
  }

  init(_ old: ArchiveReader, _ new: ArchiveReader, _ aspects: ArchiveDifference.Aspects, folder: Path?) {
    self.old = old
    self.new = new
    self.aspects = aspects
    self.folder = folder
    func lineage(_ archive: ArchiveReader) -> [SHA256Digest] {
      archive.ancestors.map(\.contentRoot) + [archive.summary.footer.contentRoot]
    }
    let (first, second) = (lineage(old), lineage(new))
    sharedMembers = zip(first, second).prefix { $0 == $1 }.count
    isOneChain = sharedMembers == min(first.count, second.count)
  }

  /// Compares.
  ///
  /// - Parameters:
  ///   - selects: whether a path counts. Default: all do.
  ///   - body: gets each difference, in the order of the tree; throws to give up.
  /// - Throws: what `body` throws, or what says that an archive is damaged.
  public func forEachDifference(
    selecting selects: ([UInt8]) -> Bool = { _ in true },
    _ body: (ArchiveDifference) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    var (left, right) = (SharingCursor(old), SharingCursor(new))
    while true {
      SharingCursor.skipShared(&left, &right, of: sharedMembers)
      let (first, second) = (try left.peek(), try right.peek())
      switch (first, second) {
      case (nil, nil): return
      case (let first?, let second?) where first.path == second.path:
        left.advance()
        right.advance()
        guard selects(first.path) else { continue }
        let differing = try differing(first, second)
        if !differing.isEmpty { try body(ArchiveDifference(old: first, new: second, aspects: differing)) }
      case (let first?, let second) where second.map({ EntryPath.precedes(first.path, $0.path) }) ?? true:
        left.advance()
        if selects(first.path) { try body(ArchiveDifference(old: first, new: nil, aspects: [])) }
      case (_, let second?):
        right.advance()
        if selects(second.path) { try body(ArchiveDifference(old: nil, new: second, aspects: [])) }
      default: return
      }
    }
  }

  private func differing(
    _ first: ArchiveEntry, _ second: ArchiveEntry
  ) throws(ArchiveError) -> ArchiveDifference.Aspects {
    guard first.kind == second.kind else { return aspects.intersection(.kind) }
    var differing: ArchiveDifference.Aspects = []
    if first.mode != second.mode { differing.insert(.mode) }
    if first.owner != second.owner { differing.insert(.owner) }
    if first.modificationTime != second.modificationTime { differing.insert(.modificationTime) }
    if first.target != second.target { differing.insert(.target) }
    if first.device != second.device { differing.insert(.device) }
    if Self.sorted(first.attributes) != Self.sorted(second.attributes) { differing.insert(.attributes) }
    differing.formIntersection(aspects)
    if aspects.contains(.content), first.kind == .file, try !hasSameContent(first, second) {
      differing.insert(.content)
    }
    return differing
  }

  private static func sorted(_ attributes: [ExtendedAttribute]) -> [ExtendedAttribute] {
    attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  // MARK: - Content

  private func hasSameContent(_ first: ArchiveEntry, _ second: ArchiveEntry) throws(ArchiveError) -> Bool {
    if first.size != second.size { return false }
    if first.size == 0 || (isOneChain && first.content == second.content) { return true }
    if let one = first.plainDigest, let other = second.plainDigest { return one == other }
    if let one = first.digest, let other = second.digest {
      if one == other { return true }
      // Cut at the same places, other digests are other bytes; but holes are zeros like any other.
      if case .pages = first.cut, first.cut == second.cut, !hasHoles(first), !hasHoles(second) { return false }
    } else if first.digest == nil, second.digest == nil {
      return try chunkID(old, first) == chunkID(new, second)
    }
    return try hasSameBytes(first, second)
  }

  private func hasHoles(_ entry: ArchiveEntry) -> Bool {
    guard case .runs(let runs) = entry.content else { return true }
    return runs.contains { if case .hole = $0 { true } else { false } }
  }

  /// The id of a file's only chunk.
  private func chunkID(_ archive: ArchiveReader, _ entry: ArchiveEntry) throws(ArchiveError) -> SHA256Digest? {
    guard case .chunks(let ordinal, let first, _, _) = try archive.runs(of: entry).first else { return nil }
    return try archive.id(ChunkReference(ordinal: ordinal, number: first))
  }

  /// Compares byte by byte: the archives have cut the file differently.
  private func hasSameBytes(_ first: ArchiveEntry, _ second: ArchiveEntry) throws(ArchiveError) -> Bool {
    guard let folder else { return try Self.digest(old, first) == Self.digest(new, second) }
    let fileDigest: SHA256Digest
    do throws(IOError) {
      let file = try FileHandle.open(folder.joining(second.path), [.noFollow, .nonBlocking])
      var buffer = ByteBuffer()
      var digest = SHA256()
      while true {
        buffer.removeAll()
        buffer.reserve(1 << 20)
        let count = try buffer.lend { (buffer: inout ByteBuffer) throws(IOError) -> Int in
          var room = buffer.room(atMost: 1 << 20)
          let count = try file.read(into: &room)
          buffer.didAppend(count)
          return count
        }
        if count == 0 { break }
        buffer.lend { digest.update($0.bytes) }
      }
      fileDigest = digest.value
    } catch {
      throw ArchiveError(error, path: second.path)
    }
    return try Self.digest(old, first) == fileDigest
  }

  private static func digest(_ archive: ArchiveReader, _ entry: ArchiveEntry) throws(ArchiveError) -> SHA256Digest {
    var digest = SHA256()
    try archive.read(entry) { (bytes: RawSpan) throws(ArchiveError) in digest.update(bytes) }
    return digest.value
  }
}

/// Entries of an archive, leaf by leaf, so that leaves can be passed over.
private struct SharingCursor {
  private let archive: ArchiveReader
  private var leaf = 0
  private var cursor: LeafCursor?
  private var last: ArchiveEntry?
  private var head: ArchiveEntry?

  init(_ archive: ArchiveReader) { self.archive = archive }

  /// Whether the next entry is the first of a leaf.
  private var isAtLeaf: Bool { cursor == nil && head == nil && leaf < archive.leaves.count }

  /// Passes over leaves that are the same in both, as long as both begin one.
  ///
  /// - Parameter members: how many archives both are made of. What refers to others means something else in each, though
  ///   it be the same bytes.
  static func skipShared(_ left: inout SharingCursor, _ right: inout SharingCursor, of members: Int) {
    while left.isAtLeaf, right.isAtLeaf, left.archive.leaves[left.leaf].ordinal < members,
      left.archive.leaves[left.leaf].digest == right.archive.leaves[right.leaf].digest,
      left.archive.leaves[left.leaf].ordinal == right.archive.leaves[right.leaf].ordinal
    {
      left.skip()
      right.skip()
    }
  }

  private mutating func skip() {
    leaf += 1
    last = nil
  }

  /// The next entry; `nil` at the end.
  mutating func peek() throws(ArchiveError) -> ArchiveEntry? {
    while head == nil, leaf < archive.leaves.count {
      if cursor == nil { cursor = try LeafCursor(archive, leaf: leaf, after: last) }
      head = try cursor?.nextEntry()
      if head == nil { endLeaf() }
    }
    return head
  }

  mutating func advance() {
    head = nil
    if cursor?.isComplete == true { endLeaf() }
  }

  private mutating func endLeaf() {
    last = cursor?.last
    cursor = nil
    leaf += 1
  }
}
