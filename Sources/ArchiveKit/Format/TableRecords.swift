// SPDX-License-Identifier: Apache-2.0

/// The records of the tables at the end of an archive.
internal import CodecKit

/// Where a data block is.
struct BlockRecord: Hashable, Sendable {
  static let size = 24

  var offset: UInt64
  var firstChunk: UInt64
  var storedLength: UInt32
  var rawLength: UInt32

  func write(to writer: inout FieldWriter) {
    writer.fixed(offset)
    writer.fixed(firstChunk)
    writer.fixed(storedLength)
    writer.fixed(rawLength)
  }

  init(offset: UInt64, firstChunk: UInt64, storedLength: UInt32, rawLength: UInt32) {
    self.offset = offset
    self.firstChunk = firstChunk
    self.storedLength = storedLength
    self.rawLength = rawLength
  }

  init(_ reader: inout FieldReader) throws(ArchiveError) {
    offset = try reader.fixed()
    firstChunk = try reader.fixed()
    storedLength = try reader.fixed()
    rawLength = try reader.fixed()
  }
}

/// Where an index block is, and what it must be.
struct IndexRecord: Hashable, Sendable {
  static let size = 48

  var offset: UInt64
  var storedLength: UInt32
  var rawLength: UInt32
  var digest: SHA256Digest

  func write(to writer: inout FieldWriter) {
    writer.fixed(offset)
    writer.fixed(storedLength)
    writer.fixed(rawLength)
    writer.digest(digest)
  }

  init(offset: UInt64, storedLength: UInt32, rawLength: UInt32, digest: SHA256Digest) {
    self.offset = offset
    self.storedLength = storedLength
    self.rawLength = rawLength
    self.digest = digest
  }

  init(_ reader: inout FieldReader) throws(ArchiveError) {
    offset = try reader.fixed()
    storedLength = try reader.fixed()
    rawLength = try reader.fixed()
    digest = try reader.digest()
  }
}

/// What the directory says of a leaf of the tree.
struct LeafRecord: Hashable, Sendable {
  /// Not after the leaf's first path, and after every one before it.
  var separator: [UInt8]
  var entries: UInt64
  var ordinal: UInt32
  /// The number of the tree block in the archive of that ordinal.
  var block: UInt64
  var digest: SHA256Digest

  func write(to writer: inout FieldWriter) {
    writer.string(separator)
    writer.varint(entries)
    writer.varint(UInt64(ordinal))
    writer.varint(block)
    writer.digest(digest)
  }

  init(separator: [UInt8], entries: UInt64, ordinal: UInt32, block: UInt64, digest: SHA256Digest) {
    self.separator = separator
    self.entries = entries
    self.ordinal = ordinal
    self.block = block
    self.digest = digest
  }

  init(_ reader: inout FieldReader) throws(ArchiveError) {
    separator = try reader.string()
    entries = try reader.varint()
    guard let ordinal = UInt32(exactly: try reader.varint()) else {
      throw .corrupt("a leaf lies in an impossible archive")
    }
    self.ordinal = ordinal
    block = try reader.varint()
    digest = try reader.digest()
  }
}

/// How tables that outgrow a frame are divided.
enum TableShape {
  /// The records in every frame but the last.
  static let recordsPerFrame = 1 << 18
}
