// SPDX-License-Identifier: Apache-2.0

/// Files with several names, so that their content is taken once.
internal import SystemIO

/// Remembers files with several names until all of them have come.
struct LinkTable {
  private struct Key: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  private struct Known {
    let entry: ArchiveEntry
    let stamp: Stamp?
    var namesLeft: UInt64
  }

  private var known: [Key: Known] = [:]
  private var groups: UInt64 = 0

  /// A number for the next group.
  mutating func nextGroup() -> ArchiveEntry.LinkGroup {
    groups += 1
    return ArchiveEntry.LinkGroup(ordinal: 0, number: groups - 1)
  }

  /// Remembers the first name.
  mutating func note(_ status: FileStatus, _ entry: ArchiveEntry, _ stamp: Stamp?) {
    known[Key(device: status.device, inode: status.inode)] = Known(
      entry: entry, stamp: stamp, namesLeft: status.links - 1)
  }

  /// Whether the file may be known.
  func contains(device: UInt64, inode: UInt64) -> Bool {
    !known.isEmpty && known[Key(device: device, inode: inode)] != nil
  }

  /// What is known of a further name; forgotten with the last one.
  mutating func take(_ status: FileStatus, _ kind: ArchiveEntry.Kind) -> (entry: ArchiveEntry, stamp: Stamp?)? {
    guard !known.isEmpty else { return nil }
    let key = Key(device: status.device, inode: status.inode)
    // A number that has another kind now has been given to another file.
    guard var found = known[key], found.entry.kind == kind else { return nil }
    found.namesLeft -= 1
    known[key] = found.namesLeft == 0 ? nil : found
    return (found.entry, found.stamp)
  }
}
