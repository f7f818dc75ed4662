// SPDX-License-Identifier: Apache-2.0

// The loop for level 3.

extension QuickLZCursor {
  /// Decodes as long as both ends are far and nothing is out of order. There is no table: matches tell their distance.
  mutating func runLevel3() {
    let source = unsafe self.source
    let base = unsafe self.base
    let sourceLimit = sourceEnd &- Self.sourceMargin
    let limit = end &- Self.contentMargin
    var ip = self.ip
    var op = self.op
    var word = self.word
    let forms = QuickLZForms.all

    while ip <= sourceLimit, op <= limit {
      if word == 1 {
        let fresh = unsafe (source + ip).loadUnaligned(as: UInt32.self)
        guard fresh &>> 31 == 1 else { break }
        word = fresh
        ip &+= 4
      }
      let literals = (UInt64(word) | 1 &<< 32).trailingZeroBitCount
      unsafe Self.copy16(base + op, source + ip)
      if literals > 16 { unsafe Self.copy16(base + (op &+ 16), source + (ip &+ 16)) }
      ip &+= literals
      op &+= literals
      word &>>= UInt32(truncatingIfNeeded: literals)
      if word == 1 { continue }

      let token = unsafe UInt64((source + ip).loadUnaligned(as: UInt32.self))
      let form = forms[Int(truncatingIfNeeded: token & 127)]
      let length = Int(truncatingIfNeeded: (form &>> 40 & 63) &+ (token &>> 7 & (form &>> 48)))
      let distance = Int(truncatingIfNeeded: (token &>> (form &>> 32 & 31)) & (form & 0x1FFFF))
      guard distance <= op, distance >= 3, length >= 3, op &+ length <= limit &+ 32 else { break }
      word &>>= 1
      ip &+= Int(truncatingIfNeeded: form &>> 20 & 7)
      let to = unsafe base + op
      if length <= min(distance, 32) {
        unsafe Self.copy16(to, to + (0 &- distance))
        unsafe Self.copy16(to + 16, to + (16 &- distance))
      } else {
        unsafe Self.copyFar(to, distance: distance, length: length)
      }
      op &+= length
    }
    self.ip = ip
    self.op = op
    self.word = word
  }
}

/// What the low 7 bits of a match of level 3 say of it.
enum QuickLZForms {
  /// For each value: the mask of the distance in bits 0 to 16, the size in 20 to 22, the shift of the distance in 32 to
  /// 36, the length or what is added to it in 40 to 45, the mask of the rest of the length in 48 to 55.
  static let all: InlineArray<128, UInt64> = {
    var forms = InlineArray<128, UInt64>(repeating: 0)
    for low in 0..<128 {
      forms[low] =
        switch low & 3 {
        case 0: form(size: 1, shift: 2, mask: 63, length: 3)
        case 1: form(size: 2, shift: 2, mask: 16383, length: 3)
        case 2: form(size: 2, shift: 6, mask: 1023, length: UInt64(low >> 2 & 15) + 3)
        default:
          low == 3
            ? form(size: 4, shift: 15, mask: 131_071, length: 3, more: 255)
            : form(size: 3, shift: 7, mask: 131_071, length: UInt64(low >> 2) + 2)
        }
    }
    return forms
  }()

  private static func form(size: UInt64, shift: UInt64, mask: UInt64, length: UInt64, more: UInt64 = 0) -> UInt64 {
    mask | size << 20 | shift << 32 | length << 40 | more << 48
  }
}
