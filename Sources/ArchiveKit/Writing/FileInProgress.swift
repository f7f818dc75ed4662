// SPDX-License-Identifier: Apache-2.0

/// A file whose chunks are coming in.
internal import CodecKit

/// The content of a file so far.
struct FileInProgress: ~Copyable {
  let entry: ArchiveEntry
  private(set) var content = ContentRuns()
  private var digest = SHA256()
  private var hasHoles = false
  /// A hole that may go on.
  private var hole: UInt64 = 0

  init(_ entry: ArchiveEntry) { self.entry = entry }

  mutating func add(chunk number: UInt64, ordinal: UInt32, id: SHA256Digest, length: Int) {
    closeHole()
    content.add(chunk: number, ordinal: ordinal, length: length)
    var field = FieldWriter(capacity: 4)
    field.fixed(UInt32(length))
    digest.update(field.bytes)
    digest.update(id)
  }

  mutating func add(hole length: UInt64) { hole += length }

  mutating func restart() { self = FileInProgress(entry) }

  /// The entry with all that has come, and the bytes of its chunks.
  mutating func finish(_ given: ArchiveEntry) -> (entry: ArchiveEntry, dataLength: UInt64) {
    closeHole()
    var entry = given
    entry.size = content.length
    entry.content = .runs(content.runs)
    // The id of a single chunk says as much.
    entry.digest = content.chunks > 1 || hasHoles ? digest.value : nil
    return (entry, content.dataLength)
  }

  /// The entry with what has come so far.
  func soFar() -> ArchiveEntry {
    var runs = content
    runs.add(hole: hole)
    var entry = entry
    entry.size = runs.length
    entry.content = .runs(runs.runs)
    return entry
  }

  private mutating func closeHole() {
    guard hole > 0 else { return }
    content.add(hole: hole)
    hasHoles = true
    var field = FieldWriter(capacity: 12)
    field.fixed(UInt32.max)
    field.fixed(hole)
    digest.update(field.bytes)
    hole = 0
  }
}
