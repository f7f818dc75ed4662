// SPDX-License-Identifier: Apache-2.0

/// Leaves that lie in the archives below the one that is recovered, or were moved into it.
internal import CodecKit

extension ArchiveRecovery {
  /// Finds out what is not known of leaves: their place in the tree, and where ancestors have them.
  mutating func finishLeaves() {
    if let residence = found.residence { name(by: residence) }
    if isDirectoryWhole {
      takeDirectory()
    } else {
      var leaves: [LeafRecord] = []
      for leaf in found.leaves {
        if let known = resolve(leaf) { leaves.append(known) } else { found.findings.lostTreeBlocks += 1 }
      }
      // Where the tree stands before the data, its blocks come archive by archive.
      if found.residence != nil { leaves.sort { EntryPath.precedes($0.separator, $1.separator) } }
      found.leaves = leaves
    }
  }

  /// Gives leaves of a merged archive the numbers that they have in their own.
  private mutating func name(by residence: Residence) {
    for index in found.leaves.indices {
      guard let origin = residence.origin(ofIndex: found.leaves[index].block) else { continue }
      found.leaves[index].ordinal = origin.ordinal
      found.leaves[index].block = origin.number
    }
  }

  /// Whether the directory is there in full.
  private var isDirectoryWhole: Bool {
    guard directory.allSatisfy({ $0.ordinal <= found.superblock.depth }) else { return false }
    if found.findings.hasFooter { return directory.reduce(0) { $0 &+ $1.entries } == found.footer.entries }
    return directoryHasEnd
  }

  /// The directory knows all leaves; those that are lost are left out.
  private mutating func takeDirectory() {
    let known = Set(found.leaves.map(\.digest))
    let own = found.superblock.depth
    let complete = directory.filter { leaf in
      leaf.ordinal < own && found.residence == nil || known.contains(leaf.digest)
    }
    found.leaves = complete
    found.findings.hasWholeTree = complete.count == directory.count
  }

  /// What is to be known of a leaf.
  private func resolve(_ leaf: LeafRecord) -> LeafRecord? {
    guard leaf.digest == .zero else { return leaf }
    var leaf = leaf
    guard let member = try? found.store.member(leaf.ordinal),
      let place = try? member.place(leaf.ordinal, index: leaf.block),
      let digest = try? member.index.record(place).digest,
      let raw = try? member.indexBlock(leaf.ordinal, leaf.block, .tree, digest: digest).raw
    else { return nil }
    var decoder = TreeBlockDecoder(raw, depth: leaf.ordinal)
    guard let first = try? decoder.next() else { return nil }
    leaf.digest = digest
    leaf.separator = first.path
    return leaf
  }

  /// Whether a path comes after everything in the leaves.
  func isBehindAll(_ path: [UInt8]) -> Bool {
    guard let last = found.leaves.last else { return true }
    guard let raw = try? raw(of: last) else { return false }
    var decoder = TreeBlockDecoder(raw, depth: last.ordinal)
    var final: [UInt8] = []
    while let entry = try? decoder.next() { final = entry.path }
    return EntryPath.precedes(final, path)
  }

  private func raw(of leaf: LeafRecord) throws(ArchiveError) -> [UInt8] {
    if leaf.ordinal < found.superblock.depth, found.residence == nil {
      return try found.store.member(leaf.ordinal).indexBlock(leaf.ordinal, leaf.block, .tree, digest: leaf.digest).raw
    }
    let place = found.residence?.place(leaf.ordinal, index: leaf.block) ?? leaf.block
    guard place < UInt64(found.index.count) else { throw .corrupt("a leaf is missing") }
    let frames = FrameReader(source: source, tag: found.superblock.tag)
    return try unpacker.unpack(try frames.frame(at: found.index[Int(place)].offset, .tree))
  }
}
