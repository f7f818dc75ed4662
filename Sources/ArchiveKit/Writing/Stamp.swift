// SPDX-License-Identifier: Apache-2.0

/// How an archive tells later that a file has not changed.

/// When and as what the file system last saw a file.
struct Stamp: Hashable, Sendable {
  /// The bytes of a stamp in its block.
  static let size = 20

  var inode: UInt64
  var seconds: Int64
  var nanoseconds: UInt32

  /// How an entry in a checkpoint carries one.
  static let extensionType: UInt64 = 4

  /// The stamp of the open file that a checkpoint tells of.
  init?(of entry: ArchiveEntry) {
    guard let value = entry.extensions.first(where: { $0.type == Self.extensionType })?.value, value.count == Self.size
    else { return nil }
    var reader = FieldReader(value)
    guard let stamp = try? Stamp(&reader) else { return nil }
    self = stamp
  }

  /// The stamp as a checkpoint tells it.
  var asExtension: ArchiveEntry.Extension {
    var writer = FieldWriter(capacity: Self.size)
    Stamp.write(self, to: &writer)
    return .init(type: Self.extensionType, value: writer.bytes)
  }

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
