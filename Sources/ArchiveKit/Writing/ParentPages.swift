// SPDX-License-Identifier: Apache-2.0

/// The pages of a file in the parent, by their place.
internal import CodecKit

/// Compares pages of a file with those that stood in the same places: one digest against one, without any table.
struct ParentPages {
  /// Ids that are read at once.
  private static let window: UInt64 = 4096

  private let parent: ArchiveReader
  private let page: UInt64
  private var runs: RunCursor
  private var run: ContentRun?
  /// Where the run begins in the file.
  private var start: UInt64 = 0
  /// Some ids of the run, and which of its chunks the first one is.
  private var ids: [SHA256Digest] = []
  private var firstID: UInt64 = 0

  /// - Returns: `nil` when the parent's file was not cut into pages.
  init?(_ parent: ArchiveReader, _ entry: ArchiveEntry) {
    guard entry.kind == .file, entry.size > 0, case .pages(let size) = entry.cut else { return nil }
    self.parent = parent
    page = UInt64(size)
    runs = RunCursor(parent, entry)
  }

  /// Where the chunk is that stood at a place, when it is the same.
  ///
  /// - Parameters:
  ///   - offset: the place; never before the one asked for last.
  ///   - length: the bytes of the chunk.
  ///   - id: its digest.
  mutating func chunk(
    at offset: UInt64, length: Int, id: SHA256Digest
  ) throws(ArchiveError) -> ChunkReference? {
    while run.map({ start + $0.length <= offset }) ?? true {
      start += run?.length ?? 0
      ids = []
      guard let next = try runs.next() else {
        run = nil
        return nil
      }
      run = next
    }
    guard case .chunks(let ordinal, let first, let count, let total) = run, offset >= start else { return nil }
    let (index, rest) = (offset - start).quotientAndRemainder(dividingBy: page)
    guard rest == 0, index < count, UInt64(length) == min(page, total - index * page) else { return nil }
    if index < firstID || index >= firstID + UInt64(ids.count) {
      firstID = index
      ids = try parent.ids(ordinal, (first + index)..<(first + min(count, index + Self.window)))
    }
    return ids[Int(index - firstID)] == id ? ChunkReference(ordinal: ordinal, number: first + index) : nil
  }
}

/// The runs of a file, one after another, with one map in memory at a time.
struct RunCursor {
  private let archive: ArchiveReader
  private var runs: ArraySlice<ContentRun> = []
  private var maps: ArraySlice<MapReference> = []

  init(_ archive: ArchiveReader, _ entry: ArchiveEntry) {
    self.archive = archive
    switch entry.content {
    case .runs(let runs): self.runs = runs[...]
    case .maps(let maps): self.maps = maps[...]
    }
  }

  mutating func next() throws(ArchiveError) -> ContentRun? {
    if let run = runs.popFirst() { return run }
    guard let map = maps.popFirst() else { return nil }
    runs = try archive.runs(of: map)[...]
    return runs.popFirst()
  }
}
