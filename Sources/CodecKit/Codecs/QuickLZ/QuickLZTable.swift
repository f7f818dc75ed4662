// SPDX-License-Identifier: Apache-2.0

/// The table of positions that levels 1 and 2 keep while they decode: it depends on the content alone, so that writer and
/// reader have the same one at every match.
///
/// Level 1 has 4096 entries of one position, level 2 has 2048 buckets of four with a counter of insertions each. Behind
/// them are entries that nobody reads: loops without branches send there what they must not insert.
@safe
final class QuickLZTable {
  /// The positions; ``empty`` where nothing was inserted.
  let positions: UnsafeMutablePointer<UInt32>
  /// How often each bucket of level 2 was inserted into, modulo 256.
  let counters: UnsafeMutablePointer<UInt8>

  /// Larger than any position that a packet can have.
  static let empty = UInt32.max

  static let level1Entries = 4096
  static let level2Buckets = 2048

  private static let capacity = level2Buckets * 4 + 16

  init() {
    unsafe positions = .allocate(capacity: Self.capacity)
    unsafe counters = .allocate(capacity: Self.level2Buckets + 16)
    unsafe positions.initialize(repeating: Self.empty, count: Self.capacity)
    unsafe counters.initialize(repeating: 0, count: Self.level2Buckets + 16)
  }

  deinit {
    unsafe positions.deallocate()
    unsafe counters.deallocate()
  }

  /// Forgets everything.
  func clear(level: Int) {
    switch level {
    case 1: unsafe positions.update(repeating: Self.empty, count: Self.level1Entries)
    case 2:
      unsafe positions.update(repeating: Self.empty, count: Self.level2Buckets * 4)
      unsafe counters.update(repeating: 0, count: Self.level2Buckets)
    default: break
    }
  }
}

/// Where three bytes belong in the table, from a number whose low 24 bits they are.
enum QuickLZHash {
  /// The entry of level 1.
  @inline(__always)
  static func level1(_ bytes: UInt32) -> Int {
    Int(truncatingIfNeeded: (bytes ^ (bytes &>> 12)) & 4095)
  }

  /// The bucket of level 2.
  @inline(__always)
  static func level2(_ bytes: UInt32) -> Int {
    Int(truncatingIfNeeded: (bytes ^ (bytes &>> 9) ^ (bytes &>> 13)) & 2047)
  }

  /// Six positions at once, level 1: shift by 8 for each and take 12 bits.
  @inline(__always)
  static func level1(six bytes: UInt64) -> UInt64 { bytes ^ (bytes &>> 12) }

  /// Six positions at once, level 2: shift by 8 for each and take 11 bits.
  @inline(__always)
  static func level2(six bytes: UInt64) -> UInt64 { bytes ^ (bytes &>> 9) ^ (bytes &>> 13) }
}
