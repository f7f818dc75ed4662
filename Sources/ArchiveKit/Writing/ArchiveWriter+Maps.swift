// SPDX-License-Identifier: Apache-2.0

/// Content of very many runs, in blocks of its own.
internal import CodecKit

extension ArchiveWriter {
  /// Says where the content of a complete file is: in its entry, or in maps.
  func placeContent(_ file: inout FileInProgress, _ entry: inout ArchiveEntry) throws(ArchiveError) {
    guard case .runs(let runs) = entry.content else { return }
    if file.maps.isEmpty {
      if runs.count <= MapBlock.maximumInlineRuns { return }
      if MapBlock.inlineLength(runs) <= MapBlock.maximumInlineLength { return }
    }
    try file.fold(keepingLast: false) { (part, bytes, digest) throws(ArchiveError) in
      try write(map: part, bytes, digest)
    }
    entry.content = .maps(file.maps)
  }

  /// Moves runs of the open file into maps: neither memory nor checkpoints hold all that a large file may have.
  func foldRuns() throws(ArchiveError) {
    try file?.fold(keepingLast: true) { (part, bytes, digest) throws(ArchiveError) in
      try write(map: part, bytes, digest)
    }
  }

  /// The open file with its content so far, for a checkpoint.
  func openEntry() throws(ArchiveError) -> ArchiveEntry? {
    guard let open = file?.soFar() else { return nil }
    guard let maps = file?.maps, !maps.isEmpty, case .runs(let runs) = open.content else { return open }
    var entry = open
    // What is not enough for a map gets one for this time.
    let bytes = MapBlock.encode(runs)
    entry.content = .maps(runs.isEmpty ? maps : maps + [try write(map: runs, bytes, SHA256.hash(bytes))])
    return entry
  }

  private func write(
    map runs: [ContentRun], _ bytes: [UInt8], _ digest: SHA256Digest
  ) throws(ArchiveError) -> MapReference {
    let length = runs.reduce(0) { $0 + $1.length }
    let map = MapReference(ordinal: depth, block: state.indexBlocks, length: length, digest: digest)
    try writeIndexBlock(.map, bytes, count: runs.count, digest: digest)
    return map
  }
}
