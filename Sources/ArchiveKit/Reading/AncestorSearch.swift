// SPDX-License-Identifier: Apache-2.0

/// Opens the ancestors of an archive.
internal import CodecKit

/// Looks for one ancestor, and accepts it only if it holds what its descendant was made upon.
struct AncestorSearch {
  private let finder: (any AncestorFinder)?
  private let registry: CodecRegistry

  init(_ finder: (any AncestorFinder)?, _ registry: CodecRegistry) {
    self.finder = finder
    self.registry = registry
  }

  /// - Throws: `missingParent` when nothing like it is found, `wrongParent` when it holds something else.
  func member(_ ancestor: Ancestor) throws(ArchiveError) -> ChainMember {
    var found: ChainMember?
    var index: ChainMember?
    var wrong: ArchiveError?
    try finder?.find(ancestor) { (source, name) throws(ArchiveError) in
      let candidate: ChainMember?
      do throws(ArchiveError) {
        candidate = try ChainMember.open(source, registry)
      } catch {
        // It may be another archive that is damaged.
        if Self.isNamed(name, ancestor) { wrong = wrong ?? error }
        return false
      }
      guard let candidate else {
        if Self.isNamed(name, ancestor) {
          wrong = wrong ?? ArchiveError(.truncated, "\(name), which the archive is made upon, has no end")
        }
        return false
      }
      let footer = candidate.summary.footer
      guard footer.contentRoot == ancestor.contentRoot, footer.depth == ancestor.ordinal else {
        if footer.uuid == ancestor.uuid || Self.isNamed(name, ancestor) {
          wrong = ArchiveError(.wrongParent, "\(name) is not what the archive was made upon: it holds something else")
        }
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
    let name = ancestor.name.isEmpty ? "an archive" : String(decoding: ancestor.name, as: UTF8.self)
    throw ArchiveError(
      .missingParent, "\(name) (\(ancestor.uuid)), which the archive is made upon, is not there")
  }

  private static func isNamed(_ path: String, _ ancestor: Ancestor) -> Bool {
    !ancestor.name.isEmpty && Array(path.utf8).suffix(ancestor.name.count).elementsEqual(ancestor.name)
  }
}
