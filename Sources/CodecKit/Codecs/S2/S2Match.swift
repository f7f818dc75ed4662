// SPDX-License-Identifier: Apache-2.0

/// What the encoders look for matches with; all of it is inlined into their loops.
///
/// An entry of a hash table holds a position, and above it ten more bits of the hash. They tell, without a look at the
/// content, that a position is not worth one: the content lies farther away than the table, and the processor waits for it.
enum S2Match {
  /// The most content that is searched as one: a position must fit into an entry.
  static let maximumCount = 4 << 20

  private static let tagMask: UInt32 = 0xFFC0_0000

  @inline(__always)
  static func load64(_ source: UnsafeRawPointer) -> UInt64 {
    UInt64(littleEndian: unsafe source.loadUnaligned(as: UInt64.self))
  }

  @inline(__always)
  static func load32(_ source: UnsafeRawPointer) -> UInt32 {
    UInt32(littleEndian: unsafe source.loadUnaligned(as: UInt32.self))
  }

  /// Hashes the first bytes of a word; the high bits are the good ones.
  @inline(__always)
  static func hash(_ word: UInt64, _ width: UInt64) -> UInt64 {
    let prime: UInt64 =
      switch width {
      case 4: 2_654_435_761
      case 5: 889_523_592_379
      case 6: 227_718_039_650_203
      case 7: 58_295_818_150_454_627
      default: 0xCF1B_BCDC_B7A5_6463
      }
    return (word &<< (64 &- 8 &* width)) &* prime
  }

  /// The slot of a hash in a table of 2^`bits` entries.
  @inline(__always)
  static func slot(_ hash: UInt64, _ bits: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> (64 &- bits)) }

  @inline(__always)
  static func entry(_ position: Int, _ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: position) | (UInt32(truncatingIfNeeded: hash &>> 14) & tagMask)
  }

  /// An entry without the bits of a hash: the position, if it was made for the same hash as far as that shows, else more
  /// than any position.
  @inline(__always)
  static func candidate(_ entry: UInt32, _ hash: UInt64) -> UInt32 {
    entry ^ (UInt32(truncatingIfNeeded: hash &>> 14) & tagMask)
  }

  /// Whether a candidate is a position in the content, which lies at `base` in the numbers of the table.
  @inline(__always)
  static func isFound(_ candidate: UInt32, _ base: UInt32, _ count: UInt32) -> Bool { candidate &- base < count }

  /// How many bytes at two positions are equal, 8 at most.
  @inline(__always)
  static func equalBytes(_ first: UInt64, _ second: UInt64) -> Int {
    let difference = first ^ second
    return difference == 0 ? 8 : difference.trailingZeroBitCount &>> 3
  }

  /// The end of a match.
  @inline(__always)
  static func extend(_ source: UnsafeRawPointer, _ end: Int, _ offset: Int, _ count: Int) -> Int {
    var end = end
    while end <= count &- 8 {
      let difference = unsafe load64(source + end) ^ load64(source + (end &- offset))
      if difference != 0 { return end &+ difference.trailingZeroBitCount &>> 3 }
      end = end &+ 8
    }
    while end < count, unsafe (source + end).load(as: UInt8.self) == (source + (end &- offset)).load(as: UInt8.self) {
      end = end &+ 1
    }
    return end
  }

  /// The start of a match, not before what was written.
  ///
  /// - Parameter base: the first position that there is.
  @inline(__always)
  static func extendBack(
    _ source: UnsafeRawPointer, _ start: Int, _ offset: Int, _ emitted: Int, base: Int
  ) -> Int {
    var start = start
    while start &- offset &- base >= 8 {
      let difference = unsafe load64(source + (start &- 8)) ^ load64(source + (start &- 8 &- offset))
      let equal = difference.leadingZeroBitCount &>> 3
      if _fastPath(equal < 8 || start &- emitted <= 8) {
        let room = start &- emitted
        return start &- (equal < room ? equal : room)
      }
      start = start &- 8
    }
    while start > emitted, start &- offset > base,
      unsafe (source + (start &- 1)).load(as: UInt8.self) == (source + (start &- 1 &- offset)).load(as: UInt8.self)
    { start = start &- 1 }
    return start
  }
}
