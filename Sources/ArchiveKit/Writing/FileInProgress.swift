// SPDX-License-Identifier: Apache-2.0

/// A file whose chunks are coming in.
internal import CodecKit

/// The content of a file so far.
struct FileInProgress: ~Copyable {
  let entry: ArchiveEntry
  /// What the parent has under the same name.
  private let inParent: ParentEntry?
  private let stamp: Stamp?
  private var pages: ParentPages?
  private var content = ContentRuns()
  private var digest = ContentDigest()

  init(_ entry: ArchiveEntry, _ stamp: Stamp? = nil, parent inParent: ParentEntry? = nil) {
    self.entry = entry
    self.stamp = stamp
    self.inParent = inParent
    if let inParent { pages = ParentPages(inParent.leaf.archive, inParent.entry) }
  }

  /// Where the chunk that comes next is, if the parent has the same in the same place.
  mutating func inPlace(_ id: SHA256Digest, length: Int) throws(ArchiveError) -> ChunkReference? {
    try pages?.chunk(at: content.length, length: length, id: id)
  }

  mutating func add(chunk number: UInt64, ordinal: UInt32, id: SHA256Digest, length: Int) {
    content.add(chunk: number, ordinal: ordinal, length: length)
    digest.add(id, length: length)
  }

  mutating func add(hole length: UInt64) {
    content.add(hole: length)
    digest.add(hole: length)
  }

  mutating func restart() { self = FileInProgress(entry, stamp, parent: inParent) }

  /// An entry with all that has come, and the bytes of its chunks.
  mutating func finish(_ given: ArchiveEntry) -> (entry: ArchiveEntry, dataLength: UInt64) {
    var entry = given
    entry.size = content.length
    entry.content = .runs(content.runs)
    // The id of a single chunk says as much.
    entry.digest = content.chunks > 1 || content.length > content.dataLength ? digest.value : nil
    return (entry, content.dataLength)
  }

  /// The entry with what has come so far.
  func soFar() -> ArchiveEntry {
    var entry = entry
    entry.size = content.length
    entry.content = .runs(content.runs)
    if let stamp { entry.extensions.append(stamp.asExtension) }
    return entry
  }
}
