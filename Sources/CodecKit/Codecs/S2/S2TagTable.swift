// SPDX-License-Identifier: Apache-2.0

/// What the first byte of an element says, for the fast loop of the decoder: all that would need branches, looked up.
enum S2TagTable {
  /// One number for each tag:
  ///
  /// | bits | |
  /// |---|---|
  /// | 0 to 7 | the length; 0 for tags that need more than a look-up |
  /// | 8 to 15 | the size of the element, literal bytes and all |
  /// | 24 to 26 | the high bits of the offset |
  /// | 27 | whether it copies |
  /// | 28 | whether an offset of zero repeats the remembered one |
  /// | 32 to 63 | which bits behind the tag are the offset |
  ///
  /// Never freed and never written after it was made.
  nonisolated(unsafe) static let entries: UnsafePointer<UInt64> = {
    let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: 256)
    for tag in 0..<256 { unsafe (memory + tag).initialize(to: entry(UInt64(tag))) }
    return unsafe UnsafePointer(memory)
  }()

  private static func entry(_ tag: UInt64) -> UInt64 {
    let rest = tag >> 2
    switch tag & 3 {
    case 0:
      let repeats: UInt64 = 1 << 28
      return rest < 60 ? repeats | (rest + 2) << 8 | (rest + 1) : repeats
    case 1:
      let flags: UInt64 = 1 << 27 | 1 << 28 | 0xFF << 32
      let high = tag >> 5
      // These may be repeats whose length takes more bytes.
      let isSpecial = high == 0 && rest & 7 >= 5
      return flags | high << 24 | 2 << 8 | (isSpecial ? 0 : (rest & 7) + 4)
    case 2: return 1 << 27 | 0xFFFF << 32 | 3 << 8 | (rest + 1)
    default: return 1 << 27 | 0xFFFF_FFFF << 32 | 5 << 8 | (rest + 1)
    }
  }

  /// The shortest repeat whose length field is 5, 6 or 7.
  @inline(__always)
  static func repeatBase(_ field: Int) -> Int { field == 5 ? 8 : field == 6 ? 260 : 65_540 }
}
