// SPDX-License-Identifier: Apache-2.0

/// Files made of pages that change in place, known by what they begin with.
enum PagedFormat {
  /// The page size of the database file that begins so, if it is one.
  ///
  /// - Parameters:
  ///   - beginning: the file's first bytes.
  ///   - size: the file's size.
  static func pageSize(_ beginning: RawSpan, size: UInt64) -> Int? {
    innoDB(beginning, size: size) ?? postgreSQL(beginning, size: size) ?? sqlite(beginning)
  }

  /// InnoDB: each page has its number at byte 4 and its tablespace at byte 34, both big-endian. Page 0 is of type 8
  /// (space header, at byte 24) and says the number of its tablespace again at byte 38.
  ///
  /// The page size is the one at which page 1 stands; the flags in the header differ between its makers.
  private static func innoDB(_ bytes: RawSpan, size: UInt64) -> Int? {
    guard bytes.byteCount >= 58, bytes.bigEndian32(at: 4) == 0, bytes.byte(at: 24) == 0, bytes.byte(at: 25) == 8
    else { return nil }
    let space = bytes.bigEndian32(at: 34)
    guard space == bytes.bigEndian32(at: 38) else { return nil }
    return [16, 4, 8, 32, 64].map { $0 << 10 }.first { page in
      size % UInt64(page) == 0 && bytes.byteCount >= page + 38 && bytes.bigEndian32(at: page + 4) == 1
        && bytes.bigEndian32(at: page + 34) == space
    }
  }

  /// PostgreSQL: at byte 18 of a page a little-endian word, its size and the layout version 4 in the low byte. The offsets
  /// at bytes 12 to 17 (end of the line pointers, start of the rows, start of the special space) go upwards.
  private static func postgreSQL(_ bytes: RawSpan, size: UInt64) -> Int? {
    guard bytes.byteCount >= 24 else { return nil }
    let word = bytes.littleEndian16(at: 18)
    let page = Int(word & 0xFF00)
    guard word & 0xFF == 4, [4096, 8192, 16_384, 32_768].contains(page), size % UInt64(page) == 0 else { return nil }
    let lower = bytes.littleEndian16(at: 12)
    let upper = bytes.littleEndian16(at: 14)
    let special = bytes.littleEndian16(at: 16)
    guard lower >= 24, lower <= upper, upper <= special, special <= page else { return nil }
    // A page that was added and never filled is all zero.
    if bytes.byteCount >= page + 20 {
      let next = bytes.littleEndian16(at: page + 18)
      guard next == word || next == 0 else { return nil }
    }
    return page
  }

  /// SQLite: a line of text, and the page size at byte 16, big-endian, where 1 means 65,536. Pages below 4 KiB are cut
  /// 16 KiB at a time: a chunk then holds whole pages.
  private static func sqlite(_ bytes: RawSpan) -> Int? {
    let magic = Array("SQLite format 3".utf8) + [0]
    guard bytes.byteCount >= 18, magic.indices.allSatisfy({ bytes.byte(at: $0) == magic[$0] }) else { return nil }
    let word = Int(bytes.byte(at: 16)) << 8 | Int(bytes.byte(at: 17))
    let page = word == 1 ? 65_536 : word
    guard CutRule.isPageSize(page) else { return nil }
    return page >= 4096 ? page : 16 << 10
  }
}

extension RawSpan {
  fileprivate func byte(at offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  fileprivate func littleEndian16(at offset: Int) -> UInt16 {
    UInt16(byte(at: offset)) | UInt16(byte(at: offset + 1)) << 8
  }

  fileprivate func bigEndian32(at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 << 8 | UInt32(byte(at: offset + $1)) }
  }
}
