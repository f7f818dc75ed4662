// SPDX-License-Identifier: Apache-2.0

/// S2 blocks decoded the plain way: one element after the other, one byte after the other, every rule in the order of the
/// format's description. Slow, and right by its looks: what the fast decoder is compared with.
public enum NaiveS2 {
  /// Decodes a block.
  ///
  /// - Parameters:
  ///   - block: the declared size and the elements.
  ///   - dictionary: what lies in front of the output.
  ///   - offset: the offset to begin with; 0 for none.
  ///   - limit: the largest declared size that is taken.
  /// - Returns: the content; `nil` when the block breaks a rule.
  public static func decode(
    _ block: [UInt8], dictionary: [UInt8] = [], offset firstOffset: Int = 0, limit: Int = 1 << 26
  ) -> [UInt8]? {
    var position = 0

    /// The next bytes as a number, low byte first.
    func number(_ count: Int) -> Int? {
      guard position + count <= block.count else { return nil }
      var value = 0
      for index in 0..<count { value += Int(block[position + index]) << (8 * index) }
      position += count
      return value
    }

    var declared = 0
    var shift = 0
    while true {
      guard shift < 35, let byte = number(1) else { return nil }
      declared |= (byte & 127) << shift
      shift += 7
      if byte < 128 { break }
    }
    guard declared <= limit, declared < 1 << 32 else { return nil }
    guard declared <= 3_368_551 * block.count else { return nil }

    var output: [UInt8] = []
    var offset = firstOffset
    while position < block.count {
      guard let tag = number(1) else { return nil }
      let upper = tag >> 2
      var length = upper + 1
      var copies = true
      switch tag & 3 {
      case 0:
        copies = false
        if upper >= 60 {
          guard let value = number(upper - 59) else { return nil }
          length = value + 1
        }
      case 1:
        guard let low = number(1) else { return nil }
        let field = upper & 7
        let stored = (tag >> 5) * 256 + low
        length = 4 + field
        if stored != 0 {
          offset = stored
        } else if field == 5 {
          guard let value = number(1) else { return nil }
          length = 8 + value
        } else if field == 6 {
          guard let value = number(2) else { return nil }
          length = 260 + value
        } else if field == 7 {
          guard let value = number(3) else { return nil }
          length = 65_540 + value
        }
      case 2:
        guard let value = number(2) else { return nil }
        offset = value
      default:
        guard let value = number(4) else { return nil }
        offset = value
      }
      guard length <= declared - output.count else { return nil }
      if !copies {
        guard position + length <= block.count else { return nil }
        output += block[position..<position + length]
        position += length
        continue
      }
      guard offset > 0 else { return nil }
      if offset <= output.count {
        for _ in 0..<length { output.append(output[output.count - offset]) }
        continue
      }
      guard output.count <= 65_535 else { return nil }
      let from = dictionary.count - (offset - output.count)
      guard from >= 0, from + length <= dictionary.count else { return nil }
      output += dictionary[from..<from + length]
    }
    return output.count == declared ? output : nil
  }
}
