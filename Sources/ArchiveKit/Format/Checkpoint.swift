// SPDX-License-Identifier: Apache-2.0

/// What an archive holds so far, for whoever does not see its end.

/// A checkpoint, decoded.
struct Checkpoint: Sendable {
  /// A leaf that was finished since the checkpoint before.
  struct Leaf: Hashable, Sendable {
    /// The depth of the archive it is in.
    var ordinal: UInt32
    var block: UInt64
    var entries: UInt64
  }

  var previous: UInt64
  var chunks: UInt64
  var indexBlocks: UInt64
  var entries: UInt64
  var leaves: [Leaf] = []
  /// The file that is not finished, with its content so far.
  var open: ArchiveEntry?

  /// - Parameters:
  ///   - bytes: the raw bytes of the frame.
  ///   - depth: the depth of the archive.
  init(_ bytes: [UInt8], depth: UInt32) throws(ArchiveError) {
    var reader = FieldReader(bytes)
    previous = try reader.fixed()
    chunks = try reader.fixed()
    indexBlocks = try reader.fixed()
    entries = try reader.fixed()
    for _ in 0..<(try reader.count(eachAtLeast: 2)) {
      guard let ordinal = UInt32(exactly: depth > 0 ? try reader.varint() : 0), ordinal <= depth else {
        throw .corrupt("a checkpoint names a leaf of an archive that is no ancestor")
      }
      leaves.append(Leaf(ordinal: ordinal, block: try reader.varint(), entries: try reader.varint()))
    }
    let isOpen: UInt8 = try reader.fixed()
    switch isOpen {
    case 0: try reader.finish()
    case 1:
      var decoder = TreeBlockDecoder(reader, depth: depth)
      self.open = try decoder.next()
      guard open != nil, try decoder.next() == nil else { throw .corrupt("a checkpoint has no open file") }
    default: throw .corrupt("a checkpoint is impossible")
    }
  }
}
