// SPDX-License-Identifier: Apache-2.0

/// Finds out how many bytes an LZ4 block decodes to, without decoding it: by adding up the lengths in its tokens.
enum LZ4BlockMeasure {
  /// The size of a block's content.
  ///
  /// - Parameters:
  ///   - block: the block's data.
  ///   - limit: the most that it may hold.
  /// - Returns: the size, or `nil` for a block that cannot be decoded for its lengths alone.
  static func contentSize(of block: RawSpan, limit: Int) -> Int? {
    unsafe block.withUnsafeBytes { bytes -> Int? in
      guard let base = bytes.baseAddress else { return nil }
      let end = bytes.count
      var position = 0
      var total = 0
      while position < end {
        let token = Int(unsafe base.load(fromByteOffset: position, as: UInt8.self))
        position += 1
        var literals = token >> 4
        if literals == 15 {
          guard let more = unsafe continuation(base, &position, end) else { return nil }
          literals += more
        }
        guard literals <= end - position else { return nil }
        position += literals
        total += literals
        // The last sequence is literals only.
        if position == end { return total <= limit && token & 15 == 0 ? total : nil }
        guard end - position >= 2 else { return nil }
        position += 2
        var match = token & 15
        if match == 15 {
          guard let more = unsafe continuation(base, &position, end) else { return nil }
          match += more
        }
        total += match + 4
        guard total <= limit else { return nil }
      }
      return nil
    }
  }

  /// The bytes that continue a length.
  @inline(__always)
  private static func continuation(_ base: UnsafeRawPointer, _ position: inout Int, _ end: Int) -> Int? {
    var sum = 0
    while position < end {
      let byte = Int(unsafe base.load(fromByteOffset: position, as: UInt8.self))
      position += 1
      sum += byte
      if byte != 255 { return sum }
    }
    return nil
  }
}
