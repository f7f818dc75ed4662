// SPDX-License-Identifier: Apache-2.0

/// Opens the ancestors of an archive.
internal import CodecKit

/// Looks for ancestors, and accepts only what holds what the descendant was made upon.
final class AncestorSearch: Sendable {
  /// What is known of a candidate that was looked at.
  private enum Candidate: Sendable {
    case archive(uuid: ArchiveUUID, root: SHA256Digest, depth: UInt32)
    /// It cannot be used for anything.
    case unusable(ArchiveError)
  }

  private let ancestors: [Ancestor]
  private let finder: (any AncestorFinder)?
  private let registry: CodecRegistry
  /// By name: each is opened once, however many ancestors are looked for.
  private let candidates = Guarded<[String: Candidate]>([:])

  init(_ ancestors: [Ancestor], _ finder: (any AncestorFinder)?, _ registry: CodecRegistry) {
    self.ancestors = ancestors
    self.finder = finder
    self.registry = registry
  }

  /// - Returns: the ancestor; an index of it when only that is there.
  /// - Throws: `missingParent` when nothing like it is found, `wrongParent` when it holds something else, or what is
  ///   wrong with the file that has its name.
  func member(_ ordinal: UInt32) throws(ArchiveError) -> ChainMember {
    let ancestor = ancestors[Int(ordinal)]
    var found: ChainMember?
    var index: ChainMember?
    var wrong: ArchiveError?
    try finder?.find(ancestor) { (source, name) throws(ArchiveError) in
      let isNamed = Self.isNamed(name, ancestor)
      switch candidates.withLock({ $0[name] }) {
      case .archive(let uuid, let root, let depth)?:
        if root != ancestor.contentRoot || depth != ordinal {
          if isNamed || uuid == ancestor.uuid { wrong = wrong ?? Self.isAnother(name) }
          return false
        }
      case .unusable(let error)?:
        if isNamed { wrong = wrong ?? error }
        return false
      case nil: break
      }
      let candidate: ChainMember
      do throws(ArchiveError) {
        guard let opened = try ChainMember.open(source, registry, name: name) else {
          throw ArchiveError(.truncated, "the archive has no end: it was cut, or was never completed").inside(name)
        }
        candidate = opened
      } catch {
        // It may be another archive that is damaged.
        let error = error.inside(name)
        candidates.withLock { $0[name] = .unusable(error) }
        if isNamed { wrong = wrong ?? error }
        return false
      }
      let footer = candidate.summary.footer
      candidates.withLock {
        $0[name] = .archive(uuid: footer.uuid, root: footer.contentRoot, depth: footer.depth)
      }
      guard footer.contentRoot == ancestor.contentRoot, footer.depth == ordinal else {
        if isNamed || footer.uuid == ancestor.uuid { wrong = wrong ?? Self.isAnother(name) }
        return false
      }
      // The root covers that of the parent, so this is found out from an honest archive's descendant alone.
      guard candidate.summary.superblock.parentRoot == (ordinal > 0 ? ancestors[Int(ordinal) - 1].contentRoot : nil)
      else {
        wrong = ArchiveError(.wrongParent, "\(name) was made upon other archives than its descendant says")
        return false
      }
      if candidate.isDetachedIndex {
        index = index ?? candidate
        return false
      }
      found = candidate
      return true
    }
    if let found = found ?? index { return found }
    if let wrong { throw wrong }
    throw ArchiveError(.missingParent, "\(Self.name(of: ancestor)), which the archive is made upon, is not there")
  }

  /// What people call an ancestor that has not been found.
  static func name(of ancestor: Ancestor) -> String {
    ancestor.name.isEmpty
      ? "archive \(ancestor.uuid)" : "\(String(decoding: ancestor.name, as: UTF8.self)) (\(ancestor.uuid))"
  }

  private static func isAnother(_ name: String) -> ArchiveError {
    ArchiveError(.wrongParent, "\(name) is not what the archive was made upon: it holds something else")
  }

  private static func isNamed(_ path: String, _ ancestor: Ancestor) -> Bool {
    !ancestor.name.isEmpty && Array(path.utf8).suffix(ancestor.name.count).elementsEqual(ancestor.name)
  }
}
