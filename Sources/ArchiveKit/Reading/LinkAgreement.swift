// SPDX-License-Identifier: Apache-2.0

/// Whether the names of one file agree on what it holds.

/// Remembers what the first name of each hard link group said, in a few bytes each.
struct LinkAgreement {
  private var groups: [ArchiveEntry.LinkGroup: Int] = [:]

  /// Throws when an entry has another content than an earlier name of the same file.
  mutating func note(_ entry: ArchiveEntry) throws(ArchiveError) {
    guard let group = entry.linkGroup else { return }
    // The seed is of this run, so nobody can prepare two contents with one hash.
    var hasher = Hasher()
    hasher.combine(entry.kind)
    hasher.combine(entry.size)
    hasher.combine(entry.content)
    hasher.combine(entry.digest)
    hasher.combine(entry.target)
    hasher.combine(entry.device.major)
    hasher.combine(entry.device.minor)
    let hash = hasher.finalize()
    guard groups.updateValue(hash, forKey: group) ?? hash == hash else {
      throw ArchiveError(.unsafeTree, "names of one file have different contents", path: entry.path)
    }
  }
}
