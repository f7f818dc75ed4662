// SPDX-License-Identifier: Apache-2.0

/// Writes what later archives need of one, to be kept when the archive itself is shipped away.
internal import CodecKit

/// Writes a detached index beside an archive: ancestry, index blocks, directory, ids.
final class DetachedIndexWriter {
  private let frames: FrameWriter
  private let superblock: Superblock
  private var index: [IndexRecord] = []

  /// Starts an index.
  ///
  /// - Parameter original: the superblock of the archive.
  init(_ output: any ArchiveOutput, of original: Superblock) throws(ArchiveError) {
    var superblock = original
    superblock.isDetachedIndex = true
    self.superblock = superblock
    frames = FrameWriter(output, tag: superblock.tag)
    try frames.write(bare: try superblock.encoded())
  }

  func write(ancestry: [UInt8], count: Int) throws(ArchiveError) {
    try frames.write(
      FrameDescription(kind: .ancestry, rawLength: ancestry.count, count: count, first: 0), body: ancestry)
  }

  /// Writes a part of what a merged archive says of its ancestors' chunks and index blocks.
  ///
  /// - Returns: where it is.
  func write(residence frame: FrameDescription, body: [UInt8]) throws(ArchiveError) -> Footer.Run {
    let start = frames.offset
    try frames.write(frame, body: body)
    return Footer.Run(offset: start, length: frames.offset - start)
  }

  /// Takes a block of the index; they come in order.
  func write(_ frame: FrameDescription, body: [UInt8], digest: SHA256Digest) throws(ArchiveError) {
    let header = try frames.write(frame, body: body)
    index.append(
      IndexRecord(
        offset: header.offset, storedLength: header.storedLength, rawLength: header.rawLength, digest: digest))
  }

  /// Ends the index.
  ///
  /// - Parameters:
  ///   - original: the footer of the archive, whose counts stand in the index as well.
  ///   - residence: where the index says what a merged archive holds of its ancestors.
  ///   - residentIDs: of a merged archive, the ids of all chunks of each ancestor.
  func finish(
    _ original: Footer, residence: Footer.Run = .init(), leaves: [LeafRecord],
    ids: some RandomAccessCollection<SHA256Digest>, residentIDs: [Table<SHA256Digest>] = [],
    _ pack: (FrameKind, [UInt8], Int, UInt64) throws(ArchiveError) -> (description: FrameDescription, body: [UInt8])
  ) throws(ArchiveError) {
    var footer = original
    footer.residence = residence
    try ArchiveTail(frames: frames, superblock: superblock).write(
      &footer, leaves: leaves, ids: ids, blocks: [], index: index, residentIDs: residentIDs, pack)
  }
}
