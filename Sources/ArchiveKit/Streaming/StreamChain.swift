// SPDX-License-Identifier: Apache-2.0

/// What an archive that comes through a pipe has in the archives it is made upon.
internal import CodecKit

/// A leaf of the tree, as a checkpoint or the directory names it.
struct StreamLeaf: Hashable, Sendable {
  var ordinal: UInt32
  var block: UInt64
}

/// The ancestors of the archive, once its first frame has named them.
final class StreamChain {
  /// The depth of the archive.
  private(set) var depth: UInt32
  private var store: AncestorStore?
  private let superblock: Superblock
  private let finder: (any AncestorFinder)?
  private let registry: CodecRegistry
  /// Leaves that have been written.
  private(set) var written: Set<StreamLeaf> = []
  /// What the directory has said so far.
  private(set) var directory: [LeafRecord] = []

  init(_ superblock: Superblock, _ finder: (any AncestorFinder)?, _ registry: CodecRegistry) {
    self.superblock = superblock
    self.finder = finder
    self.registry = registry
    depth = superblock.depth
  }

  /// Whether frames may come that speak of ancestors.
  var isReady: Bool { depth == 0 || store != nil }

  /// Takes the frame that names the ancestors.
  ///
  /// - Parameter isReplaced: whether the head was damaged, so that this is all that is known of them.
  func adopt(_ frame: Frame, isReplaced: Bool) throws(ArchiveError) {
    guard store == nil, frame.header.number == 0, depth > 0 || isReplaced else {
      throw .corrupt("ancestors are named where none may be", at: frame.header.offset)
    }
    let ancestors =
      isReplaced
      ? try Ancestry.decode(frame.body, count: frame.header.count) : try Ancestry.decode(frame.body, of: superblock)
    depth = UInt32(ancestors.count)
    store = AncestorStore(ancestors, finder, registry)
  }

  /// An ancestor with its data; it is what the archive was made upon.
  func holder(_ depth: UInt32) throws(ArchiveError) -> ChainMember {
    guard let store else { throw .corrupt("the archive does not say what it is made upon") }
    let member = try store.holder(depth)
    try store.check(depth)
    return member
  }

  /// Where chunks lie.
  func place(_ ordinal: UInt32, _ first: UInt64, _ count: UInt64) throws(ArchiveError) -> ChunkPlace {
    if ordinal == depth { return ChunkPlace(holder: depth, first: first) }
    let member = try holder(ordinal)
    return ChunkPlace(holder: member.depth, first: try member.place(ordinal, first, count))
  }

  /// A block of the index of an ancestor.
  ///
  /// - Parameter digest: what its raw bytes must be; `nil` when that is not known yet.
  func indexBlock(
    _ ordinal: UInt32, _ number: UInt64, _ kind: FrameKind, digest: SHA256Digest?
  ) throws(ArchiveError) -> (header: FrameHeader, raw: [UInt8], digest: SHA256Digest) {
    guard let store else { throw .corrupt("the archive does not say what it is made upon") }
    let member = try store.member(ordinal)
    let expected: SHA256Digest
    if let digest {
      expected = digest
    } else {
      expected = try member.index.record(try member.place(ordinal, index: number)).digest
    }
    let block = try member.indexBlock(ordinal, number, kind, digest: expected)
    return (block.header, block.raw, expected)
  }

  // MARK: - Leaves

  func didWrite(_ leaf: StreamLeaf) {
    if depth > 0 { written.insert(leaf) }
  }

  /// Takes a frame of the directory.
  func add(directory raw: [UInt8], count: UInt32) throws(ArchiveError) {
    var reader = FieldReader(raw)
    for _ in 0..<count {
      let leaf = try LeafRecord(&reader)
      guard leaf.ordinal <= depth else { throw .corrupt("the directory names an impossible leaf") }
      directory.append(leaf)
    }
  }

  /// The leaves of the directory that have not been written.
  var rest: [LeafRecord] {
    directory.filter { !written.contains(StreamLeaf(ordinal: $0.ordinal, block: $0.block)) }
  }
}
