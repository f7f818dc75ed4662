// SPDX-License-Identifier: Apache-2.0

/// The level best: the cheapest way through the content among all matches that were found.
///
/// For each position of a window the cheapest way to get there is kept: its cost in bytes, the element that it ends with,
/// and the offset that may be repeated. Every element has a known size, so this is exact but for what lies beyond the
/// window. Positions that are passed more cheaply than they can be reached are not searched, only remembered.
enum S2BestEncoder {
  /// The buckets of the table of short matches, as a power of two.
  static let shortBits: UInt64 = 14
  /// The buckets of the table of long matches, as a power of two.
  static let longBits: UInt64 = 15
  /// The entries of a bucket.
  static let ways = 4
  /// A match of this length is taken without a look at others.
  static let niceLength = 32
  /// How many positions are considered together.
  static let window = 16 << 10

  /// The cheapest way to a position.
  struct Way {
    /// In bytes, from the start of the window.
    var cost: UInt32
    /// The offset that a repeat would have; 0 for none.
    var offset: UInt32
    /// How far the last element goes; 0 for a literal.
    var length: UInt32
    /// How many literals there are since the last copy.
    var literals: UInt32
  }

  /// Encodes a block's elements.
  ///
  /// - Parameters:
  ///   - source: the content.
  ///   - count: how many bytes; at most ``S2Match/maximumCount``.
  ///   - target: has room for one literal of the content.
  ///   - long: 2^``longBits`` buckets; the contents do not matter.
  ///   - short: 2^``shortBits`` buckets; the contents do not matter.
  ///   - ways: room for ``window`` and one more.
  ///   - mode: whom the block is for.
  /// - Returns: the size of the elements; 0 when they would save nothing.
  static func encode(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer,
    long: UnsafeMutableRawPointer, short: UnsafeMutableRawPointer, ways: UnsafeMutablePointer<Way>, _ mode: S2BlockMode
  ) -> Int {
    unsafe long.initializeMemory(as: UInt64.self, repeating: 0, count: 2 << Int(longBits))
    unsafe short.initializeMemory(as: UInt64.self, repeating: 0, count: 2 << Int(shortBits))
    let sizeLimit = count &- 13
    let wideLimit = count >= 1024 ? count &- 80 : -1
    // The first position is never worth a search: nothing lies before it.
    unsafe insert(source, 0, long, short)
    var start = 0
    var emitted = 0
    var written = 0
    var lastOffset = 0
    while start < count {
      let end = min(start &+ window, count)
      unsafe findWays(
        source, start, end, count, literals: start &- emitted, lastOffset: lastOffset, long, short, ways, mode)
      // The way is known from its end; turn it round.
      var position = end &- start
      var following = 0
      while position > 0 {
        let length = unsafe max(1, Int(truncatingIfNeeded: ways[position].length))
        unsafe ways[position].cost = UInt32(truncatingIfNeeded: following)
        following = position
        position = position &- length
      }
      position = following
      while position > 0 {
        let way = unsafe ways[position]
        if way.length > 0 {
          let copyEnd = start &+ position
          let copyStart = copyEnd &- Int(truncatingIfNeeded: way.length)
          let pending = copyStart &- emitted
          if written &+ pending > sizeLimit { return 0 }
          let isWide = emitted <= wideLimit && written <= wideLimit
          written =
            written
            &+ (unsafe S2Emitter.literal(source + emitted, pending, to: target + written, isWide: isWide))
          let offset = Int(truncatingIfNeeded: way.offset)
          written =
            written
            &+ (unsafe S2Emitter.copy(
              offset, Int(truncatingIfNeeded: way.length), isRepeat: offset == lastOffset ? -1 : 0,
              to: target + written, mode))
          lastOffset = offset
          emitted = copyEnd
          if written > sizeLimit { return 0 }
        }
        position = Int(truncatingIfNeeded: way.cost)
      }
      start = end
    }
    let pending = count &- emitted
    if emitted == 0 || written &+ pending > sizeLimit { return 0 }
    return written &+ (unsafe S2Emitter.exactLiteral(source + emitted, pending, to: target + written))
  }

