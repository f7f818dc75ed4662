// SPDX-License-Identifier: Apache-2.0

// The loop for level 2.

extension QuickLZCursor {
  /// Decodes as long as both ends are far and nothing is out of order; shaped as the loop for level 1.
  mutating func runLevel2<Entry: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ table: UnsafeMutablePointer<Entry>, _ counters: UnsafeMutablePointer<UInt8>
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
      let short = Int(truncatingIfNeeded: token &>> 2) & 7
      // All ones for the long form.
      let long = (short &- 1) &>> 63
      let length = ((short &+ 2) & ~long) | (Int(truncatingIfNeeded: token &>> 16) & 255 & long)
      let bucket = Int(truncatingIfNeeded: token &>> 5) & 2047

      // Literals are read from the packet, where nobody writes, unless some of them stand before a control word.
      let fresh = op &- next
      let literalStart = unsafe fresh <= literals ? source + (ip &- op) : UnsafeRawPointer(base)
      while next < op &- 2 {
        let six = unsafe QuickLZHash.level2(six: QuickLZBytes.load64(literalStart, next))
        let count = min(op &- 2 &- next, 6)
        var step = 0
        while step < count {
          let bucket = Int(truncatingIfNeeded: six &>> UInt64(truncatingIfNeeded: 8 &* step)) & 2047
          unsafe Self.insert(bucket, next &+ step, table, counters)
          step &+= 1
        }
        next &+= count
      }

      let from = unsafe Int(truncatingIfNeeded: table[bucket &* 4 &+ Int(truncatingIfNeeded: token & 3)])
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

      // The two literals before the match, if there are, and its own start, whose bucket the token has told.
      let mixed = QuickLZHash.level2(six: UInt64(before | behind &<< 16))
      let unused = QuickLZTable.level2Buckets
      let first = fresh >= 2 ? Int(truncatingIfNeeded: mixed) & 2047 : unused
      let second = fresh >= 1 ? Int(truncatingIfNeeded: mixed &>> 8) & 2047 : unused
      unsafe Self.insert(first, op &- 2, table, counters)
      unsafe Self.insert(second, op &- 1, table, counters)
      unsafe Self.insert(bucket, op, table, counters)
      op &+= length
      next = op
    }
    self.ip = ip
    self.op = op
    self.word = word
    self.next = next
  }

  @inline(__always)
  private static func insert<Entry: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ bucket: Int, _ position: Int, _ table: UnsafeMutablePointer<Entry>, _ counters: UnsafeMutablePointer<UInt8>
  ) {
    let counter = unsafe counters[bucket]
    unsafe table[bucket &* 4 &+ Int(truncatingIfNeeded: counter & 3)] = Entry(truncatingIfNeeded: position)
    unsafe counters[bucket] = counter &+ 1
  }
}
