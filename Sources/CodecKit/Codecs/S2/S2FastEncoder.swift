// SPDX-License-Identifier: Apache-2.0

/// The fast level: one table of the last position of each hash of six bytes, three positions and the remembered offset
/// looked at in each step.
///
/// The four looks are decided by one branch, and which of them found something by arithmetic: a wrong guess costs as much
/// as a step.
enum S2FastEncoder {
  /// The most entries of the table.
  static let tableBits = 14

  /// Encodes a block's elements.
  ///
  /// - Parameters:
  ///   - source: the content.
  ///   - count: how many bytes; at least ``S2BlockEncoder/shortestSearched``.
  ///   - target: has room for one literal of the content.
  ///   - table: 2^``tableBits`` entries, of positions before `base` only.
  ///   - base: what is added to positions in the table.
  ///   - mode: whom the block is for.
  /// - Returns: the size of the elements; 0 when they would save too little.
  static func encode(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer,
    table: UnsafeMutablePointer<UInt32>, base: Int, _ mode: S2BlockMode
  ) -> Int {
    // Small blocks take small tables, which stay in the cache.
    if mode == .s2 {
      if count >= 16 << 10 { return unsafe encode(source, count, to: target, table, base, Large.self) }
      if count >= 4 << 10 { return unsafe encode(source, count, to: target, table, base, Medium.self) }
      return unsafe encode(source, count, to: target, table, base, Small.self)
    }
    if count >= 16 << 10 { return unsafe encode(source, count, to: target, table, base, LargeForSnappy.self) }
    return unsafe encode(source, count, to: target, table, base, SmallForSnappy.self)
  }

  /// What is fixed for a search. A type and not arguments: the loop is compiled once for each, with all of this in it.
  private protocol Shape {
    static var mode: S2BlockMode { get }
    /// The entries of the table, as a power of two.
    static var bits: UInt64 { get }
    /// How many bytes are hashed.
    static var width: UInt64 { get }
    /// How soon steps become longer where nothing is found.
    static var skip: Int { get }
  }

  private enum Large: Shape {
    static var mode: S2BlockMode { .s2 }
    static var bits: UInt64 { 14 }
    static var width: UInt64 { 6 }
    static var skip: Int { 6 }
  }

  private enum Medium: Shape {
    static var mode: S2BlockMode { .s2 }
    static var bits: UInt64 { 12 }
    static var width: UInt64 { 5 }
    static var skip: Int { 5 }
  }

  private enum Small: Shape {
    static var mode: S2BlockMode { .s2 }
    static var bits: UInt64 { 10 }
    static var width: UInt64 { 4 }
    static var skip: Int { 5 }
  }

  private enum LargeForSnappy: Shape {
    static var mode: S2BlockMode { .snappy }
    static var bits: UInt64 { 14 }
    static var width: UInt64 { 6 }
    static var skip: Int { 6 }
  }

  private enum SmallForSnappy: Shape {
    static var mode: S2BlockMode { .snappy }
    static var bits: UInt64 { 12 }
    static var width: UInt64 { 5 }
    static var skip: Int { 5 }
  }

  private static func encode<Kind: Shape>(
    _ content: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer,
    _ table: UnsafeMutablePointer<UInt32>, _ base: Int, _ kind: Kind.Type
  ) -> Int {
    let bits = Kind.bits
    let width = Kind.width
    // From here on, positions are those of the table.
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
    var lastOffset = 1
    // All ones once there is an offset to repeat.
    var hasOffset = 0

    while true {
      let next = position &+ 4 &+ ((position &- emitted) &>> Kind.skip)
      if next > searchLimit { break }
      let word = unsafe S2Match.load64(source + position)
      let hash0 = S2Match.hash(word, width)
      let hash1 = S2Match.hash(word &>> 8, width)
      let found0 = S2Match.candidate(unsafe table[S2Match.slot(hash0, bits)], hash0)
      let found1 = S2Match.candidate(unsafe table[S2Match.slot(hash1, bits)], hash1)
      unsafe table[S2Match.slot(hash0, bits)] = S2Match.entry(position, hash0)
      unsafe table[S2Match.slot(hash1, bits)] = S2Match.entry(position &+ 1, hash1)
      let repeated = position &+ 1 &- lastOffset
      var start = position
      var from: Int
      if S2Match.isFound(found0, first, size) {
        from = Int(truncatingIfNeeded: found0)
      } else if unsafe S2Match.load32(source + repeated) == UInt32(truncatingIfNeeded: word &>> 8) {
        from = repeated
        start = position &+ 1
      } else {
        let hash2 = S2Match.hash(word &>> 16, width)
        let found2 = S2Match.candidate(unsafe table[S2Match.slot(hash2, bits)], hash2)
        unsafe table[S2Match.slot(hash2, bits)] = S2Match.entry(position &+ 2, hash2)
        if S2Match.isFound(found1, first, size) {
          from = Int(truncatingIfNeeded: found1)
          start = position &+ 1
        } else if S2Match.isFound(found2, first, size) {
          from = Int(truncatingIfNeeded: found2)
          start = position &+ 2
        } else {
          position = next
          continue
        }
      }
      let offset = start &- from
      if _slowPath(unsafe S2Match.load32(source + from) != S2Match.load32(source + start)) {
        position = next
        continue
      }
      let stop = unsafe S2Match.extend(source, start &+ 4, offset, end)
      if start > emitted {
        start = unsafe S2Match.extendBack(source, start, offset, emitted, base: base)
        let pending = start &- emitted
        if written &+ pending > sizeLimit { return 0 }
        written =
          written
          &+ (unsafe S2Emitter.literal(source + emitted, pending, to: target + written, isWide: emitted <= wideLimit))
      }
      let isRepeat = (offset == lastOffset ? hasOffset : 0)
      written =
        written
        &+ (unsafe S2Emitter.copy(offset, stop &- start, isRepeat: isRepeat, to: target + written, Kind.mode))
      lastOffset = offset
      hasOffset = -1
      emitted = stop
      if stop >= searchLimit { break }
      if written > sizeLimit { return 0 }
      let before = unsafe S2Match.load64(source + (stop &- 2))
      let near = S2Match.hash(before, width)
      let nearer = S2Match.hash(before &>> 8, width)
      unsafe table[S2Match.slot(near, bits)] = S2Match.entry(stop &- 2, near)
      unsafe table[S2Match.slot(nearer, bits)] = S2Match.entry(stop &- 1, nearer)
      position = stop
    }
    let pending = end &- emitted
    if emitted == base || written &+ pending > sizeLimit { return 0 }
    return written &+ (unsafe S2Emitter.exactLiteral(source + emitted, pending, to: target + written))
  }
}
