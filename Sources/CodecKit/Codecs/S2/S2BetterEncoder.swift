// SPDX-License-Identifier: Apache-2.0

/// The level better: a large table of long matches and a small one of short ones; a short match is taken only when no
/// long one begins at the next position.
enum S2BetterEncoder {
  /// The most entries of the table of long matches, as a power of two.
  static let longBits = 16
  /// The most entries of the table of short matches, as a power of two.
  static let shortBits = 14

  /// Encodes a block's elements.
  ///
  /// - Parameters:
  ///   - source: the content.
  ///   - count: how many bytes; at most ``S2Match/maximumCount``.
  ///   - target: has room for one literal of the content.
  ///   - long: 2^``longBits`` entries, of positions before `base` only.
  ///   - short: 2^``shortBits`` entries, also.
  ///   - base: what is added to positions in the tables.
  ///   - mode: whom the block is for.
  /// - Returns: the size of the elements; 0 when they would save too little.
  static func encode(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer,
    long: UnsafeMutablePointer<UInt32>, short: UnsafeMutablePointer<UInt32>, base: Int, _ mode: S2BlockMode
  ) -> Int {
    if count > 16 << 10 {
      return unsafe mode == .s2
        ? encode(source, count, to: target, long, short, base, Large.self)
        : encode(source, count, to: target, long, short, base, LargeForSnappy.self)
    }
    return unsafe mode == .s2
      ? encode(source, count, to: target, long, short, base, Small.self)
      : encode(source, count, to: target, long, short, base, SmallForSnappy.self)
  }

  /// What is fixed for a search. A type and not arguments: the loop is compiled once for each, with all of this in it.
  private protocol Shape {
    static var mode: S2BlockMode { get }
    /// The entries of the table of long matches, as a power of two.
    static var longBits: UInt64 { get }
    /// The entries of the table of short matches, as a power of two.
    static var shortBits: UInt64 { get }
    /// How many bytes are hashed for a long match.
    static var width: UInt64 { get }
    /// How soon steps become longer where nothing is found.
    static var skip: Int { get }
  }

  private enum Large: Shape {
    static var mode: S2BlockMode { .s2 }
    static var longBits: UInt64 { 16 }
    static var shortBits: UInt64 { 14 }
    static var width: UInt64 { 7 }
    static var skip: Int { 7 }
  }

  private enum LargeForSnappy: Shape {
    static var mode: S2BlockMode { .snappy }
    static var longBits: UInt64 { 16 }
    static var shortBits: UInt64 { 14 }
    static var width: UInt64 { 7 }
    static var skip: Int { 7 }
  }

  private enum Small: Shape {
    static var mode: S2BlockMode { .s2 }
    static var longBits: UInt64 { 12 }
    static var shortBits: UInt64 { 10 }
    static var width: UInt64 { 6 }
    static var skip: Int { 5 }
  }

  private enum SmallForSnappy: Shape {
    static var mode: S2BlockMode { .snappy }
    static var longBits: UInt64 { 12 }
    static var shortBits: UInt64 { 10 }
    static var width: UInt64 { 6 }
    static var skip: Int { 5 }
  }

  private static func encode<Kind: Shape>(
    _ content: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer,
    _ long: UnsafeMutablePointer<UInt32>, _ short: UnsafeMutablePointer<UInt32>, _ base: Int, _ kind: Kind.Type
  ) -> Int {
    let longBits = Kind.longBits
    let shortBits = Kind.shortBits
    let width = Kind.width
    // From here on, positions are those of the tables.
    let source = unsafe content + (0 &- base)
    let first = UInt32(truncatingIfNeeded: base)
    let size = UInt32(truncatingIfNeeded: count)
    let end = base &+ count
    let searchLimit = end &- 10
    let sizeLimit = count &- (count &>> 5) &- 13
    let wideLimit = count >= 1024 ? end &- 80 : -1
    var position = base &+ 1
    var emitted = base
    var written = 0
    var lastOffset = 0

    while true {
      let next = position &+ 1 &+ ((position &- emitted) &>> Kind.skip)
      if next > searchLimit { break }
      let word = unsafe S2Match.load64(source + position)
      let longHash = S2Match.hash(word, width)
      let shortHash = S2Match.hash(word, 4)
      let longSlot = S2Match.slot(longHash, longBits)
      let shortSlot = S2Match.slot(shortHash, shortBits)
      let longFound = S2Match.candidate(unsafe long[longSlot], longHash)
      let shortFound = S2Match.candidate(unsafe short[shortSlot], shortHash)
      unsafe long[longSlot] = S2Match.entry(position, longHash)
      unsafe short[shortSlot] = S2Match.entry(position, shortHash)
      var start = position
      var from: Int
      if S2Match.isFound(longFound, first, size) {
        from = Int(truncatingIfNeeded: longFound)
        if unsafe S2Match.load64(source + from) != word {
          let nextWord = unsafe S2Match.load64(source + (position &+ 1))
          let nextHash = S2Match.hash(nextWord, width)
          let nextSlot = S2Match.slot(nextHash, longBits)
          let nextFound = S2Match.candidate(unsafe long[nextSlot], nextHash)
          unsafe long[nextSlot] = S2Match.entry(position &+ 1, nextHash)
          if S2Match.isFound(nextFound, first, size),
            unsafe S2Match.load64(source + Int(truncatingIfNeeded: nextFound)) == nextWord
          {
            from = Int(truncatingIfNeeded: nextFound)
            start = position &+ 1
          }
        }
      } else if S2Match.isFound(shortFound, first, size) {
        from = Int(truncatingIfNeeded: shortFound)
        let nextWord = unsafe S2Match.load64(source + (position &+ 1))
        let nextHash = S2Match.hash(nextWord, width)
        let nextSlot = S2Match.slot(nextHash, longBits)
        let nextFound = S2Match.candidate(unsafe long[nextSlot], nextHash)
        unsafe long[nextSlot] = S2Match.entry(position &+ 1, nextHash)
        if S2Match.isFound(nextFound, first, size) {
          from = Int(truncatingIfNeeded: nextFound)
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
      let stop = unsafe S2Match.extend(source, start &+ 4, offset, end)
      if start > emitted { start = unsafe S2Match.extendBack(source, start, offset, emitted, base: base) }
      // A far copy takes five bytes.
      if offset > 65_535, stop &- start <= 5, offset != lastOffset {
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
          offset, stop &- start, isRepeat: offset == lastOffset ? -1 : 0, to: target + written, Kind.mode))
      lastOffset = offset
      emitted = stop
      if stop >= searchLimit { break }
      if written > sizeLimit { return 0 }

      // Positions inside the match, as far as they are worth it.
      unsafe store(source, start &+ 1, long, longBits, width)
      unsafe store(source, start &+ 2, short, shortBits, 4)
      unsafe store(source, stop &- 2, long, longBits, width)
      unsafe store(source, stop &- 1, short, shortBits, 4)
      var near = start &+ 2
      var second = (start &+ stop) &>> 1
      let last = min(stop &- 3, second &+ 24)
      while second < last {
        unsafe store(source, near, long, longBits, width)
        unsafe store(source, second, long, longBits, width)
        near = near &+ 3
        second = second &+ 3
      }
      position = stop
    }
    let pending = end &- emitted
    if emitted == base || written &+ pending > sizeLimit { return 0 }
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
