// SPDX-License-Identifier: Apache-2.0

// The loop for level 1.

extension QuickLZCursor {
  /// Decodes as long as both ends are far and nothing is out of order.
  ///
  /// Literals come as a run, found by the zeros of the control word. All insertions wait for the next match: those of
  /// its literals before it is looked up, those that need its first bytes after it was copied.
  mutating func runLevel1<Entry: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ table: UnsafeMutablePointer<Entry>
  ) {
    let source = unsafe self.source
    let base = unsafe self.base
    let sourceLimit = sourceEnd &- Self.sourceMargin
    let limit = end &- Self.contentMargin
    var ip = self.ip
    var op = self.op
    var word = self.word
    var next = self.next

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

      let token = unsafe QuickLZBytes.load32(source, ip)
      let short = Int(truncatingIfNeeded: token & 15)
      // All ones for the long form.
      let long = (short &- 1) &>> 63
      let length = ((short &+ 2) & ~long) | (Int(truncatingIfNeeded: token &>> 16) & 255 & long)
      let entry = Int(truncatingIfNeeded: token &>> 4) & 4095

      // Literals are read from the packet, where nobody writes, unless some of them stand before a control word.
      let fresh = op &- next
      let literalStart = unsafe fresh <= literals ? source + (ip &- op) : UnsafeRawPointer(base)
      while next < op &- 2 {
        let six = unsafe QuickLZHash.level1(six: QuickLZBytes.load64(literalStart, next))
        let last = min(op &- 3 &- next, 3)
        for step in 0..<4 {
          let index = min(step, last)
          unsafe table[Int(truncatingIfNeeded: six &>> UInt64(truncatingIfNeeded: 8 &* index)) & 4095] =
            Entry(truncatingIfNeeded: next &+ index)
        }
        next &+= last &+ 1
      }

      let from = unsafe Int(truncatingIfNeeded: table[entry])
      guard from < op, length >= 3, op &+ length <= limit &+ 32 else { break }
      let before = unsafe UInt32(QuickLZBytes.load16(literalStart, op &- 2))
      let behind = unsafe UInt32(QuickLZBytes.load16(base, from))
      word &>>= 1
      ip &+= 2 &- long
      let distance = op &- from
      let to = unsafe base + op
      if length <= min(distance, 32) {
        unsafe Self.copy16(to, base + from)
        unsafe Self.copy16(to + 16, base + (from &+ 16))
      } else {
        unsafe Self.copyFar(to, distance: distance, length: length)
      }

      // The two literals before the match, if there are, and its own start, whose entry the token has told.
      let mixed = QuickLZHash.level1(six: UInt64(before | behind &<< 16))
      let second = fresh >= 1 ? Int(truncatingIfNeeded: mixed &>> 8) & 4095 : entry
      let first = fresh >= 2 ? Int(truncatingIfNeeded: mixed) & 4095 : second
      unsafe table[first] = Entry(truncatingIfNeeded: op &- 2)
      unsafe table[second] = Entry(truncatingIfNeeded: op &- 1)
      unsafe table[entry] = Entry(truncatingIfNeeded: op)
      op &+= length
      next = op
    }
    self.ip = ip
    self.op = op
    self.word = word
    self.next = next
  }
}
