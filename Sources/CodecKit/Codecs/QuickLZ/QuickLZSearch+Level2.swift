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

    while position <= last {
      if next &+ 3 <= position {
        insert(next)
        next &+= 1
      }
      let bytes = load32(position)
      let bucket = QuickLZHash.level2(bytes)
      let wanted = entry(bytes, 0)
      let slots = unsafe table + bucket &* 4
      var best = 0
      var bestSlot = 0
      for slot in 0..<4 {
        let found = unsafe slots[slot]
        if (found ^ wanted) &>> positionBits == 0 {
          let length = matchLength(Int(truncatingIfNeeded: found & positionMask), position, limit: limit(position))
          if length > best {
            best = length
            bestSlot = slot
          }
        }
      }
      guard best > 0 else {
        position &+= 1
        continue
      }
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
}