  /// Fills in the ways from `start` to `end`.
  private static func findWays(
    _ source: UnsafeRawPointer, _ start: Int, _ end: Int, _ count: Int, literals: Int, lastOffset: Int,
    _ long: UnsafeMutableRawPointer, _ short: UnsafeMutableRawPointer, _ ways: UnsafeMutablePointer<Way>,
    _ mode: S2BlockMode
  ) {
    let size = end &- start
    var cleared = 1
    while cleared <= size {
      unsafe ways[cleared].cost = .max
      cleared = cleared &+ 1
    }
    unsafe ways[0] = Way(
      cost: 0, offset: UInt32(truncatingIfNeeded: lastOffset), length: 0,
      literals: UInt32(truncatingIfNeeded: literals))
    // Words of eight bytes are read at each position that is searched.
    let searchEnd = min(end &- 4, count &- 16)
    // The farthest position that was reached by a copy, and its cost.
    var reach = 0
    var reachCost = UInt32.max
    var index = 0
    while index < size {
      let way = unsafe ways[index]
      let position = start &+ index
      let cost = way.cost &+ 1 &+ literalHeader(way.literals)
      if unsafe cost < ways[index &+ 1].cost {
        unsafe ways[index &+ 1] = Way(cost: cost, offset: way.offset, length: 0, literals: way.literals &+ 1)
      }
      index = index &+ 1
      guard position < searchEnd, position > 0 else { continue }
      let word = unsafe S2Match.load64(source + position)
      let longHash = S2Match.hash(word, 7)
      let shortHash = S2Match.hash(word, 4)
      let longBucket = unsafe long + S2Match.slot(longHash, longBits) &* 16
      let shortBucket = unsafe short + S2Match.slot(shortHash, shortBits) &* 16
      if index &- 1 < reach, way.cost >= reachCost || (way.cost &+ 1 >= reachCost && reach &- index >= 12) {
        // Passed more cheaply. Long matches are not remembered at every position.
        if reach &- index < 16 || position & 7 == 0 {
          unsafe push(longBucket, S2Match.entry(position, longHash))
          unsafe push(shortBucket, S2Match.entry(position, shortHash))
        }
        continue
      }
      let limit = end
      // The remembered offset.
      let offset = Int(truncatingIfNeeded: way.offset)
      var best = 3
      if mode == .s2, offset > 0, offset <= position,
        unsafe S2Match.load32(source + (position &- offset)) == UInt32(truncatingIfNeeded: word)
      {
        let length = (unsafe S2Match.extend(source, position &+ 4, offset, limit)) &- position
        let at = index &- 1 &+ length
        let price = way.cost &+ repeatPrice(length, offset)
        unsafe improve(ways, at, price, offset, length)
        if length > 8, price > way.cost &+ 2 {
          unsafe improve(ways, index &+ 7, way.cost &+ 2, offset, 8)
        }
        if at > reach || (at == reach && price < reachCost) {
          reach = at
          reachCost = price
        }
        best = length
      }
      var found = unsafe longBucket.load(as: SIMD4<UInt32>.self)
      var hash = longHash
      var isLong = true
      while best < niceLength {
        for slot in 0..<4 {
          let entry = found[slot]
          let candidate = S2Match.candidate(entry, hash)
          guard S2Match.isFound(candidate, 0, UInt32(truncatingIfNeeded: S2Match.maximumCount)) else { continue }
          let from = Int(truncatingIfNeeded: candidate)
          let offset = position &- from
          // A farther match must be longer, unless the nearer one costs more: look at where it must still be equal first.
          if best > 3, offset >= 2048 || best > 11, position &+ best < limit,
            unsafe S2Match.load32(source + (from &+ best &- 3)) != S2Match.load32(source + (position &+ best &- 3))
          {
            continue
          }
          guard unsafe S2Match.load32(source + from) == UInt32(truncatingIfNeeded: word) else { continue }
          let length = (unsafe S2Match.extend(source, position &+ 4, offset, limit)) &- position
          // A farther match must be longer, unless the nearer one costs more.
          if length <= best, offset >= 2048 { continue }
          if offset > 65_535, length <= 5 { continue }
          let at = index &- 1 &+ length
          let price = way.cost &+ copyPrice(length, offset, mode)
          unsafe improve(ways, at, price, offset, length)
          if offset < 2048, length > 11 { unsafe improve(ways, index &+ 10, way.cost &+ 2, offset, 11) }
          if at > reach || (at == reach && price < reachCost) {
            reach = at
            reachCost = price
          }
          best = max(best, length)
          if best >= niceLength { break }
        }
        guard isLong, best < niceLength else { break }
        isLong = false
        found = unsafe shortBucket.load(as: SIMD4<UInt32>.self)
        hash = shortHash
      }
      unsafe push(longBucket, S2Match.entry(position, longHash))
      unsafe push(shortBucket, S2Match.entry(position, shortHash))
    }
  }

