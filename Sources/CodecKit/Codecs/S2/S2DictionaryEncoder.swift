// SPDX-License-Identifier: Apache-2.0

/// Encodes the beginning of a block with a dictionary in front of it: hash chains over both, with the dictionary's part
/// made once.
///
/// Dictionaries are for short content, and a block can refer to one only in its first 64 KiB; what follows is left to the
/// ordinary encoders.
@safe
final class S2DictionaryEncoder {
  /// How much of a block is encoded here.
  static let reach = 64 << 10

  private static let bits: UInt64 = 14

  private let size: Int
  private let firstOffset: Int
  private let mode: S2BlockMode
  /// How many candidates are looked at.
  private let depth: Int
  /// Whether a longer match at the next position goes first.
  private let isLazy: Bool
  /// The dictionary, and behind it the content.
  private let text: UnsafeMutableRawPointer
  /// The last position of each hash, one higher, when only the dictionary has been seen.
  private let pristine: UnsafeMutablePointer<UInt32>
  /// The same while encoding.
  private let heads: UnsafeMutablePointer<UInt32>
  /// The position before each with the same hash, one higher.
  private let chain: UnsafeMutablePointer<UInt32>

  init(_ dictionary: S2DictionaryContent, _ effort: S2BlockEncoder.Effort, _ mode: S2BlockMode) {
    size = dictionary.count
    firstOffset = dictionary.offset
    self.mode = mode
    depth = effort == .fast ? 6 : effort == .better ? 24 : 128
    isLazy = effort != .fast
    let capacity = dictionary.count + Self.reach
    unsafe text = .allocate(byteCount: capacity + 16, alignment: 16)
    unsafe text.initializeMemory(as: UInt8.self, repeating: 0, count: capacity + 16)
    unsafe pristine = .allocate(capacity: 1 << Int(Self.bits))
    unsafe pristine.initialize(repeating: 0, count: 1 << Int(Self.bits))
    unsafe heads = .allocate(capacity: 1 << Int(Self.bits))
    unsafe chain = .allocate(capacity: capacity)
    unsafe chain.initialize(repeating: 0, count: capacity)
    if let content = unsafe dictionary.memory.baseAddress { unsafe text.copyMemory(from: content, byteCount: size) }
    for position in 0..<max(0, size - 3) { unsafe insert(position, pristine) }
  }

  deinit {
    unsafe text.deallocate()
    unsafe pristine.deallocate()
    unsafe heads.deallocate()
    unsafe chain.deallocate()
  }

  /// Encodes elements; the target has room for one literal of the content.
  func encode(_ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer) -> Int {
    unsafe (text + size).copyMemory(from: source, byteCount: count)
    // Words are read behind the end; what they hold there must not depend on earlier content.
    unsafe (text + size + count).initializeMemory(as: UInt8.self, repeating: 0, count: 8)
    unsafe heads.update(from: pristine, count: 1 << Int(Self.bits))
    let end = size + count
    let room = S2Format.literalHeaderSize(count) + count
    var position = size
    var emitted = size
    var written = 0
    var lastOffset = firstOffset
    while position + 4 <= end {
      var match = find(position, end, lastOffset, emitted)
      unsafe insert(position, heads)
      guard match.length > 0 else {
        position += 1
        continue
      }
      while isLazy, match.length < 32, position + 5 <= end {
        let other = find(position + 1, end, lastOffset, emitted)
        guard other.gain > match.gain + 1 else { break }
        position += 1
        unsafe insert(position, heads)
        match = other
      }
      let pending = position - emitted
      // The copy takes 10 bytes at most, and its last word is written whole.
      guard written + pending + 24 < room else { break }
      written += unsafe S2Emitter.exactLiteral(text + emitted, pending, to: target + written)
      written += unsafe S2Emitter.copy(
        match.offset, match.length, isRepeat: match.offset == lastOffset ? -1 : 0, to: target + written, mode)
      lastOffset = match.offset
      emitted = position + match.length
      position += 1
      while position < emitted {
        if position + 4 <= end { unsafe insert(position, heads) }
        position += 1
      }
    }
    let pending = end - emitted
    guard written + S2Format.literalHeaderSize(pending) + pending <= room else {
      return unsafe S2Emitter.exactLiteral(source, count, to: target)
    }
    return written + (unsafe S2Emitter.exactLiteral(text + emitted, pending, to: target + written))
  }

  /// A match, and what it saves.
  private struct Match {
    var offset = 0
    var length = 0
    var gain = 0
  }

  private func find(_ position: Int, _ end: Int, _ lastOffset: Int, _ emitted: Int) -> Match {
    var best = Match()
    // A repeat in front of the first copy is legal here: the dictionary says what it repeats.
    if mode == .s2, lastOffset > 0, lastOffset <= position {
      consider(position, lastOffset, end, cost: 2, &best)
    }
    var candidate = unsafe Int(heads[slot(position)])
    var left = depth
    while candidate > 0, left > 0 {
      let offset = position - (candidate - 1)
      consider(position, offset, end, cost: offset < 2048 ? 2 : offset < 65_536 ? 3 : 5, &best)
      candidate = unsafe Int(chain[candidate - 1])
      left -= 1
    }
    return best
  }

  private func consider(_ position: Int, _ offset: Int, _ end: Int, cost: Int, _ best: inout Match) {
    let from = position - offset
    var limit = end
    if from < size {
      // Copies do not run from the dictionary into the output. Long ones are written as two, and the second must still
      // begin where the dictionary can be reached.
      guard position - size + 64 <= S2Format.dictionaryReach else { return }
      limit = min(end, position + size - from)
    }
    guard position + 4 <= limit, unsafe S2Match.load32(text + from) == S2Match.load32(text + position) else { return }
    let length = (unsafe S2Match.extend(text, position + 4, offset, limit)) - position
    let gain = length - (cost == 2 && length > 11 ? 3 : cost)
    if gain > best.gain { best = Match(offset: offset, length: length, gain: gain) }
  }

  private func slot(_ position: Int) -> Int {
    S2Match.slot(S2Match.hash(unsafe S2Match.load64(text + position), 4), Self.bits)
  }

  private func insert(_ position: Int, _ heads: UnsafeMutablePointer<UInt32>) {
    let slot = slot(position)
    unsafe chain[position] = heads[slot]
    unsafe heads[slot] = UInt32(position + 1)
  }
}
