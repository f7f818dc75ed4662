// SPDX-License-Identifier: Apache-2.0

// Level 1: one candidate for each position.

extension QuickLZSearch {
  /// Makes the payload.
  ///
  /// The table is the reader's: it sees a position only three bytes later. Three positions are looked up at once, because
  /// none of them changes what the others find; the insertions of the three before them come in between. An entry holds
  /// the position and what the hash does not tell of its three bytes, so that a look-up is one load.
  ///
  /// - Parameter table: the entries; zero where there is nothing.
  /// - Returns: the size of the payload; `nil` when it is not worth it.
  func encodeLevel1<Entry: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ table: UnsafeMutablePointer<Entry>
  ) -> Int? {
    let positionBits = Entry(Entry.bitWidth == 32 ? 19 : 32)
    let positionMask = (1 as Entry) &<< positionBits &- 1
    var writer = unsafe QuickLZItemWriter(output, at: headerSize)
    let last = lastStart &- 2
    var position = start
    var anchor = start
    var next = start

    @inline(__always)
    func entry(_ bytes: UInt64, _ position: Int) -> Entry {
      // The upper 12 of 24 bits, and a bit that says that there is an entry.
      let tag = Entry(truncatingIfNeeded: (bytes &>> 12) & 4095 | 4096)
      return tag &<< positionBits | Entry(truncatingIfNeeded: position)
    }
    @inline(__always)
    func index(_ mixed: UInt64) -> Int { Int(truncatingIfNeeded: mixed & 4095) }
    @inline(__always)
    func isHit(_ found: Entry, _ wanted: Entry) -> Int { (found ^ wanted) &>> positionBits == 0 ? 1 : 0 }

    while position <= last {
      next = position
      var bytes = load64(position)
      var mixed = QuickLZHash.level1(six: bytes)
      var new0 = entry(bytes, position)
      var new1 = entry(bytes &>> 8, position &+ 1)
      var new2 = entry(bytes &>> 16, position &+ 2)
      var found0 = unsafe table[index(mixed)]
      var found1 = unsafe table[index(mixed &>> 8)]
      var found2 = unsafe table[index(mixed &>> 16)]
      var hits = isHit(found0, new0) | isHit(found1, new1) &<< 1 | isHit(found2, new2) &<< 2
      while hits == 0 {
        position &+= 3
        guard position <= last else { break }
        let previous = mixed
        bytes = load64(position)
        mixed = QuickLZHash.level1(six: bytes)
        unsafe table[index(previous)] = new0
        found0 = unsafe table[index(mixed)]
        unsafe table[index(previous &>> 8)] = new1
        found1 = unsafe table[index(mixed &>> 8)]
        unsafe table[index(previous &>> 16)] = new2
        found2 = unsafe table[index(mixed &>> 16)]
        next = position
        new0 = entry(bytes, position)
        new1 = entry(bytes &>> 8, position &+ 1)
        new2 = entry(bytes &>> 16, position &+ 2)
        hits = isHit(found0, new0) | isHit(found1, new1) &<< 1 | isHit(found2, new2) &<< 2
      }
      guard hits != 0 else { break }

      var which = hits.trailingZeroBitCount
      var found = which == 0 ? found0 : which == 1 ? found1 : found2
      position &+= which
      var length = matchLength(Int(truncatingIfNeeded: found & positionMask), position, limit: limit(position))
      // A longer match at one of the next positions is worth the literals.
      while which < 2, hits &>> (which &+ 1) & 1 == 1 {
        let later = which == 0 ? found1 : found2
        let laterLength = matchLength(
          Int(truncatingIfNeeded: later & positionMask), position &+ 1, limit: limit(position &+ 1))
        guard laterLength > length else { break }
        which &+= 1
        position &+= 1
        found = later
        length = laterLength
      }
      let hash = index(mixed &>> UInt64(truncatingIfNeeded: which &* 8))
      let wanted = which == 0 ? new0 : which == 1 ? new1 : new2
      unsafe table[index(mixed)] = new0
      let second = which == 0 ? index(mixed) : index(mixed &>> 8)
      unsafe table[second] = which == 0 ? new0 : new1
      unsafe table[hash] = wanted

      let isLong = length > 17
      let token = UInt32(truncatingIfNeeded: hash &<< 4 | (isLong ? length &<< 16 : length &- 2))
      unsafe writer.append(
        base + anchor, position &- anchor, isInside: position <= end &- 16, token: token, size: isLong ? 3 : 2)
      position &+= length
      anchor = position
      if isHopeless(position, writer.count &- headerSize) { return nil }
      next = position
    }

    // What the next packet of a stream may refer to.
    while next <= end &- 4 {
      let bytes = UInt64(load32(next))
      unsafe table[index(QuickLZHash.level1(six: bytes))] = entry(bytes, next)
      next &+= 1
    }
    return finish(&writer, from: anchor)
  }
}
