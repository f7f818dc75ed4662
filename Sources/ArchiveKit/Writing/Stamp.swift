// SPDX-License-Identifier: Apache-2.0

/// How an archive tells later that a file has not changed.

/// When and as what the file system last saw a file.
struct Stamp: Hashable, Sendable {
  /// The bytes of a stamp in its block.
  static let size = 20

  var inode: UInt64
  var seconds: Int64
  var nanoseconds: UInt32

  init(inode: UInt64, seconds: Int64, nanoseconds: UInt32) {
    self.inode = inode
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// - Returns: `nil` where nothing is known.
  init?(_ reader: inout FieldReader) throws(ArchiveError) {
    inode = try reader.fixed()
    seconds = try reader.fixed()
    nanoseconds = try reader.fixed()
    if inode == 0, seconds == 0, nanoseconds == 0 { return nil }
  }

  static func write(_ stamp: Stamp?, to writer: inout FieldWriter) {
    writer.fixed(stamp?.inode ?? 0)
    writer.fixed(stamp?.seconds ?? 0)
    writer.fixed(stamp?.nanoseconds ?? 0)
  }
}
