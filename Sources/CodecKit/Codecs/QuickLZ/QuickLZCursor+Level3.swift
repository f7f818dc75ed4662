// SPDX-License-Identifier: Apache-2.0

// The loop for level 3.

extension QuickLZCursor {
  /// Decodes as long as both ends are far and nothing is out of order. There is no table: matches tell their distance.
  mutating func runLevel3(_ forms: UnsafeMutablePointer<UInt64>) {
    let source = unsafe self.source
    let base = unsafe self.base
    let sourceLimit = sourceEnd &- Self.sourceMargin
    let limit = end &- Self.contentMargin
    var ip = self.ip
    var op = self.op
    var word = self.word

    while ip <= sourceLimit, op <= limit {
      if word == 1 {
        let fresh = unsafe QuickLZBytes.load32(source, ip)
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

      let token = unsafe UInt64(QuickLZBytes.load32(source, ip))
      let form = unsafe forms[Int(truncatingIfNeeded: token & 127)]
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
