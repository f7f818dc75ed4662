// SPDX-License-Identifier: Apache-2.0

/// Reads the list of an archive's leaves.
internal import CodecKit

extension ChainMember {
  /// The most bytes of a directory that is read.
  private static let maximumDirectoryLength: UInt64 = 1 << 30

  /// All leaves, and the digest of the bytes they stand in.
  func directory() throws(ArchiveError) -> (leaves: [LeafRecord], digest: SHA256Digest) {
    let footer = summary.footer
    let (end, overflow) = footer.directory.offset.addingReportingOverflow(footer.directory.length)
    guard !overflow, end <= footer.offset, footer.directory.length <= Self.maximumDirectoryLength else {
      throw .corrupt("the directory lies outside of the archive", at: footer.offset)
    }
    var leaves: [LeafRecord] = []
    var digest = SHA256()
    let unpacker = PayloadUnpacker(summary.superblock, registry)
    var entries: UInt64 = 0
    var length: UInt64 = 0
    var offset = footer.directory.offset
    while offset < end {
      let frame = try frames.frame(at: offset, .directory, ahead: Int(min(end - offset, 1 << 20)))
      let raw = try unpacker.unpack(frame)
      digest.update(raw)
      length += UInt64(raw.count)
      guard length <= Self.maximumDirectoryLength else {
        throw ArchiveError(.limitExceeded, "the directory is larger than this version reads", offset: offset)
      }
      guard frame.header.first == UInt64(leaves.count) else {
        throw .corrupt("a part of the directory is missing", at: offset)
      }
      var reader = FieldReader(raw)
      for _ in 0..<frame.header.count {
        let leaf = try LeafRecord(&reader)
        if let last = leaves.last {
          guard EntryPath.precedes(last.separator, leaf.separator) else {
            throw ArchiveError(.unsafeTree, "the directory is not in order", offset: offset)
          }
        } else if !leaf.separator.isEmpty {
          throw ArchiveError(.unsafeTree, "the directory does not begin at the beginning", offset: offset)
        }
        let (sum, overflow) = entries.addingReportingOverflow(leaf.entries)
        guard leaf.ordinal <= footer.depth, leaf.entries > 0, !overflow,
          leaf.ordinal < footer.depth || leaf.block < ownIndexBlocks,
          leaf.separator.count <= EntryPath.maximumLength
        else {
          throw .corrupt("the directory names an impossible leaf", at: offset)
        }
        entries = sum
        leaves.append(leaf)
      }
      try reader.finish()
      offset = frame.header.end
    }
    guard offset == end, entries == footer.entries else {
      throw .corrupt("the directory is not what the footer says", at: footer.offset)
    }
    return (leaves, digest.value)
  }
}

extension PayloadUnpacker {
  /// The raw bytes of a frame that is no data block.
  func unpack(_ frame: Frame) throws(ArchiveError) -> [UInt8] {
    var buffer = ByteBuffer()
    let body = frame.body
    try unsafe unpack(
      body.span.bytes, codec: frame.header.codec, rawLength: Int(frame.header.rawLength), offset: frame.bodyOffset,
      to: &buffer)
    return buffer.bytes.array
  }
}
