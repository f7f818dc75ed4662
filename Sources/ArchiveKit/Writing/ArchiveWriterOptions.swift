// SPDX-License-Identifier: Apache-2.0

/// How an archive is written.
public import CodecKit

/// How an ``ArchiveWriter`` works.
public struct ArchiveWriterOptions: Sendable {
  /// What blocks are packed with. Default: zstd.
  public var codec: any Codec = Zstd.default
  /// The codec's level and dictionary. Threads are those of the writer. Default: the codec's own.
  public var compression = CompressionOptions()
  /// How many threads hash and pack; 0 is one for each core. The bytes do not depend on it. Default: 1.
  public var threads = 1
  /// Where the bare forms of codecs are found. Default: the built-in codecs.
  public var registry = CodecRegistry.builtin
  /// How files without pages are cut. Default: 16, 64 and 256 KiB.
  public var cutSizes = CutSizes.standard
  /// The bytes that a block is filled up to, 64 KiB to 4 MiB. Default: 1 MiB.
  public var blockSize = 1 << 20
  /// Whether the same entries give the same bytes: identifiers come from what the archive says of itself, and nothing
  /// is kept by which a later archive would see that files have not changed. Default: `false`.
  public var isReproducible = false
  /// When the archive is made, in nanoseconds since 1970. Default: 0.
  public var created: Int64 = 0
  /// What identifies the archive; `nil` for a fresh one. Default: `nil`.
  public var uuid: ArchiveUUID?
  /// Name, description, program and source. Default: none.
  public var fields: [Superblock.Field] = []
  /// What the archive is made upon: entries, chunks and parts of its tree that have not changed are taken from there.
  /// It may be a detached index, and must have been opened with its ancestors. Default: none.
  public var parent: ArchiveReader?
  /// The name of the parent's file, for whoever looks for it later. Default: none.
  public var parentName = ""
  /// The memory that the table of the parent's chunks may take, 16 bytes each. What does not fit may be stored again.
  /// Default: no limit.
  public var parentTableBytes = Int.max

  /// The most raw bytes of new chunks between two checkpoints.
  var checkpointBytes: UInt64 = 64 << 20
  /// Bytes read between two checkpoints, new or not.
  var checkpointInput: UInt64 = 4 << 30
  /// Entries between two checkpoints.
  var checkpointEntries: UInt64 = 65536

  /// The defaults.
  public init() {}

  /// The defaults, changed by `configure`.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }
}
