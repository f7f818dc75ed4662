// SPDX-License-Identifier: Apache-2.0

/// What a reader knows of the archives of its chain.
internal import CodecKit

extension ArchiveReader {
  /// The archives that this one is made upon, the full archive first.
  public var ancestors: [Ancestor] { store.ancestors }

  /// The archive that holds what references with an ordinal mean.
  ///
  /// - Throws: `missingParent` or `wrongParent` for an ancestor that is not there.
  func member(_ ordinal: UInt32) throws(ArchiveError) -> ChainMember {
    own.holds(ordinal) ? own : try store.member(ordinal)
  }

  /// Where chunks lie.
  ///
  /// - Parameters:
  ///   - ordinal: the archive that they are numbered in.
  ///   - first: the number of the first one.
  ///   - count: how many there are.
  /// - Throws: `missingParent`, or what says that there are no such chunks.
  func place(_ ordinal: UInt32, _ first: UInt64, _ count: UInt64) throws(ArchiveError) -> ChunkPlace {
    let member = try member(ordinal)
    return ChunkPlace(holder: member.depth, first: try member.place(ordinal, first, count))
  }

  /// The archive of a depth, with its data.
  ///
  /// - Throws: `missingParent` when it is not there, or nothing of it but its index; `unsupportedFeature` when this
  ///   archive is an index.
  func holder(_ depth: UInt32) throws(ArchiveError) -> ChainMember {
    guard depth == own.depth else { return try store.holder(depth) }
    guard !own.isDetachedIndex else {
      throw ArchiveError(
        .unsupportedFeature, "this is an index: names and digests are in it, the data is in the archive it belongs to")
    }
    return own
  }

  /// The ids of all chunks of one archive of the chain.
  func idTable(_ ordinal: UInt32) throws(ArchiveError) -> Table<SHA256Digest> {
    guard let table = try member(ordinal).ids(of: ordinal) else {
      throw .corrupt("something lies in an archive that is no ancestor")
    }
    return table
  }

  /// Throws unless directory and chunk ids are those that the contentRoot stands for.
  func checkContentRoot() throws(ArchiveError) { try store.checkRoots(of: own, directory: directoryDigest) }

  /// Throws unless an archive of the chain holds what the archives above it were made upon.
  func checkMember(_ depth: UInt32) throws(ArchiveError) {
    if depth == own.depth { try checkContentRoot() } else { try store.check(depth) }
  }
}
