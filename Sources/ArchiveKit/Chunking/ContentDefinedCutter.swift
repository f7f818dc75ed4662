// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream into chunks where its content says so: equal stretches of two streams become equal chunks, wherever
/// they stand.
///
/// ## The rule
///
/// Let b(1), b(2) and so on be the bytes from the chunk's start, gear(i) the table of 256 numbers below, `average` the
/// power of two 2^k, and all sums modulo 2^64. For n of 64 and more the hash of the 64 bytes before a border is
///
///     H(n) = sum over j from 0 to 63 of gear(b(n - j)) * 2^j
///
/// which is what H = 2 * H + gear(byte) gives when it is fed these 64 bytes. The chunk has the least size n that is
///
/// * at least `minimum` and less than `average` * 13 / 16, with H(n) < 2^(64 - (k + 2)): the k + 2 highest bits are zero;
/// * or at least both of these, with H(n) < 2^(64 - (k - 2)): the k - 2 highest bits are zero;
/// * or `maximum`;
/// * or all that is left of the stream.
///
/// gear(i) is the little-endian number in the first eight bytes of SHA-256 of the ASCII letters `CKA gear 1` followed by
/// the byte i.
///
/// The bar is high before a size a little below the average and low behind it, so that sizes gather around the average:
/// a step of 2^4 at 13/16 makes the mean of random data 0.98 averages with the standard sizes. The hash depends on
/// the 64 bytes before a border alone, neither on where the chunk began nor on what was handed in at once; of the
/// bytes below `minimum` only the last 64 are looked at.
///
/// ```swift
/// var cutter = ContentDefinedCutter()
/// while let size = cutter.cut(available, isEnd: atEnd) {
///   // the first `size` bytes are a chunk; go on with what follows them
/// }
/// // more bytes are needed, unless the end was reached
/// ```
public struct ContentDefinedCutter: Sendable {
  /// The sizes of chunks.
  public let sizes: CutSizes

  /// How many bytes the hash depends on.
  private static let window = 64

  /// From this size on the bar is low.
  private let turn: Int
  /// Hashes below it end a chunk before the turn.
  private let early: UInt64
  /// Hashes below it end a chunk from the turn on.
  private let late: UInt64

  /// How many of the chunk's bytes the hash has seen; none before there are enough for a chunk.
  private var position = 0
  private var hash: UInt64 = 0

  /// A cutter at the start of a stream.
  ///
  /// - Parameter sizes: the sizes of chunks.
  public init(_ sizes: CutSizes = .standard) {
    self.sizes = sizes
    let bits = UInt64(sizes.average.trailingZeroBitCount)
    turn = sizes.average / 16 * 13
    early = 1 &<< (64 &- (bits &+ 2))
    late = 1 &<< (64 &- (bits &- 2))
  }

  /// Back to the start of a stream.
  public mutating func reset() {
    position = 0
    hash = 0
  }

  /// Finds the end of the chunk that begins the bytes.
  ///
  /// When the answer is nil, the next call must bring the same bytes again and more behind them; what was searched is not
  /// searched again. After a size the next call begins behind the chunk.
  ///
  /// - Parameters:
  ///   - available: all bytes that are there from the chunk's start.
  ///   - isEnd: whether the stream ends behind them.
  /// - Returns: the chunk's size, or nil when more bytes are needed or there are none.
  /// - Complexity: O(n) in the bytes that are new.
  public mutating func cut(_ available: RawSpan, isEnd: Bool) -> Int? {
    let count = min(available.byteCount, sizes.maximum)
    if count >= sizes.minimum, let size = search(available, count) {
      reset()
      return size
    }
    guard count == sizes.maximum || isEnd && count > 0 else { return nil }
    reset()
    return count
  }

  /// Looks for a border in the first bytes, behind what was searched before.
  private mutating func search(_ available: RawSpan, _ count: Int) -> Int? {
    let bar = (turn: max(turn, sizes.minimum) &- 1, early: early, late: late)
    let first = sizes.minimum &- 1
    var at = position
    var hash = hash
    let found: Int? = unsafe available.withUnsafeBytes { bytes in
      guard let memory = bytes.baseAddress else { return nil }
      return unsafe GearTable.numbers.withUnsafeBufferPointer { numbers in
        guard let gear = numbers.baseAddress else { return nil }
        if at < first {
          at = first &- (Self.window &- 1)
          while at < first {
            unsafe hash = hash &<< 1 &+ gear[Int(memory.load(fromByteOffset: at, as: UInt8.self))]
            at &+= 1
          }
        }
        if at < bar.turn,
          unsafe Self.scan(memory, gear, from: &at, to: min(count, bar.turn), below: bar.early, hash: &hash)
        {
          return at
        }
        return unsafe Self.scan(memory, gear, from: &at, to: count, below: bar.late, hash: &hash) ? at : nil
      }
    }
    position = at
    self.hash = hash
    return found
  }

  /// Feeds bytes to the hash until it is below a bar.
  ///
  /// Four bytes a step, with sums that do not wait for the hash: 1.3 times the speed of one.
  ///
  /// - Returns: whether it was; `at` is then the place behind the byte that made it so.
  @inline(__always)
  private static func scan(
    _ memory: UnsafeRawPointer, _ gear: UnsafePointer<UInt64>, from at: inout Int, to end: Int, below bar: UInt64,
    hash: inout UInt64
  ) -> Bool {
    var place = at
    var sum = hash
    defer {
      at = place
      hash = sum
    }
    while place &+ 4 <= end {
      let bytes = unsafe UInt32(littleEndian: memory.loadUnaligned(fromByteOffset: place, as: UInt32.self))
      let number0 = unsafe gear[Int(bytes & 0xFF)]
      let number1 = unsafe gear[Int(bytes &>> 8 & 0xFF)]
      let number2 = unsafe gear[Int(bytes &>> 16 & 0xFF)]
      let number3 = unsafe gear[Int(bytes &>> 24)]
      let two = number0 &<< 1 &+ number1
      let three = two &<< 1 &+ number2
      let sum1 = sum &<< 1 &+ number0
      let sum2 = sum &<< 2 &+ two
      let sum3 = sum &<< 3 &+ three
      let sum4 = sum &<< 4 &+ (three &<< 1 &+ number3)
      if sum1 < bar || sum2 < bar || sum3 < bar || sum4 < bar {
        let step = sum1 < bar ? 1 : sum2 < bar ? 2 : sum3 < bar ? 3 : 4
        place &+= step
        return true
      }
      sum = sum4
      place &+= 4
    }
    while place < end {
      unsafe sum = sum &<< 1 &+ gear[Int(memory.load(fromByteOffset: place, as: UInt8.self))]
      place &+= 1
      if sum < bar { return true }
    }
    return false
  }
}
