// SPDX-License-Identifier: Apache-2.0

/// Reads the seek table at the end of a stream entry by entry, however large it is, and knows where its frames begin.
///
/// The table has no checksum. It is believed as a whole only when its sizes add up or its frame is sound, and each entry
/// only where it leads to a frame.
struct ZstdTableReader {
  /// Where the skippable frame of the table begins.
  let start: UInt64
  /// How many frames it lists.
  let count: UInt64
  /// How many bytes all its frames take.
  let total: UInt64
  private let entrySize: UInt64

  /// Where frames begin: a position in the list, and the sum of the sizes before it.
  struct Cursor {
    var index: UInt64 = 0
    var prefix: UInt64 = 0
  }

  /// Finds the table at the end of a stream.
  init?(_ input: SalvageInput) {
    let footerSize = UInt64(ZstdSeekTable.footerSize)
    let headerSize = UInt64(ZstdSeekTable.headerSize)
    guard input.size > footerSize + headerSize else { return nil }
    let footer = input.bytes(at: input.size - footerSize, count: ZstdSeekTable.footerSize)
    guard footer.count == ZstdSeekTable.footerSize else { return nil }
    let (frames, descriptor, magic) = unsafe (
      footer.span.bytes.uint32(at: 0), footer[4], footer.span.bytes.uint32(at: 5)
    )
    guard magic == ZstdSeekTable.footerMagic, descriptor & 0x7C == 0, frames <= ZstdSeekTable.maximumFrames else {
      return nil
    }
    entrySize = descriptor & 0x80 == 0 ? 8 : 12
    count = UInt64(frames)
    let payload = count * entrySize + footerSize
    guard input.size >= payload + headerSize else { return nil }
    start = input.size - payload - headerSize
    let isFramed = input.withBytes(at: start, count: 8) {
      $0.byteCount == 8 && $0.uint32(at: 0) == ZstdFormat.seekTableMagic && UInt64($0.uint32(at: 4)) == payload
    }
    total = Self.sum(input, from: start + headerSize, count: count, entrySize: entrySize)
    guard isFramed || total == start else { return nil }
  }

  /// Whether the table stands in a frame of its own, and its frames fill all that is before it.
  func isExact(_ input: SalvageInput) -> Bool {
    guard total == start else { return false }
    return input.withBytes(at: start, count: 4) {
      $0.byteCount == 4 && $0.uint32(at: 0) == ZstdFormat.seekTableMagic
    }
  }

  private static func sum(_ input: SalvageInput, from offset: UInt64, count: UInt64, entrySize: UInt64) -> UInt64 {
    let batch: UInt64 = 4096
    var sum: UInt64 = 0
    var index: UInt64 = 0
    while index < count {
      let entries = min(batch, count - index)
      input.withBytes(at: offset + index * entrySize, count: Int(entries * entrySize)) { bytes in
        var at = 0
        while at + 4 <= bytes.byteCount {
          sum &+= UInt64(bytes.uint32(at: at))
          at += Int(entrySize)
        }
      }
      index += entries
    }
    return sum
  }

  /// The sizes of a frame.
  func entry(_ index: UInt64, in input: SalvageInput) -> (packed: UInt64, content: UInt64)? {
    guard index < count else { return nil }
    return input.withBytes(at: start + UInt64(ZstdSeekTable.headerSize) + index * entrySize, count: 8) {
      $0.byteCount == 8 ? (UInt64($0.uint32(at: 0)), UInt64($0.uint32(at: 4))) : nil
    }
  }

  /// The cursor behind an entry.
  func advanced(_ cursor: Cursor, in input: SalvageInput) -> Cursor? {
    guard let entry = entry(cursor.index, in: input) else { return nil }
    return Cursor(index: cursor.index + 1, prefix: cursor.prefix &+ entry.packed)
  }
}
