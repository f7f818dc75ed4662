// SPDX-License-Identifier: Apache-2.0

/// The level better: a large table of long matches and a small one of short ones; a short match is taken only when no
/// long one begins at the next position.
enum S2BetterEncoder {
  /// The most entries of the table of long matches, as a power of two.
  static let longBits = 16
  /// The most entries of the table of short matches, as a power of two.
  static let shortBits = 15

  /// Encodes a block's elements.
  ///
  /// - Parameters:
  ///   - source: the content.
  ///   - count: how many bytes; at most ``S2Match/maximumCount``.
  ///   - target: has room for one literal of the content.
  ///   - long: 2^``longBits`` entries; the contents do not matter.
  ///   - short: 2^``shortBits`` entries; the contents do not matter.
  ///   - mode: whom the block is for.
  /// - Returns: the size of the elements; 0 when they would save too little.
  static func encode(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer,
    long: UnsafeMutablePointer<UInt32>, short: UnsafeMutablePointer<UInt32>, _ mode: S2BlockMode
  ) -> Int {
    if count > 256 << 10 {
      return unsafe mode == .s2
        ? encode(source, count, to: target, long, short, .s2, longBits: 16, shortBits: 14, width: 7, skip: 7, step: 3)
        : encode(
          source, count, to: target, long, short, .snappy, longBits: 16, shortBits: 14, width: 7, skip: 7, step: 3)
    }
    if count > 16 << 10 {
      return unsafe mode == .s2
        ? encode(source, count, to: target, long, short, .s2, longBits: 15, shortBits: 15, width: 7, skip: 7, step: 2)
        : encode(
          source, count, to: target, long, short, .snappy, longBits: 15, shortBits: 15, width: 7, skip: 7, step: 2)
    }
    return unsafe encode(
      source, count, to: target, long, short, mode, longBits: 12, shortBits: 10, width: 6, skip: 5, step: 2)
  }

  @inline(__always)
  private static func encode(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer,
    _ long: UnsafeMutablePointer<UInt32>, _ short: UnsafeMutablePointer<UInt32>, _ mode: S2BlockMode,
    longBits: UInt64, shortBits: UInt64, width: UInt64, skip: Int, step: Int
  ) -> Int {
    unsafe long.update(repeating: 0, count: 1 &<< Int(truncatingIfNeeded: longBits))
    unsafe short.update(repeating: 0, count: 1 &<< Int(truncatingIfNeeded: shortBits))
    let searchLimit = count &- 10
    let sizeLimit = count &- (count &>> 5) &- 13
    let wideLimit = count >= 1024 ? count &- 80 : -1
    var position = 1
    var emitted = 0
    var written = 0
    var lastOffset = 0

    while true {
      let next = position &+ 1 &+ ((position &- emitted) &>> skip)
      if next > searchLimit { break }
      let word = unsafe S2Match.load64(source + position)
      let longHash = S2Match.hash(word, width)
      let shortHash = S2Match.hash(word, 4)
      let longSlot = S2Match.slot(longHash, longBits)
      let shortSlot = S2Match.slot(shortHash, shortBits)
      let longEntry = unsafe long[longSlot]
      let shortEntry = unsafe short[shortSlot]
      unsafe long[longSlot] = S2Match.entry(position, longHash)
      unsafe short[shortSlot] = S2Match.entry(position, shortHash)
      var start = position
      var from: Int
      if S2Match.isFound(longEntry, longHash) {
        from = S2Match.position(longEntry)
        if unsafe S2Match.load64(source + from) != word {
          let nextWord = unsafe S2Match.load64(source + (position &+ 1))
          let nextHash = S2Match.hash(nextWord, width)
          let nextSlot = S2Match.slot(nextHash, longBits)
          let nextEntry = unsafe long[nextSlot]
          unsafe long[nextSlot] = S2Match.entry(position &+ 1, nextHash)
          if S2Match.isFound(nextEntry, nextHash),
            unsafe S2Match.load64(source + S2Match.position(nextEntry)) == nextWord
          {
            from = S2Match.position(nextEntry)
            start = position &+ 1
          }
        }
      } else if S2Match.isFound(shortEntry, shortHash) {
        from = S2Match.position(shortEntry)
        let nextWord = unsafe S2Match.load64(source + (position &+ 1))
        let nextHash = S2Match.hash(nextWord, width)
        let nextSlot = S2Match.slot(nextHash, longBits)
        let nextEntry = unsafe long[nextSlot]
        unsafe long[nextSlot] = S2Match.entry(position &+ 1, nextHash)
        if S2Match.isFound(nextEntry, nextHash) {
          from = S2Match.position(nextEntry)
          start = position &+ 1
        }
      } else {
        position = next
        continue
      }

      let offset = start &- from
      if _slowPath(unsafe S2Match.load32(source + from) != S2Match.load32(source + start)) {
        // The position behind this one is in the table already, and would find itself.
        position = next &+ 1
        continue
      }
      let end = unsafe S2Match.extend(source, start &+ 4, offset, count)
      if start > emitted { start = unsafe S2Match.extendBack(source, start, offset, emitted) }
      // A far copy takes five bytes.
      if offset > 65_535, end &- start <= 5, offset != lastOffset {
        position = next &+ 1
        continue
      }
      let pending = start &- emitted
      if written &+ pending > sizeLimit { return 0 }
      if pending > 0 {
        written =
          written
          &+ (unsafe S2Emitter.literal(source + emitted, pending, to: target + written, isWide: emitted <= wideLimit))
      }
      written =
        written
        &+ (unsafe S2Emitter.copy(
          offset, end &- start, isRepeat: offset == lastOffset ? -1 : 0, to: target + written, mode))
      lastOffset = offset
      emitted = end
      if end >= searchLimit { break }
      if written > sizeLimit { return 0 }

      // Positions inside the match, as far as they are worth it.
      unsafe store(source, start &+ 1, long, longBits, width)
      unsafe store(source, start &+ 2, short, shortBits, 4)
      unsafe store(source, end &- 2, long, longBits, width)
      unsafe store(source, end &- 1, short, shortBits, 4)
      var first = start &+ 2
      var second = (start &+ end) &>> 1
      let last = min(end &- 3, second &+ 24)
      while second < last {
        unsafe store(source, first, long, longBits, width)
        unsafe store(source, second, long, longBits, width)
        first = first &+ step
        second = second &+ step
      }
      position = end
    }
    let pending = count &- emitted
    if emitted == 0 || written &+ pending > sizeLimit { return 0 }
    return written &+ (unsafe S2Emitter.exactLiteral(source + emitted, pending, to: target + written))
  }

  @inline(__always)
  private static func store(
    _ source: UnsafeRawPointer, _ position: Int, _ table: UnsafeMutablePointer<UInt32>, _ bits: UInt64, _ width: UInt64
  ) {
    let hash = S2Match.hash(unsafe S2Match.load64(source + position), width)
    unsafe table[S2Match.slot(hash, bits)] = S2Match.entry(position, hash)
  }
}
