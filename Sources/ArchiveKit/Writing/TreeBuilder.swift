// SPDX-License-Identifier: Apache-2.0

/// The tree while it is written: entries become leaves, leaves become the directory.
internal import CodecKit

/// A leaf that is complete.
enum FinishedLeaf {
  /// One to be written.
  case own(OwnLeaf)
  /// One of the parent that is the same in this archive.
  case shared(LeafRecord)
}

/// A leaf of entries that are new, changed, or beside such.
struct OwnLeaf {
  var bytes: [UInt8]
  var entries: Int
  /// Not after its first path, and after every one of the leaf before.
  var separator: [UInt8]
  /// The raw bytes of its stamps; empty when there are none.
  var stamps: [UInt8]
}

/// Gathers entries.
///
/// A leaf of the parent whose entries all come again, and nothing between them, is listed and not written. Leaves that
/// are written end where those of the parent did, so that the ones behind them can be shared.
struct TreeBuilder {
  /// The raw bytes at which a leaf is complete.
  static let leafTarget = 384 << 10
  /// With a parent, a leaf may grow beyond that before it is divided: up to its end in the parent it is not far.
  private static let greatestLeaf = 512 << 10
  /// Smaller leaves are joined with what follows.
  private static let leastLeaf = 96 << 10

  private let keepsStamps: Bool
  /// Whether leaves end only where the caller says.
  private let followsLeaves: Bool
  private let limit: Int
  /// How the parent's leaves begin.
  private let borders: [[UInt8]]
  private var nextBorder = 0
  /// A leaf of the parent, and how many of its entries have come again.
  private var candidate: (leaf: ParentLeaf, count: Int)?

  private var encoder = TreeBlockEncoder()
  private var stamps = FieldWriter()
  private var hasStamps = false
  private var separator: [UInt8] = []
  private var last: [UInt8]?
  /// Leaves that nobody has taken yet.
  private var finished: [FinishedLeaf] = []
  private(set) var entries: UInt64 = 0
  /// Those of them that stand in leaves of this archive.
  private(set) var ownEntries: UInt64 = 0

  init(keepsStamps: Bool, followsLeaves: Bool = false, parents: [ArchiveReader] = []) {
    self.keepsStamps = keepsStamps
    self.followsLeaves = followsLeaves
    limit = parents.isEmpty ? Self.leafTarget : Self.greatestLeaf
    borders = parents.flatMap { $0.leaves.map(\.separator) }.sorted { EntryPath.precedes($0, $1) }
  }

  /// Whether a leaf of the parent has begun that may be shared.
  var isInParentLeaf: Bool { candidate != nil }

  /// Takes the next entry.
  ///
  /// - Throws: `invalidOption` when it does not follow the one before.
  mutating func add(_ entry: ArchiveEntry, _ stamp: Stamp?) throws(ArchiveError) {
    try giveUpSharing()
    try append(entry, stamp)
  }

  /// Takes the next entry, which is the parent's.
  mutating func add(unchanged parent: ParentEntry) throws(ArchiveError) {
    if let (leaf, count) = candidate, leaf === parent.leaf, count == parent.index {
      candidate = (leaf, count + 1)
    } else {
      try giveUpSharing()
      guard parent.index == 0, !followsLeaves else { return try append(parent.entry, parent.stamp) }
      candidate = (parent.leaf, 1)
    }
    guard let (leaf, count) = candidate, count == leaf.entries.count else { return }
    // Small leaves beside one that is written anyway are joined with it, lest there be more and more of them.
    guard encoder.count == 0 || encoder.length >= Self.leastLeaf || leaf.length >= Self.leastLeaf else {
      return try giveUpSharing()
    }
    closeLeaf()
    candidate = nil
    guard let first = leaf.entries.first?.path, let final = leaf.entries.last?.path else { return }
    try checkOrder(first)
    var record = leaf.record
    record.separator = last.map { EntryPath.separator(after: $0, notAfter: first) } ?? []
    finished.append(.shared(record))
    last = final
    entries += record.entries
  }

  /// Ends the leaf, however small.
  mutating func endLeaf() throws(ArchiveError) {
    try giveUpSharing()
    closeLeaf()
  }

  /// The first leaf that has been finished and not been taken.
  mutating func takeLeaf() -> FinishedLeaf? { finished.isEmpty ? nil : finished.removeFirst() }

  // MARK: - Leaves

  /// Writes the entries that were held back in the hope that their leaf could be shared.
  private mutating func giveUpSharing() throws(ArchiveError) {
    guard let (leaf, count) = candidate.take() else { return }
    for index in 0..<count { try append(leaf.entries[index], leaf.stamp(index)) }
  }

  private mutating func append(_ entry: ArchiveEntry, _ stamp: Stamp?) throws(ArchiveError) {
    try checkOrder(entry.path)
    while nextBorder < borders.count, !EntryPath.precedes(entry.path, borders[nextBorder]) {
      nextBorder += 1
      if encoder.length >= Self.leastLeaf { closeLeaf() }
    }
    if encoder.count == 0 {
      separator = last.map { EntryPath.separator(after: $0, notAfter: entry.path) } ?? []
    }
    encoder.add(entry)
    if keepsStamps {
      hasStamps = hasStamps || stamp != nil
      Stamp.write(stamp, to: &stamps)
    }
    last = entry.path
    entries += 1
    ownEntries += 1
    if encoder.length >= limit, !followsLeaves { closeLeaf() }
  }

  private func checkOrder(_ path: [UInt8]) throws(ArchiveError) {
    if let last, !EntryPath.precedes(last, path) {
      throw ArchiveError(.invalidOption, "entries do not come in the order of their paths", path: path)
    }
  }

  private mutating func closeLeaf() {
    guard encoder.count > 0 else { return }
    finished.append(
      .own(
        OwnLeaf(
          bytes: encoder.bytes, entries: encoder.count, separator: separator, stamps: hasStamps ? stamps.bytes : [])))
    encoder.removeAll()
    stamps.removeAll()
    hasStamps = false
  }
}
