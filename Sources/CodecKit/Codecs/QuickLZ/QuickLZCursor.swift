// SPDX-License-Identifier: Apache-2.0

/// A compressed payload on its way to its content: where it stands, and one item at a time with every check.
///
/// The loops for the three levels do most of the work on the same state. They stop short of both ends, and before
/// anything that is not in order; the careful item decides what that is.
@safe
struct QuickLZCursor {
  /// The packet.
  let source: UnsafeRawPointer
  /// Its size.
  let sourceEnd: Int
  /// Where the next byte is read.
  var ip: Int
  /// Position 0: the start of the history, or of the content when there is none.
  let base: UnsafeMutableRawPointer
  /// Where the content ends.
  let end: Int
  /// Where the next byte is written.
  var op: Int
  /// What is left of the control word, with its end mark; 1 when it is used up.
  var word: UInt32 = 1
  /// The first position that the table has not seen.
  var next: Int

  /// Once a literal is met here or later, all that follows are literals.
  var tail: Int { end - 11 }
  /// Where a match must have ended.
  var matchEnd: Int { end - 4 }

  /// A packet's payload.
  ///
  /// - Parameters:
  ///   - packet: the complete packet.
  ///   - header: its header.
  ///   - base: where position 0 is.
  ///   - start: the position of the packet's first byte; what lies before it is history.
  init(_ packet: UnsafeRawPointer, _ header: QuickLZHeader, base: UnsafeMutableRawPointer, start: Int) {
    unsafe source = packet
    sourceEnd = header.packetSize
    ip = header.headerSize
    unsafe self.base = base
    op = start
    end = start + header.contentSize
    next = start
  }

  /// Decodes the whole payload.
  ///
  /// - Returns: what is wrong with it; the offset of the item at fault is then ``ip``.
  mutating func decode(level: Int, _ table: QuickLZTable) -> QuickLZFault? {
    while true {
      switch (level, table.isNarrow) {
      case (1, true): unsafe runLevel1(table.positions.assumingMemoryBound(to: UInt16.self))
      case (1, false): unsafe runLevel1(table.positions.assumingMemoryBound(to: UInt32.self))
      case (2, true): unsafe runLevel2(table.positions.assumingMemoryBound(to: UInt16.self), table.counters)
      case (2, false): unsafe runLevel2(table.positions.assumingMemoryBound(to: UInt32.self), table.counters)
      default: unsafe runLevel3(table.forms)
      }
      do throws(QuickLZFault) {
        if try decodeItem(level, table) { return nil }
      } catch {
        return error
      }
    }
  }

  /// Decodes one match, or the literals up to the next one, or the tail.
  ///
  /// - Returns: whether that was the end.
  private mutating func decodeItem(_ level: Int, _ table: QuickLZTable) throws(QuickLZFault) -> Bool {
    if word == 1 {
      let fresh = try control()
      guard fresh >> 31 == 1 else { throw .badControlWord }
      ip += 4
      word = fresh
    }
    if word & 1 == 1 {
      try decodeMatch(level, table)
      return false
    }
    if op < tail {
      let count = min(word.trailingZeroBitCount, tail - op)
      try copyLiterals(count)
      word &>>= UInt32(truncatingIfNeeded: count)
      return false
    }
    try decodeTail()
    if level < 3 { insert(before: end - 3, level, table) }
    return true
  }

  private func control() throws(QuickLZFault) -> UInt32 {
    guard sourceEnd - ip >= 4 else { throw .truncatedControl }
    return load32(ip)
  }

  private mutating func copyLiterals(_ count: Int) throws(QuickLZFault) {
    guard sourceEnd - ip >= count else { throw .truncatedLiteral }
    unsafe (base + op).copyMemory(from: source + ip, byteCount: count)
    op += count
    ip += count
  }

  /// The flags of the tail are not looked at, and neither are further control words.
  private mutating func decodeTail() throws(QuickLZFault) {
    while op < end {
      if word == 1 {
        _ = try control()
        ip += 4
        word = 1 << 31
      }
      let count = min(end - op, 31 - word.leadingZeroBitCount)
      try copyLiterals(count)
      word &>>= UInt32(truncatingIfNeeded: count)
    }
  }

  private mutating func decodeMatch(_ level: Int, _ table: QuickLZTable) throws(QuickLZFault) {
    let token = try readToken(level)
    guard token.length >= 3 else { throw .badLength }
    var from = op - token.reference
    if level < 3 {
      insert(before: op - 2, level, table)
      guard let position = table.position(at: token.reference) else { throw .emptySlot }
      from = position
    }
    guard op - from >= 3 else { throw .distanceTooSmall }
    guard from >= 0 else { throw .distanceOutOfRange }
    guard op + token.length <= matchEnd else { throw .matchOverrun }
    let start = op
    for _ in 0..<token.length {
      unsafe base.storeBytes(of: base.load(fromByteOffset: from, as: UInt8.self), toByteOffset: op, as: UInt8.self)
      op += 1
      from += 1
    }
    if level < 3 {
      insert(before: start + 1, level, table)
      next = op
    }
    ip += token.size
    word &>>= 1
  }

