// SPDX-License-Identifier: Apache-2.0

/// Files with several names, so that their content is taken once.
internal import SystemIO

/// Remembers files with several names until all of them have come.
struct LinkTable {
  private struct Key: Hashable {
    let device: UInt64
    let inode: UInt64

    init(device: UInt64, inode: UInt64) {
      self.device = device
      self.inode = inode
    }

    init(_ status: FileStatus) { self.init(device: status.device, inode: status.inode) }
  }

  private struct Known {
    let entry: ArchiveEntry
    let stamp: Stamp?
    var namesLeft: UInt64
  }

  /// What came of taking over a group of the parent.
  enum Adoption {
    /// This is the first name of the file.
    case first
    /// Another name came before.
    case further
    /// The group has been given to another file, or the file to another group.
    case refused
  }

  private let ordinal: UInt32
  private var known: [Key: Known] = [:]
  private var groups: UInt64 = 0
  /// Which file has which group of the parent.
  private var adopted: [ArchiveEntry.LinkGroup: Key] = [:]

  /// - Parameters:
  ///   - ordinal: the depth of the archive.
  ///   - first: the number of the first group that is new.
  init(ordinal: UInt32, first: UInt64) {
    self.ordinal = ordinal
    groups = first
  }

  /// A group for a file whose first name this is: that of the parent, if no other file has it, or a fresh one.
  mutating func group(_ status: FileStatus, like parent: ParentEntry?) -> ArchiveEntry.LinkGroup {
    // A file of which nothing is known but the name may be another one now; then so may all of its names.
    if let group = parent?.entry.linkGroup, parent?.entry.kind != .directory,
      parent?.leaf.stamps.isEmpty == true || parent?.stamp?.inode == status.inode, adopted[group] == nil
    {
      adopted[group] = Key(status)
      return group
    }
    groups += 1
    return ArchiveEntry.LinkGroup(ordinal: ordinal, number: groups - 1)
  }

  /// Takes over a file with its group from the parent.
  mutating func adopt(
    _ group: ArchiveEntry.LinkGroup, _ status: FileStatus, _ entry: ArchiveEntry, _ stamp: Stamp?
  ) -> Adoption {
    let key = Key(status)
    if let other = adopted[group], other != key { return .refused }
    if let found = known[key] {
      guard found.entry.linkGroup == group else { return .refused }
      _ = take(status, entry.kind)
      return .further
    }
    adopted[group] = key
    note(status, entry, stamp)
    return .first
  }

  /// Remembers the first name.
  mutating func note(_ status: FileStatus, _ entry: ArchiveEntry, _ stamp: Stamp?) {
    known[Key(status)] = Known(entry: entry, stamp: stamp, namesLeft: status.links - 1)
  }

  /// Whether the file may be known.
  func contains(device: UInt64, inode: UInt64) -> Bool {
    !known.isEmpty && known[Key(device: device, inode: inode)] != nil
  }

  /// What is known of a further name; forgotten with the last one.
  mutating func take(_ status: FileStatus, _ kind: ArchiveEntry.Kind) -> (entry: ArchiveEntry, stamp: Stamp?)? {
    guard !known.isEmpty else { return nil }
    let key = Key(status)
    // A number that has another kind now has been given to another file.
    guard var found = known[key], found.entry.kind == kind else { return nil }
    found.namesLeft -= 1
    known[key] = found.namesLeft == 0 ? nil : found
    return (found.entry, found.stamp)
  }
}
