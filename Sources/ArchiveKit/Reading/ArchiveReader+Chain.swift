// SPDX-License-Identifier: Apache-2.0

/// The archives that an increment is made upon, and whether they are what it says.
internal import CodecKit

/// Where chunks lie: the archive that holds them, and the number of the first of them there.
struct ChunkPlace: Hashable, Sendable {
  /// The depth of the archive.
  var holder: UInt32
  var first: UInt64
}

extension ArchiveReader {
  /// The archive that holds what references with an ordinal mean.
  ///
  /// - Throws: `missingParent` or `wrongParent` for an ancestor that is not there.
  func member(_ ordinal: UInt32) throws(ArchiveError) -> ChainMember {
    if own.holds(ordinal) { return own }
    guard ordinal < UInt32(ancestors.count) else {
      throw .corrupt("something lies in an archive that is no ancestor")
    }
    if let known = members.withLock({ $0[ordinal] }) { return try known.get() }
    let result: Result<ChainMember, ArchiveError>
    do throws(ArchiveError) { result = .success(try find(ordinal)) } catch { result = .failure(error) }
    members.withLock { $0[ordinal] = result }
    return try result.get()
  }

  private func find(_ ordinal: UInt32) throws(ArchiveError) -> ChainMember {
    do throws(ArchiveError) {
      return try search.member(ordinal)
    } catch {
      // It may have been merged into one of its descendants.
      var next = ordinal + 1
      while next < UInt32(ancestors.count) {
        if let merged = try? member(next), merged.holds(ordinal) { return merged }
        next += 1
      }
      throw error
    }
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
  /// - Throws: `missingParent` when it is not there, or nothing of it but its index.
  func holder(_ depth: UInt32) throws(ArchiveError) -> ChainMember {
    let member = try member(depth)
    guard !member.isDetachedIndex else {
      let name = member.name ?? "the archive"
      throw ArchiveError(
        depth == own.depth ? .unsupportedFeature : .missingParent, "of \(name) only the index is there, not its data")
    }
    return member
  }

  /// Throws unless directory and chunk ids are those that the contentRoot stands for.
  func checkContentRoot() throws(ArchiveError) { try check(own, directory: directoryDigest) }

  /// Throws unless an archive of the chain holds what the archives above it were made upon. Each is looked at once.
  func checkMember(_ depth: UInt32) throws(ArchiveError) {
    let member = try holder(depth)
    if depth == own.depth || checked.withLock({ $0.contains(depth) }) { return }
    do throws(ArchiveError) {
      try check(member, directory: try member.directory().digest)
    } catch {
      throw error.inside(member.name)
    }
    checked.withLock { _ = $0.insert(depth) }
  }

  private func check(_ member: ChainMember, directory: SHA256Digest) throws(ArchiveError) {
    let parent = member.summary.superblock.parentRoot
    guard try Self.root(parent, member.ids, directory) == member.summary.footer.contentRoot else {
      throw ArchiveError(
        .checksumMismatch, "the content is not what the archive's root says", offset: member.summary.footer.offset)
    }
    guard let residence = member.residence else { return }
    for (ordinal, part) in residence.members.enumerated() {
      let parent = ordinal > 0 ? ancestors[ordinal - 1].contentRoot : nil
      guard try Self.root(parent, member.residentIDs[ordinal], part.directory) == ancestors[ordinal].contentRoot else {
        throw ArchiveError(
          .checksumMismatch, "an ancestor that is held inside is not what its root says",
          offset: member.summary.footer.offset)
      }
    }
  }

  private static func root(
    _ parent: SHA256Digest?, _ ids: Table<SHA256Digest>, _ directory: SHA256Digest
  ) throws(ArchiveError) -> SHA256Digest {
    var root = ContentRoot(parent: parent, chunks: ids.count)
    for frame in 0..<ids.frameCount { root.addIDs(digest: try ids.records(inFrame: frame, isKept: false).digest) }
    return root.finish(directory: directory)
  }
}
