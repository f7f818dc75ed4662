// SPDX-License-Identifier: Apache-2.0

/// One member of a tar stream.
internal import SystemIO

/// What stands before the data of a member, put together.
struct TarMember {
  /// What a member is.
  enum Kind: Equatable {
    case entry(ArchiveEntry.Kind)
    /// A further name of a member before it.
    case hardLink
    /// The name of the whole stream.
    case label
    /// Something that means nothing here; the byte that says so.
    case other(UInt8)
  }

  /// Where the data of a file with holes belong.
  enum Sparse {
    /// Pieces, in order.
    case regions([Range<UInt64>])
    /// The pieces are told by text before the data.
    case textInData
  }

  var kind: Kind
  var path: [UInt8]
  var target: [UInt8] = []
  var mode: UInt16 = 0
  var owner = ArchiveEntry.Owner()
  var modified = Timestamp(seconds: 0)
  var device = (major: UInt32(0), minor: UInt32(0))
  var attributes: [ExtendedAttribute] = []
  /// The bytes that follow in the stream, without those that fill up the last block.
  var length: UInt64 = 0
  /// The bytes of the file.
  var size: UInt64 = 0
  var sparse: Sparse?
  /// Where in the stream the data begin.
  var offset: UInt64 = 0
}