  /// A match as it is written: its size, its length, and the entry of the table or the distance.
  private struct Token {
    var size: Int
    var length: Int
    var reference: Int
  }

  private func readToken(_ level: Int) throws(QuickLZFault) -> Token {
    let available = sourceEnd - ip
    var bytes: UInt32 = 0
    for index in 0..<min(4, available) {
      bytes |= unsafe UInt32(source.load(fromByteOffset: ip + index, as: UInt8.self)) << UInt32(8 * index)
    }
    let token = Self.token(level, bytes)
    guard token.size <= available else { throw .truncatedToken }
    return token
  }

  private static func token(_ level: Int, _ bytes: UInt32) -> Token {
    let number = Int(bytes)
    switch level {
    case 1:
      let short = number & 15
      return Token(
        size: short == 0 ? 3 : 2, length: short == 0 ? number >> 16 & 255 : short + 2, reference: number >> 4 & 4095)
    case 2:
      let short = number >> 2 & 7
      return Token(
        size: short == 0 ? 3 : 2, length: short == 0 ? number >> 16 & 255 : short + 2,
        // Four positions for each bucket, so that bucket and slot are one index.
        reference: (number >> 5 & 2047) * 4 + number & 3)
    default:
      switch number & 3 {
      case 0: return Token(size: 1, length: 3, reference: number >> 2 & 63)
      case 1: return Token(size: 2, length: 3, reference: number >> 2 & 16383)
      case 2: return Token(size: 2, length: number >> 2 & 15 + 3, reference: number >> 6 & 1023)
      default:
        if number & 0x7F != 3 { return Token(size: 3, length: number >> 2 & 31 + 2, reference: number >> 7 & 131_071) }
        return Token(size: 4, length: number >> 7 & 255 + 3, reference: number >> 15 & 131_071)
      }
    }
  }

  /// Inserts the positions that the table has not seen, up to one.
  private mutating func insert(before stop: Int, _ level: Int, _ table: QuickLZTable) {
    while next < stop {
      let bytes =
        unsafe UInt32(base.load(fromByteOffset: next, as: UInt8.self))
        | UInt32(base.load(fromByteOffset: next + 1, as: UInt8.self)) << 8
        | UInt32(base.load(fromByteOffset: next + 2, as: UInt8.self)) << 16
      if level == 1 {
        table.set(QuickLZHash.level1(bytes), next)
      } else {
        let bucket = QuickLZHash.level2(bytes)
        let counter = unsafe table.counters[bucket]
        table.set(bucket * 4 + Int(counter & 3), next)
        unsafe table.counters[bucket] = counter &+ 1
      }
      next += 1
    }
  }
}

// MARK: - What the loops share

extension QuickLZCursor {
  /// How far from the end of the packet a loop stops: a control word, 31 literals and a token, read without asking.
  static var sourceMargin: Int { 4 + 32 + 8 }
  /// How far from the end of the content a loop stops: 31 literals, and what a copy writes too much.
  static var contentMargin: Int { 32 + 32 + 11 }

  /// A 32-bit number of the packet.
  @inline(__always)
  func load32(_ offset: Int) -> UInt32 {
    unsafe QuickLZBytes.load32(source, offset)
  }

  /// Copies 16 bytes.
  @inline(__always)
  static func copy16(_ to: UnsafeMutableRawPointer, _ from: UnsafeRawPointer) {
    unsafe to.storeBytes(of: from.loadUnaligned(as: SIMD2<UInt64>.self), as: SIMD2<UInt64>.self)
  }

  /// Copies a match of more than 32 bytes, or one that overlaps itself closely. Writes up to 15 bytes too much.
  @inline(never)
  static func copyFar(_ to: UnsafeMutableRawPointer, distance: Int, length: Int) {
    var done = 0
    var distance = distance
    if distance < 16 {
      // Byte by byte until a multiple of the distance reaches far enough.
      let step = distance * ((15 + distance) / distance)
      let careful = min(length, step - distance)
      while done < careful {
        unsafe (to + done).storeBytes(
          of: (to + (done &- distance)).load(as: UInt8.self), as: UInt8.self)
        done &+= 1
      }
      distance = step
    }
    while done < length {
      unsafe copy16(to + done, to + (done &- distance))
      done &+= 16
    }
  }
}
