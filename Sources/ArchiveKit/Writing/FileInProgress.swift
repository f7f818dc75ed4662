// SPDX-License-Identifier: Apache-2.0

/// A file whose chunks are coming in.
internal import CodecKit

/// The content of a file so far.
struct FileInProgress: ~Copyable {
  let entry: ArchiveEntry
  /// What the parent has under the same name.
  private let inParent: ParentEntry?
  private let stamp: Stamp?
  private var inParentMaps: [SHA256Digest: MapReference]?
  private var pages: ParentPages?
  /// How it is cut.
  var cut = CutRule.whole
  /// Where the beginning of the content is, once there is very much of it.
  private(set) var maps: [MapReference] = []
  private var mapped: UInt64 = 0
  /// The rest of the content.
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

  /// Whether there are more runs than should be held.
  var hasManyRuns: Bool { content.runs.count >= MapBlock.maximumRuns / 2 }

  /// Moves runs into maps.
  ///
  /// - Parameters:
  ///   - keepsLast: whether the last part stays, because more may come to it.
  ///   - write: makes a map of runs, given their encoded bytes and the digest of these.
  mutating func fold(
    keepingLast keepsLast: Bool, _ write: ([ContentRun], [UInt8], SHA256Digest) throws(ArchiveError) -> MapReference
  ) throws(ArchiveError) {
    var parts = MapBlock.divide(content.runs, cut, from: mapped)
    let last = keepsLast ? parts.popLast() : nil
    for part in parts {
      let length = part.reduce(0) { $0 + $1.length }
      let bytes = MapBlock.encode(part)
      let digest = SHA256.hash(bytes)
      let map = if let known = known(digest) { known } else { try write(part, bytes, digest) }
      maps.append(map)
      mapped += length
    }
    content.keep(last ?? [])
  }

  /// A map of the parent's that is the same.
  private mutating func known(_ digest: SHA256Digest) -> MapReference? {
    if inParentMaps == nil {
      inParentMaps = [:]
      if case .maps(let maps) = inParent?.entry.content { for map in maps { inParentMaps?[map.digest] = map } }
    }
    return inParentMaps?[digest]
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
