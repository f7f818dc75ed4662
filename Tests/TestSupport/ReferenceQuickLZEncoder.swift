// SPDX-License-Identifier: Apache-2.0

/// An encoder that makes the very packets of the reference encoders, from the description of what they do: proof that the
/// format was understood. Slow, and written for clarity.
public struct ReferenceQuickLZEncoder {
  /// Which one; they differ in small things.
  public enum Version: Sendable {
    /// 1.4.1, without streaming.
    case v141
    /// 1.5.0.
    case v150
    /// 1.5.1, built for 64 bits.
    case v151
  }

  private let version: Version
  private let level: Int
  private let buffer: Int
  private var history: [UInt8] = []
  /// Level 1: the last position for each hash; levels 2 and 3: slots.
  private var slots: [[Int]] = []
  private var counters: [UInt8] = []

  /// An encoder of a version, a level and a streaming buffer.
  public init(_ version: Version, level: Int, streamingBuffer: Int = 0) {
    self.version = version
    self.level = level
    buffer = streamingBuffer
    clear()
  }

  private mutating func clear() {
    let buckets = level == 2 ? 2048 : 4096
    let width = level == 1 ? 1 : level == 2 ? 4 : 16
    slots = [[Int]](repeating: [Int](repeating: -1, count: width), count: buckets)
    counters = [UInt8](repeating: 0, count: buckets)
  }

  /// The packet for some content.
  public mutating func encode(_ content: [UInt8]) -> [UInt8] {
    let isIndependent = history.count + content.count > buffer
    if isIndependent {
      history = []
      clear()
    }
    let start = history.count
    history += content
    let payload = compress(start)
    if payload == nil { clear() }
    if isIndependent {
      history = []
      if buffer > 0 { clear() }
    }
    let bits = [0: 0, 100_000: 1, 1_000_000: 2][buffer] ?? 3
    let isShort = content.count < 216
    let flags = (payload == nil ? 0 : 1) | (isShort ? 0 : 2) | level << 2 | bits << 4 | 0x40
    var body = payload ?? content
    if payload != nil { body += [UInt8](repeating: 0, count: max(0, 9 - body.count)) }
    let size = body.count + (isShort ? 3 : 9)
    let sizes = isShort ? [size, content.count] : bytes(size, 4) + bytes(content.count, 4)
    return ([flags] + sizes).map { UInt8($0) } + body
  }

  private func bytes(_ number: Int, _ count: Int) -> [Int] { (0..<count).map { number >> (8 * $0) & 255 } }

  private func three(_ position: Int) -> Int {
    Int(history[position]) | Int(history[position + 1]) << 8 | Int(history[position + 2]) << 16
  }

  private func hash(_ x: Int) -> Int { level == 2 ? (x ^ x >> 9 ^ x >> 13) & 2047 : (x ^ x >> 12) & 4095 }

  private mutating func insert(_ position: Int) {
    let bucket = hash(three(position))
    slots[bucket][Int(counters[bucket]) % slots[bucket].count] = position
    counters[bucket] &+= 1
    if level == 1 { counters[bucket] = 0 }
  }

  private func commonLength(_ candidate: Int, _ position: Int, _ limit: Int) -> Int {
    var length = 0
    while length < limit, history[candidate + length] == history[position + length] { length += 1 }
    return length
  }

  /// The payload; `nil` when the packet is given up.
  private mutating func compress(_ start: Int) -> [UInt8]? {
    let end = history.count
    let count = end - start
    let lastStart = end - (version == .v151 ? 17 : 11)
    var output: [UInt8] = [0, 0, 0, 0]
    var control = 0
    var flags: [Bool] = []
    var position = start
    var literalsBefore = 0

    func close() {
      var word = UInt32(1) << 31
      for (index, flag) in flags.enumerated() where flag { word |= 1 << UInt32(index) }
      for index in 0..<4 { output[control + index] = UInt8(word >> UInt32(8 * index) & 255) }
    }
    func turn() {
      close()
      control = output.count
      output += [0, 0, 0, 0]
      flags = []
    }

    while position <= lastStart {
      if flags.count == 31 {
        let done = position - start
        let isLate = version == .v141 ? done > 3 * (count / 4) : done > count / 2
        if isLate, output.count > done - done / 32 { return nil }
        turn()
      }
      if let (length, token) = match(position, start, min(255, end - 4 - position), literalsBefore) {
        flags.append(true)
        output += token
        if level == 3 { for inner in position + 1..<position + length { insert(inner) } }
        position += length
        literalsBefore = 0
      } else {
        flags.append(false)
        output.append(history[position])
        position += 1
        literalsBefore += 1
      }
    }
    while position < end {
      if flags.count == 31 { turn() }
      if level < 3, position <= end - 4 { insert(position) }
      flags.append(false)
      output.append(history[position])
      position += 1
    }
    close()
    return output
  }

  /// The match at a position, if there is one; the position is inserted in any case.
  private mutating func match(
    _ position: Int, _ start: Int, _ limit: Int, _ literalsBefore: Int
  ) -> (Int, [UInt8])? {
    let x = three(position)
    let bucket = hash(x)
    defer { insert(position) }
    if level == 1 {
      let candidate = slots[bucket][0]
      guard candidate >= 0, three(candidate) == x else { return nil }
      if candidate == 0, version != .v141, buffer == 0 { return nil }
      if position - candidate < 3 {
        let reach = version == .v141 ? 2 : 3
        guard position - candidate == 1, literalsBefore >= 3, position - start > 3,
          Set(history[position - 3...position + reach]).count == 1
        else { return nil }
      }
      let length = commonLength(candidate, position, limit)
      return length < 18
        ? (length, token(bucket << 4 | (length - 2), 2)) : (length, token(bucket << 4 | length << 16, 3))
    }
    var best = 0
    var bestSlot = 0
    var bestCandidate = -1
    for (slot, candidate) in slots[bucket].enumerated() where Int(counters[bucket]) > slot {
      guard candidate >= 0, three(candidate) == x, candidate < position - 2 else { continue }
      let length = commonLength(candidate, position, limit)
      if length > best || (level == 3 && length == best && candidate > bestCandidate) {
        best = length
        bestSlot = slot
        bestCandidate = candidate
      }
    }
    guard best >= 3 else { return nil }
    if level == 2 {
      let head = bucket << 5 | bestSlot
      return best < 10 ? (best, token(head | (best - 2) << 2, 2)) : (best, token(head | best << 16, 3))
    }
    let distance = position - bestCandidate
    guard distance < 131_071 else { return nil }
    return (best, distanceToken(distance, best))
  }

  private func distanceToken(_ distance: Int, _ length: Int) -> [UInt8] {
    if length == 3, distance < 64 { return token(distance << 2, 1) }
    if length == 3, distance < 16384 { return token(distance << 2 | 1, 2) }
    if length <= 18, distance < 1024 { return token(distance << 6 | (length - 3) << 2 | 2, 2) }
    if length <= 33 { return token(distance << 7 | (length - 2) << 2 | 3, 3) }
    return token(distance << 15 | (length - 3) << 7 | 3, 4)
  }

  private func token(_ number: Int, _ count: Int) -> [UInt8] { bytes(number, count).map { UInt8($0) } }
}
