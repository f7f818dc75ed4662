// SPDX-License-Identifier: Apache-2.0

/// Reads what a merged archive holds of its ancestors.
internal import CodecKit

/// Finds the frames that say it, and the tables of ids that belong to it.
struct ResidenceReader {
  private let frames: FrameReader
  private let superblock: Superblock
  private let unpacker: PayloadUnpacker

  init(_ frames: FrameReader, _ superblock: Superblock, _ registry: CodecRegistry) {
    self.frames = frames
    self.superblock = superblock
    unpacker = PayloadUnpacker(superblock, registry)
  }

  func read(_ footer: Footer) throws(ArchiveError) -> Residence {
    let (end, overflow) = footer.residence.offset.addingReportingOverflow(footer.residence.length)
    guard !overflow, end <= footer.offset else {
      throw .corrupt("a table lies outside of the archive", at: footer.offset)
    }
    var bytes: [UInt8] = []
    var offset = footer.residence.offset
    while offset < end {
      let frame = try frames.frame(at: offset, .residence, ahead: Int(min(end - offset, 1 << 20)))
      bytes += try unpacker.unpack(frame)
      guard bytes.count <= Residence.maximumLength else {
        throw ArchiveError(.limitExceeded, "the archive holds more parts than this version reads", offset: offset)
      }
      offset = frame.header.end
    }
    guard offset == end else { throw .corrupt("a table has an impossible size", at: footer.residence.offset) }
    let residence = try Residence(bytes, depth: superblock.depth)
    guard residence.ownChunks == footer.chunks else {
      throw .corrupt("the archive holds other parts than its end says", at: footer.residence.offset)
    }
    return residence
  }

  /// The tables of the ids of all chunks of each ancestor; they follow the index table.
  static func idTables(
    _ residence: Residence, _ frames: FrameReader, _ footer: Footer
  ) throws(ArchiveError) -> [Table<SHA256Digest>] {
    var offset = footer.index.offset &+ footer.index.length
    var tables: [Table<SHA256Digest>] = []
    for member in residence.members {
      let run = Footer.Run(offset: offset, length: Table<SHA256Digest>.length(of: member.chunks))
      tables.append(try Table(frames, run, count: member.chunks, end: footer.offset))
      offset &+= run.length
    }
    return tables
  }
}
