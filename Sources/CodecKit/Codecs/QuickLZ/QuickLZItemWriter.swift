// SPDX-License-Identifier: Apache-2.0

/// Writes items: control words, and between them literals and matches. Room for the worst case is the caller's business.
@safe
struct QuickLZItemWriter {
  private let output: UnsafeMutableRawPointer
  /// How many bytes have been written.
  private(set) var count: Int
  /// Where the current control word stands.
  private var control: Int
  private var word: UInt32 = 0
  /// How many items the current control word has.
  private var items = 31

  /// A writer that begins at an offset.
  init(_ output: UnsafeMutableRawPointer, at offset: Int) {
    unsafe self.output = output
    count = offset
    control = offset
    // As if a word were full: the first item begins one. What is stored for it is overwritten.
  }

  /// The most bytes that literals and matches for so many bytes of content take, with what copies write too much.
  static func bound(_ count: Int) -> Int { count + count / 7 + 64 }

  @inline(__always)
  private mutating func turn() {
    unsafe QuickLZBytes.store32(word | 1 &<< 31, output, control)
    control = count
    count &+= 4
    word = 0
    items = 0
  }

  /// Literals and a match behind them.
  ///
  /// - Parameters:
  ///   - literals: the literals.
  ///   - run: how many of them there are.
  ///   - isInside: whether 16 bytes can be read behind them.
  ///   - token: the match.
  ///   - size: how many bytes of the token count.
  @inline(__always)
  mutating func append(_ literals: UnsafeRawPointer, _ run: Int, isInside: Bool, token: UInt32, size: Int) {
    if run &+ items < 31, isInside {
      unsafe QuickLZCursor.copy16(output + count, literals)
      if run > 16 { unsafe QuickLZCursor.copy16(output + (count &+ 16), literals + 16) }
      count &+= run
      items &+= run
    } else {
      unsafe append(literals, run)
      if items == 31 { turn() }
    }
    word |= 1 &<< UInt32(truncatingIfNeeded: items)
    items &+= 1
    unsafe QuickLZBytes.store32(token, output, count)
    count &+= size
  }

  /// Literals alone.
  mutating func append(_ literals: UnsafeRawPointer, _ run: Int) {
    var done = 0
    while done < run {
      if items == 31 { turn() }
      let part = min(run &- done, 31 &- items)
      unsafe (output + count).copyMemory(from: literals + done, byteCount: part)
      count &+= part
      items &+= part
      done &+= part
    }
  }

  /// Completes the last control word. There has been an item.
  mutating func finish() {
    unsafe QuickLZBytes.store32(word | 1 &<< 31, output, control)
  }
}
