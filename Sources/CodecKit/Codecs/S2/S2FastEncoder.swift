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
  ///   - table: 2^``tableBits`` entries; the contents do not matter.
  ///   - mode: whom the block is for.
  /// - Returns: the size of the elements; 0 when they would save too little.
  static func encode(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer,
    table: UnsafeMutablePointer<UInt32>, _ mode: S2BlockMode
  ) -> Int {
    // Small blocks take small tables: less to clear.
    if mode == .s2 {
      if count >= 16 << 10 { return unsafe encode(source, count, to: target, table, .s2, bits: 14, width: 6, skip: 6) }
      if count >= 4 << 10 { return unsafe encode(source, count, to: target, table, .s2, bits: 12, width: 5, skip: 5) }
      return unsafe encode(source, count, to: target, table, .s2, bits: 10, width: 4, skip: 5)
    }
    if count >= 16 << 10 {
      return unsafe encode(source, count, to: target, table, .snappy, bits: 14, width: 6, skip: 6)
    }
    return unsafe encode(source, count, to: target, table, .snappy, bits: 12, width: 5, skip: 5)
  }

  @inline(__always)
  private static func encode(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer,
    _ table: UnsafeMutablePointer<UInt32>, _ mode: S2BlockMode, bits: UInt64, width: UInt64, skip: Int
  ) -> Int {
    unsafe table.update(repeating: 0, count: 1 &<< Int(truncatingIfNeeded: bits))
    let searchLimit = count &- 10
    let sizeLimit = count &- (count &>> 5) &- 13
    let wideLimit = count >= 1024 ? count &- 80 : -1
    var position = 1
    var emitted = 0
    var written = 0
    var lastOffset = 1
    // All ones once there is an offset to repeat.
    var hasOffset = 0

    while true {
      let next = position &+ 4 &+ ((position &- emitted) &>> skip)
      if next > searchLimit { break }
      let word = unsafe S2Match.load64(source + position)
      let hash0 = S2Match.hash(word, width)
      let hash1 = S2Match.hash(word &>> 8, width)
      let entry0 = unsafe table[S2Match.slot(hash0, bits)]
      let entry1 = unsafe table[S2Match.slot(hash1, bits)]
      unsafe table[S2Match.slot(hash0, bits)] = S2Match.entry(position, hash0)
      unsafe table[S2Match.slot(hash1, bits)] = S2Match.entry(position &+ 1, hash1)
      let repeated = position &+ 1 &- lastOffset
      var start = position
      var from: Int
      if S2Match.isFound(entry0, hash0) {
        from = S2Match.position(entry0)
      } else if unsafe S2Match.load32(source + repeated) == UInt32(truncatingIfNeeded: word &>> 8) {
        from = repeated
        start = position &+ 1
      } else {
        let hash2 = S2Match.hash(word &>> 16, width)
        let entry2 = unsafe table[S2Match.slot(hash2, bits)]
        unsafe table[S2Match.slot(hash2, bits)] = S2Match.entry(position &+ 2, hash2)
        if S2Match.isFound(entry1, hash1) {
          from = S2Match.position(entry1)
          start = position &+ 1
        } else if S2Match.isFound(entry2, hash2) {
          from = S2Match.position(entry2)
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
      let end = unsafe S2Match.extend(source, start &+ 4, offset, count)
      if start > emitted {
        start = unsafe S2Match.extendBack(source, start, offset, emitted)
        let pending = start &- emitted
        if written &+ pending > sizeLimit { return 0 }
        written =
          written
          &+ (unsafe S2Emitter.literal(source + emitted, pending, to: target + written, isWide: emitted <= wideLimit))
      }
      let isRepeat = (offset == lastOffset ? hasOffset : 0)
      written =
        written
        &+ (unsafe S2Emitter.copy(offset, end &- start, isRepeat: isRepeat, to: target + written, mode))
      lastOffset = offset
      hasOffset = -1
      emitted = end
      if end >= searchLimit { break }
      if written > sizeLimit { return 0 }
      let before = unsafe S2Match.load64(source + (end &- 2))
      let near = S2Match.hash(before, width)
      let nearer = S2Match.hash(before &>> 8, width)
      unsafe table[S2Match.slot(near, bits)] = S2Match.entry(end &- 2, near)
      unsafe table[S2Match.slot(nearer, bits)] = S2Match.entry(end &- 1, nearer)
      position = end
    }
    let pending = count &- emitted
    if emitted == 0 || written &+ pending > sizeLimit { return 0 }
    return written &+ (unsafe S2Emitter.exactLiteral(source + emitted, pending, to: target + written))
  }
}
