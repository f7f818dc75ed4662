// SPDX-License-Identifier: Apache-2.0

/// One packet that is being encoded: the content, and where its payload goes.
@safe
struct QuickLZSearch {
  /// Position 0: the start of the history, or of the content when there is none.
  let base: UnsafeRawPointer
  /// Where the packet's content begins and ends.
  let start: Int
  let end: Int
  /// Where the packet begins.
  let output: UnsafeMutableRawPointer
  let headerSize: Int

  init(_ base: UnsafeRawPointer, start: Int, end: Int, _ output: UnsafeMutableRawPointer, headerSize: Int) {
    unsafe self.base = base
    self.start = start
    self.end = end
    unsafe self.output = output
    self.headerSize = headerSize
  }

  /// The last position where a match may begin: a literal from here on means that literals follow to the end.
  var lastStart: Int { end - 11 }

  @inline(__always)
  func load64(_ position: Int) -> UInt64 {
    unsafe QuickLZBytes.load64(base, position)
  }

  @inline(__always)
  func load32(_ position: Int) -> UInt32 {
    unsafe QuickLZBytes.load32(base, position)
  }

  /// How many bytes from two positions on are equal, up to a limit; the first 8 of both can be read.
  @inline(__always)
  func matchLength(_ from: Int, _ position: Int, limit: Int) -> Int {
    let difference = load64(from) ^ load64(position)
    if difference != 0 { return min(difference.trailingZeroBitCount &>> 3, limit) }
    return longMatchLength(from, position, limit: limit)
  }

  /// The same, with 8 bytes known to be equal.
  @inline(__always)
  private func longMatchLength(_ from: Int, _ position: Int, limit: Int) -> Int {
    var length = 8
    while length &+ 8 <= limit {
      let difference = load64(from &+ length) ^ load64(position &+ length)
      if difference != 0 { return length &+ (difference.trailingZeroBitCount &>> 3) }
      length &+= 8
    }
    while length < limit {
      let left = unsafe base.load(fromByteOffset: from &+ length, as: UInt8.self)
      let right = unsafe base.load(fromByteOffset: position &+ length, as: UInt8.self)
      if left != right { break }
      length &+= 1
    }
    return min(length, limit)
  }

  /// The longest match that a position may have.
  @inline(__always)
  func limit(_ position: Int) -> Int { min(255, end &- 4 &- position) }

  /// Whether so much has become so little smaller that the rest is not worth the time.
  @inline(__always)
  func isHopeless(_ position: Int, _ written: Int) -> Bool {
    let done = position &- start
    return done > (end &- start) &>> 1 && written > done &- done &>> 5
  }

  /// Writes the literals at the end.
  ///
  /// - Returns: the size of the payload.
  func finish(_ writer: inout QuickLZItemWriter, from anchor: Int) -> Int {
    unsafe writer.append(base + anchor, end - anchor)
    writer.finish()
    return writer.count - headerSize
  }
}
