// SPDX-License-Identifier: Apache-2.0

/// The table of positions that levels 1 and 2 keep while they decode: it depends on the content alone, so that writer and
/// reader have the same one at every match.
///
/// Level 1 has 4096 entries of one position, level 2 has 2048 buckets of four with a counter of insertions each. Behind
/// them are entries that nobody reads: loops without branches send there what they must not insert.
///
/// Positions take 16 bits when the content is short enough, which leaves the fastest cache to the content itself.
@safe
final class QuickLZTable {
  /// The positions, 16 or 32 bits each; all ones where nothing was inserted.
  let positions: UnsafeMutableRawPointer
  /// How often each bucket of level 2 was inserted into, modulo 256.
  let counters: UnsafeMutablePointer<UInt8>
  /// What the low 7 bits of a match of level 3 say of it: see ``form(_:)``.
  let forms: UnsafeMutablePointer<UInt64>
  /// Whether positions have 16 bits.
  private(set) var isNarrow = false
  /// The level whose positions are in here; 0 when there are none.
  private var level = 0

  static let level1Entries = 4096
  static let level2Buckets = 2048
  /// The most content with positions of 16 bits: the last ones are never inserted, so that all ones are free.
  static let narrowLimit = 1 << 16

  private static let capacity = (level2Buckets + 1) * 4
  private static let counterCapacity = level2Buckets + 1

  init() {
    unsafe positions = .allocate(byteCount: Self.capacity * 4, alignment: 64)
    unsafe counters = .allocate(capacity: Self.counterCapacity)
    unsafe forms = .allocate(capacity: 128)
    unsafe positions.initializeMemory(as: UInt8.self, repeating: 0xFF, count: Self.capacity * 4)
    unsafe counters.initialize(repeating: 0, count: Self.counterCapacity)
    for low in 0..<128 { unsafe (forms + low).initialize(to: Self.form(low)) }
  }

  deinit {
    unsafe positions.deallocate()
    unsafe counters.deallocate()
    unsafe forms.deallocate()
  }

  /// Forgets everything.
  func clear() {
    guard level > 0 else { return }
    let count = level == 1 ? Self.level1Entries : Self.level2Buckets * 4
    unsafe positions.initializeMemory(as: UInt8.self, repeating: 0xFF, count: count * (isNarrow ? 2 : 4))
    if level == 2 { unsafe counters.update(repeating: 0, count: Self.level2Buckets) }
    level = 0
  }

  /// Prepares for content of a level that reaches to a position.
  func prepare(level: Int, reach: Int) {
    guard self.level == 0, level < 3 else { return }
    self.level = level
    isNarrow = reach <= Self.narrowLimit
  }

  /// The position in an entry; `nil` when there is none.
  func position(at index: Int) -> Int? {
    if isNarrow {
      let position = unsafe QuickLZBytes.load16(positions, index * 2)
      return position == .max ? nil : Int(position)
    }
    let position = unsafe QuickLZBytes.load32(positions, index * 4)
    return position == .max ? nil : Int(position)
  }

  /// Puts a position into an entry.
  func set(_ index: Int, _ position: Int) {
    if isNarrow {
      unsafe QuickLZBytes.store16(UInt16(truncatingIfNeeded: position), positions, index * 2)
    } else {
      unsafe QuickLZBytes.store32(UInt32(truncatingIfNeeded: position), positions, index * 4)
    }
  }

  /// For the low 7 bits of a match of level 3: the mask of the distance in bits 0 to 16, the size in 20 to 22, the shift
  /// of the distance in 32 to 36, the length or what is added to it in 40 to 45, the mask of its rest in 48 to 55.
  private static func form(_ low: Int) -> UInt64 {
    func form(size: UInt64, shift: UInt64, mask: UInt64, length: UInt64, more: UInt64 = 0) -> UInt64 {
      mask | size << 20 | shift << 32 | length << 40 | more << 48
    }
    return switch low & 3 {
    case 0: form(size: 1, shift: 2, mask: 63, length: 3)
    case 1: form(size: 2, shift: 2, mask: 16383, length: 3)
    case 2: form(size: 2, shift: 6, mask: 1023, length: UInt64(low >> 2 & 15) + 3)
    default:
      low == 3
        ? form(size: 4, shift: 15, mask: 131_071, length: 3, more: 255)
        : form(size: 3, shift: 7, mask: 131_071, length: UInt64(low >> 2) + 2)
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
