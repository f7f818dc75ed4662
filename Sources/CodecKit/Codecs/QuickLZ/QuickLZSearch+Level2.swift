// SPDX-License-Identifier: Apache-2.0

// Level 2: four candidates for each position.

extension QuickLZSearch {
  /// Makes the payload; see level 1.
  ///
  /// - Parameters:
  ///   - table: four entries for each bucket; zero where there is nothing.
  ///   - counters: how often each bucket was inserted into.
  /// - Returns: the size of the payload; `nil` when it is not worth it.
  func encodeLevel2<Entry: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ table: UnsafeMutablePointer<Entry>, _ counters: UnsafeMutablePointer<UInt8>
  ) -> Int? {
    let positionBits = Entry(Entry.bitWidth == 32 ? 18 : 32)
    let positionMask = (1 as Entry) &<< positionBits &- 1
    var writer = unsafe QuickLZItemWriter(output, at: headerSize)
    let last = lastStart
    var position = start
    var anchor = start
    var next = start

    @inline(__always)
    func entry(_ bytes: UInt32, _ position: Int) -> Entry {
      // The upper 13 of 24 bits, and a bit that says that there is an entry.
      let tag = Entry(truncatingIfNeeded: (bytes &>> 11) & 8191 | 8192)
      return tag &<< positionBits | Entry(truncatingIfNeeded: position)
    }
    @inline(__always)
    func insert(_ position: Int) {
      let bytes = load32(position)
      let bucket = QuickLZHash.level2(bytes)
      let counter = unsafe counters[bucket]
      unsafe table[bucket &* 4 &+ Int(truncatingIfNeeded: counter & 3)] = entry(bytes, position)
      unsafe counters[bucket] = counter &+ 1
    }

    /// The longest match at a position: its length, or 0, and its slot.
    @inline(__always)
    func search(_ position: Int) -> (length: Int, slot: Int) {
      if next &+ 3 <= position {
        insert(next)
        next &+= 1
      }
      let bytes = load32(position)
      let wanted = entry(bytes, 0)
      let slots = unsafe table + QuickLZHash.level2(bytes) &* 4
      var best = (length: 0, slot: 0)
      if Entry.bitWidth == 32, unsafe !Self.mayHit(slots, wanted, positionBits) { return best }
      for slot in 0..<4 {
        let found = unsafe slots[slot]
        if (found ^ wanted) &>> positionBits == 0 {
          let length = matchLength(Int(truncatingIfNeeded: found & positionMask), position, limit: limit(position))
          if length > best.length { best = (length, slot) }
        }
      }
      return best
    }

    while position <= last {
      var match = search(position)
      guard match.length > 0 else {
        position &+= 1
        continue
      }
      // A longer match at the next position is worth the literal.
      while match.length < 10, position < last {
        let later = search(position &+ 1)
        guard later.length > match.length else { break }
        match = later
        position &+= 1
      }
      let bucket = QuickLZHash.level2(load32(position))
      let (best, bestSlot) = match
      let isLong = best > 9
      let token = UInt32(truncatingIfNeeded: bestSlot | bucket &<< 5 | (isLong ? best &<< 16 : (best &- 2) &<< 2))
      unsafe writer.append(
        base + anchor, position &- anchor, isInside: position <= end &- 16, token: token, size: isLong ? 3 : 2)
      while next <= position {
        insert(next)
        next &+= 1
      }
      position &+= best
      anchor = position
      next = position
      if isHopeless(position, writer.count &- headerSize) { return nil }
    }

    // What the next packet of a stream may refer to.
    while next <= end &- 4 {
      insert(next)
      next &+= 1
    }
    return finish(&writer, from: anchor)
  }

  /// Whether one of four narrow entries has a tag; may be wrong when it says so.
  @inline(__always)
  private static func mayHit<Entry: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ slots: UnsafeMutablePointer<Entry>, _ wanted: Entry, _ positionBits: Entry
  ) -> Bool {
    let one: UInt64 = 1 | 1 &<< 32
    let wanted = UInt64(truncatingIfNeeded: wanted) &* one
    let tags = ~(((1 &<< UInt64(truncatingIfNeeded: positionBits)) &- 1) &* one)
    let slots = UnsafeRawPointer(slots)
    let left = unsafe (QuickLZBytes.load64(slots, 0) ^ wanted) & tags
    let right = unsafe (QuickLZBytes.load64(slots, 8) ^ wanted) & tags
    // A half that is zero borrows from above.
    return ((left &- one) & ~left | (right &- one) & ~right) & (one &<< 31) != 0
  }
}
