// SPDX-License-Identifier: Apache-2.0

/// The table of the zstd seekable format, version 0.1.0: the sizes of all frames before it, in a skippable frame.
struct ZstdSeekTable: Hashable, Sendable {
  /// One frame.
  struct Entry: Hashable, Sendable {
    var packedSize: UInt32
    var contentSize: UInt32
  }

  /// The frames in order.
  var entries: [Entry] = []

  /// Files with more frames cannot have a table.
  static let maximumFrames = 1 << 27
  /// The last four bytes of the table.
  static let footerMagic: UInt32 = 0x8F92_EAB1
  static let headerSize = 8
  static let footerSize = 9

  /// The size of a table without checksums, its frame header included.
  static func packedSize(frames: Int) -> Int { headerSize + frames * 8 + footerSize }

  /// Writes the table. It must have at most ``maximumFrames`` entries.
  func write(into output: inout ByteBuffer) {
    let size = Self.packedSize(frames: entries.count)
    output.reserve(size)
    var room = output.room()
    room.appendLittleEndian(ZstdFormat.seekTableMagic)
    room.appendLittleEndian(UInt32(size - Self.headerSize))
    for entry in entries {
      room.appendLittleEndian(entry.packedSize)
      room.appendLittleEndian(entry.contentSize)
    }
    room.appendLittleEndian(UInt32(entries.count))
    room.appendLittleEndian(UInt8(0))
    room.appendLittleEndian(Self.footerMagic)
    output.didAppend(size)
  }

  /// Reads the payload of a skippable frame.
  ///
  /// - Returns: the table, or `nil` when the payload is not one, or contradicts itself.
  init?(payload: RawSpan) {
    let count = payload.byteCount
    guard count >= Self.footerSize, payload.uint32(at: count - 4) == Self.footerMagic else { return nil }
    let descriptor = payload.byte(at: count - 5)
    let frames = Int(payload.uint32(at: count - 9))
    let entrySize = descriptor & 0x80 == 0 ? 8 : 12
    guard descriptor & 0x7C == 0, frames <= Self.maximumFrames, count == frames * entrySize + Self.footerSize else {
      return nil
    }
    entries.reserveCapacity(frames)
    for index in 0..<frames {
      let offset = index * entrySize
      entries.append(Entry(packedSize: payload.uint32(at: offset), contentSize: payload.uint32(at: offset + 4)))
    }
  }

  /// An empty table.
  init() {}
}
