// SPDX-License-Identifier: Apache-2.0

/// The contents of files with several names.

/// Remembers what the first name of a file holds, for the others.
struct LinkedFiles {
  private var contents: [ArchiveEntry.LinkGroup: (entry: ArchiveEntry, dataLength: UInt64)] = [:]

  mutating func note(_ entry: ArchiveEntry, dataLength: UInt64) {
    guard let group = entry.linkGroup else { return }
    contents[group] = (entry, dataLength)
  }

  func first(of entry: ArchiveEntry) -> (entry: ArchiveEntry, dataLength: UInt64)? {
    entry.linkGroup.flatMap { contents[$0] }
  }
}
