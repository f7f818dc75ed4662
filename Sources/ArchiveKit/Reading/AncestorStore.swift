// SPDX-License-Identifier: Apache-2.0

/// The archives that an increment is made upon, opened when something is needed of them.
internal import CodecKit

/// Where chunks lie: the archive that holds them, and the number of the first of them there.
struct ChunkPlace: Hashable, Sendable {
  /// The depth of the archive.
  var holder: UInt32
  var first: UInt64
}

/// Opens the ancestors of an archive, each once, and checks whether they are what it says.
final class AncestorStore: Sendable {
  /// What is known of them, the full archive first.
  let ancestors: [Ancestor]
  private let search: AncestorSearch
  let finder: (any AncestorFinder)?
  private let registry: CodecRegistry
  /// Those that have been looked for.
  private let members = Guarded<[UInt32: Result<ChainMember, ArchiveError>]>([:])
  /// Those that are what they should be.
  private let checked = Guarded<Set<UInt32>>([])

  init(_ ancestors: [Ancestor], _ finder: (any AncestorFinder)?, _ registry: CodecRegistry) {
    self.ancestors = ancestors
    self.finder = finder
    self.registry = registry
    search = AncestorSearch(ancestors, finder, registry)
  }

  /// The archive that holds what references with an ordinal mean.
  ///
  /// - Throws: `missingParent` or `wrongParent` when it is not there.
  func member(_ ordinal: UInt32) throws(ArchiveError) -> ChainMember {
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
    let found: Result<ChainMember, ArchiveError>
    do throws(ArchiveError) { found = .success(try search.member(ordinal)) } catch { found = .failure(error) }
    if case .success(let member) = found, !member.isDetachedIndex { return member }
    // It may have been merged into one of its descendants. The last of these holds all that comes behind it needs.
    var index: ChainMember?
    for next in ((ordinal + 1)..<max(ordinal + 1, UInt32(ancestors.count))).reversed() {
      guard let merged = try? member(next), merged.depth > ordinal, merged.holds(ordinal) else { continue }
      if !merged.isDetachedIndex { return merged }
      index = index ?? merged
    }
    if case .failure = found, let index { return index }
    return try found.get()
  }

  /// The archive of a depth, with its data.
  ///
  /// - Throws: `missingParent` when it is not there, or nothing of it but its index.
  func holder(_ depth: UInt32) throws(ArchiveError) -> ChainMember {
    let member = try member(depth)
    guard !member.isDetachedIndex else {
      throw ArchiveError(
        .missingParent, "of \(member.name ?? "an ancestor") only the index is there, not its data")
    }
    return member
  }

  /// An ancestor with its tree.
  func reader(_ ordinal: UInt32) throws(ArchiveError) -> ArchiveReader {
    let member = try member(ordinal)
    guard member.depth == ordinal else {
      throw ArchiveError(.missingParent, "\(AncestorSearch.name(of: ancestors[Int(ordinal)])) is there in parts only")
    }
    return try ArchiveReader(member.frames.source, ancestors: finder, registry: registry)
  }

  /// Throws unless an ancestor holds what the archives above it were made upon. Each is looked at once.
  func check(_ depth: UInt32) throws(ArchiveError) {
    let member = try member(depth)
    if checked.withLock({ $0.contains(member.depth) }) { return }
    do throws(ArchiveError) {
      try checkRoots(of: member, directory: try member.directory().digest)
    } catch {
      throw error.inside(member.name)
    }
    checked.withLock { _ = $0.insert(member.depth) }
  }

  /// Throws unless the ids of an archive, and a directory with this digest, are those that its contentRoot stands for;
  /// of a merged one, those of its ancestors too.
  func checkRoots(of member: ChainMember, directory: SHA256Digest) throws(ArchiveError) {
    let footer = member.summary.footer
    guard try Self.root(member.summary.superblock.parentRoot, member.ids, directory) == footer.contentRoot else {
      throw ArchiveError(
        .checksumMismatch, "the content is not what the archive's root says", offset: footer.offset)
    }
    guard let residence = member.residence else { return }
    for (ordinal, part) in residence.members.enumerated() {
      let parent = ordinal > 0 ? ancestors[ordinal - 1].contentRoot : nil
      guard try Self.root(parent, member.residentIDs[ordinal], part.directory) == ancestors[ordinal].contentRoot else {
        throw ArchiveError(
          .checksumMismatch, "an ancestor that was moved into the archive is not what its root says",
          offset: footer.offset)
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