  @inline(__always)
  private static func improve(
    _ ways: UnsafeMutablePointer<Way>, _ index: Int, _ cost: UInt32, _ offset: Int, _ length: Int
  ) {
    if unsafe cost < ways[index].cost {
      unsafe ways[index] = Way(
        cost: cost, offset: UInt32(truncatingIfNeeded: offset), length: UInt32(truncatingIfNeeded: length), literals: 0)
    }
  }

  /// What one more literal adds to the header.
  @inline(__always)
  private static func literalHeader(_ literals: UInt32) -> UInt32 {
    literals == 0 || literals == 60 || literals == 256 ? 1 : 0
  }

  @inline(__always)
  private static func repeatPrice(_ length: Int, _ offset: Int) -> UInt32 {
    if length <= 8 || (length <= 11 && offset < 2048) { return 2 }
    return length < 264 ? 3 : length < 65_796 ? 4 : 5
  }

  @inline(__always)
  private static func copyPrice(_ length: Int, _ offset: Int, _ mode: S2BlockMode) -> UInt32 {
    if length <= 64 {
      return offset >= 65_536 ? 5 : length < 12 && offset < 2048 ? 2 : 3
    }
    if mode == .snappy {
      return UInt32(truncatingIfNeeded: (length &+ 63) &>> 6 &* (offset >= 65_536 ? 5 : 3))
    }
    if offset >= 65_536 { return 5 &+ repeatPrice(length &- 64, offset) }
    return offset < 2048 ? 2 &+ repeatPrice(length &- 8, offset) : 3 &+ repeatPrice(length &- 60, offset)
  }

  /// Puts an entry in front of a bucket; the last one falls out.
  @inline(__always)
  private static func push(_ bucket: UnsafeMutableRawPointer, _ entry: UInt32) {
    let low = UInt64(littleEndian: unsafe bucket.load(as: UInt64.self))
    let high = UInt64(littleEndian: unsafe bucket.load(fromByteOffset: 8, as: UInt64.self))
    unsafe bucket.storeBytes(of: (UInt64(truncatingIfNeeded: entry) | low &<< 32).littleEndian, as: UInt64.self)
    unsafe bucket.storeBytes(of: (low &>> 32 | high &<< 32).littleEndian, toByteOffset: 8, as: UInt64.self)
  }

  private static func insert(
    _ source: UnsafeRawPointer, _ position: Int, _ long: UnsafeMutableRawPointer, _ short: UnsafeMutableRawPointer
  ) {
    let word = unsafe S2Match.load64(source + position)
    let longHash = S2Match.hash(word, 7)
    let shortHash = S2Match.hash(word, 4)
    unsafe push(long + S2Match.slot(longHash, longBits) &* 16, S2Match.entry(position, longHash))
    unsafe push(short + S2Match.slot(shortHash, shortBits) &* 16, S2Match.entry(position, shortHash))
  }
}
