// SPDX-License-Identifier: Apache-2.0

/// A file whose chunks are coming in.
internal import CodecKit

/// The content of a file so far.
struct FileInProgress: ~Copyable {
  let entry: ArchiveEntry
  private var content = ContentRuns()
  private var digest = ContentDigest()

  init(_ entry: ArchiveEntry) { self.entry = entry }

  mutating func add(chunk number: UInt64, ordinal: UInt32, id: SHA256Digest, length: Int) {
    content.add(chunk: number, ordinal: ordinal, length: length)
    digest.add(id, length: length)
  }

  mutating func add(hole length: UInt64) {
    content.add(hole: length)
    digest.add(hole: length)
  }

  mutating func restart() { self = FileInProgress(entry) }

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
    return entry
  }
}
