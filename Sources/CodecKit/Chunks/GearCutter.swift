// SPDX-License-Identifier: Apache-2.0

/// Cuts where a rolling hash over the last 64 bytes is small: a change of the input moves only the borders near it.
///
/// The hash shifts left by one bit for each byte and adds a number that stands for the byte, so that a byte is forgotten
/// after 64 others.
final class GearCutter: ChunkCutter {
  /// The least bytes that a chunk has, unless it is the last.
  let minimumSize: Int
  let maximumSize: Int
  /// The hash of a border is smaller.
  private let threshold: UInt64

  /// How many bytes the hash depends on.
  private static let window = 64

  /// A number for each byte value, well mixed.
  private static let numbers: [UInt64] = (0..<256).map { value in
    var mixed = (UInt64(value) &+ 1) &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// - Parameters:
  ///   - size: about how many bytes chunks have: from a quarter of it to its double.
  ///   - limit: no chunk is larger.
  init(around size: Int, limit: Int) {
    minimumSize = max(size / 4, Self.window)
    maximumSize = min(size * 2, limit)
    threshold = UInt64.max / UInt64(size - size / 4)
  }

  func border(in bytes: RawSpan, searched: Int) -> Int? {
    let end = min(bytes.byteCount, maximumSize)
    let first = max(minimumSize, searched) - 1
    if first < end {
      var hash: UInt64 = 0
      let threshold = threshold
      let found: Int? = unsafe bytes.withUnsafeBytes { bytes in
        unsafe Self.numbers.withUnsafeBufferPointer { numbers in
          // What stands before the window does not count.
          for at in max(0, first - Self.window + 1)..<first {
            unsafe hash = hash &<< 1 &+ numbers[Int(bytes[at])]
          }
          for at in first..<end {
            unsafe hash = hash &<< 1 &+ numbers[Int(bytes[at])]
            if hash < threshold { return at + 1 }
          }
          return nil
        }
      }
      if let found { return found }
    }
    return bytes.byteCount >= maximumSize ? maximumSize : nil
  }
}
