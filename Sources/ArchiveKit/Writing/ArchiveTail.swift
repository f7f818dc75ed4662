// SPDX-License-Identifier: Apache-2.0

/// The end of an archive: directory, tables, copy of the superblock, footer.
internal import CodecKit

/// Writes what makes an archive complete.
struct ArchiveTail {
  /// Raw bytes of a frame of the directory.
  private static let directoryTarget = 4 << 20

  let frames: FrameWriter
  let superblock: Superblock

  /// - Parameters:
  ///   - footer: has the counts; gets the places and the roots.
  ///   - residentIDs: of a merged archive, the ids of all chunks of each ancestor.
  ///   - pack: packs raw bytes into a frame.
  func write(
    _ footer: inout Footer, leaves: [LeafRecord], ids: some RandomAccessCollection<SHA256Digest>, blocks: [BlockRecord],
    index: [IndexRecord], residentIDs: [Table<SHA256Digest>] = [],
    _ pack: (FrameKind, [UInt8], Int, UInt64) throws(ArchiveError) -> (description: FrameDescription, body: [UInt8])
  ) throws(ArchiveError) {
    var directory = SHA256()
    footer.directory = try run { () throws(ArchiveError) in
      var writer = FieldWriter()
      var (first, count) = (0, 0)
      for (number, leaf) in leaves.enumerated() {
        leaf.write(to: &writer)
        count += 1
        guard writer.count >= Self.directoryTarget || number == leaves.count - 1 else { continue }
        directory.update(writer.bytes)
        let frame = try pack(.directory, writer.bytes, count, UInt64(first))
        try frames.write(frame.description, body: frame.body)
        first += count
        count = 0
        writer.removeAll()
      }
    }
    var root = ContentRoot(parent: superblock.parentRoot, chunks: UInt64(ids.count))
    footer.ids = try run { () throws(ArchiveError) in
      try table(.ids, ids, recordSize: SHA256Digest.byteCount, { $1.digest($0) }) { root.addIDs($0) }
    }
    footer.blocks = try run { () throws(ArchiveError) in
      try table(.blocks, blocks, recordSize: BlockRecord.size, { $0.write(to: &$1) })
    }
    footer.index = try run { () throws(ArchiveError) in
      try table(.index, index, recordSize: IndexRecord.size, { $0.write(to: &$1) })
    }
    for table in residentIDs {
      for frame in 0..<table.frameCount {
        let ids = try table.records(inFrame: frame, isKept: false).records
        var writer = FieldWriter(capacity: ids.count * SHA256Digest.byteCount)
        for id in ids { writer.digest(id) }
        try frames.write(
          FrameDescription(
            kind: .ids, rawLength: writer.count, count: ids.count, first: frame * UInt64(TableShape.recordsPerFrame)),
          body: writer.bytes)
      }
    }
    footer.contentRoot = root.finish(directory: directory.value)
    footer.superblockCopy = frames.offset
    let copy = try pack(.superblockCopy, try superblock.encoded(), 1, 0)
    try frames.write(copy.description, body: copy.body)
    footer.layoutRoot = frames.layoutRoot()
    footer.frames = frames.frames
    footer.offset = frames.offset
    try frames.write(bare: footer.encoded())
  }

  private func run(_ body: () throws(ArchiveError) -> Void) throws(ArchiveError) -> Footer.Run {
    let start = frames.offset
    try body()
    return Footer.Run(offset: start, length: frames.offset - start)
  }

  private func table<Record>(
    _ kind: FrameKind, _ records: some RandomAccessCollection<Record>, recordSize: Int,
    _ encode: (Record, inout FieldWriter) -> Void, _ see: ([UInt8]) -> Void = { _ in }
  ) throws(ArchiveError) {
    var first = 0
    var rest = records[...]
    while !rest.isEmpty {
      let part = rest.prefix(TableShape.recordsPerFrame)
      rest = rest.dropFirst(part.count)
      var writer = FieldWriter(capacity: part.count * recordSize)
      for record in part { encode(record, &writer) }
      see(writer.bytes)
      try frames.write(
        FrameDescription(kind: kind, rawLength: writer.count, count: part.count, first: UInt64(first)),
        body: writer.bytes)
      first += part.count
    }
  }
}
