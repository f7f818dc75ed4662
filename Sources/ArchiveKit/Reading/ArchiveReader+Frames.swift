// SPDX-License-Identifier: Apache-2.0

/// The frames of an archive, for whoever wants to see how it is made.

/// What a frame's header says.
public struct FrameSummary: Hashable, Sendable {
  /// Where the frame begins.
  public let offset: UInt64
  /// What it holds: `data`, `tree`, `map`, `directory`, `ids`, `blocks`, `index`, `checkpoint`, `stamps`,
  /// `ancestry`, `residence`, `superblock`, or a number for what this version does not know.
  public let kind: String
  /// The number of the codec in the format; 0 for none.
  public let codec: UInt8
  /// The bytes of the body.
  public let storedLength: UInt32
  /// The bytes that its payload decodes to.
  public let rawLength: UInt32
  /// How many chunks, entries, runs or records are inside.
  public let count: UInt32
  /// The number of the first of them.
  public let first: UInt64

  init(_ header: FrameHeader) {
    offset = header.offset
    kind = FrameKind(rawValue: header.kind)?.name ?? "\(header.kind)"
    codec = header.codec
    storedLength = header.storedLength
    rawLength = header.rawLength
    count = header.count
    first = header.first
  }
}

extension FrameKind {
  /// What people call it.
  var name: String {
    switch self {
    case .data: "data"
    case .tree: "tree"
    case .map: "map"
    case .directory: "directory"
    case .ids: "ids"
    case .blocks: "blocks"
    case .index: "index"
    case .checkpoint: "checkpoint"
    case .stamps: "stamps"
    case .ancestry: "ancestry"
    case .residence: "residence"
    case .note: "note"
    case .superblockCopy: "superblock"
    }
  }
}

extension ArchiveReader {
  /// Visits the header of every frame, in order. Bodies are not read.
  ///
  /// - Parameter body: gets what each header says; throws to give up.
  /// - Throws: what `body` throws, or what says that the archive is damaged.
  public func forEachFrame(_ body: (FrameSummary) throws(ArchiveError) -> Void) throws(ArchiveError) {
    var offset = UInt64(Superblock.size)
    while offset < summary.footer.offset {
      let header = try frames.header(at: offset)
      try body(FrameSummary(header))
      offset = header.end
    }
  }
}
