// SPDX-License-Identifier: Apache-2.0

// SHA-256 (FIPS 180-4), plain and slow: the fast one is compared with it.

/// SHA-256 of a whole buffer.
public enum PlainSHA256 {
  /// The digest as lower-case hexadecimal digits.
  public static func hex(_ bytes: [UInt8]) -> String {
    digest(bytes).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  /// The digest.
  public static func digest(_ bytes: [UInt8]) -> [UInt8] {
    var message = bytes
    message.append(0x80)
    message += [UInt8](repeating: 0, count: (120 - message.count % 64) % 64)
    let bits = UInt64(bytes.count) * 8
    for shift in stride(from: 56 as UInt64, through: 0, by: -8) {
      message.append(UInt8(truncatingIfNeeded: bits &>> shift))
    }
    var state = initial
    var words = [UInt32](repeating: 0, count: 64)
    unsafe message.withUnsafeBytes { raw in
      for start in stride(from: 0, to: raw.count, by: 64) {
        for index in 0..<16 {
          words[index] = unsafe UInt32(
            bigEndian: raw.loadUnaligned(fromByteOffset: start + index * 4, as: UInt32.self))
        }
        compress(&state, &words)
      }
    }
    return state.flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word &>> $0) }
    }
  }

  private static func compress(_ state: inout [UInt32], _ words: inout [UInt32]) {
    for index in 16..<64 {
      let early = words[index - 15]
      let late = words[index - 2]
      let first = rotated(early, 7) ^ rotated(early, 18) ^ (early &>> 3)
      let second = rotated(late, 17) ^ rotated(late, 19) ^ (late &>> 10)
      words[index] = words[index - 16] &+ first &+ words[index - 7] &+ second
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for index in 0..<64 {
      let choice = (e & f) ^ (~e & g)
      let majority = (a & b) ^ (a & c) ^ (b & c)
      let one = h &+ (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) &+ choice &+ constants[index] &+ words[index]
      let two = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) &+ majority
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ one, c, b, a, one &+ two)
    }
    for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
  }

  private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 - count)
  }

  /// The first 32 bits of the fractional parts of the roots of the first primes.
  private static let primes: [Int] = {
    var found: [Int] = []
    var candidate = 2
    while found.count < 64 {
      if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
      candidate += 1
    }
    return found
  }()

  private static let initial = primes.prefix(8).map { fraction(of: $0, power: 2) }
  private static let constants = primes.map { fraction(of: $0, power: 3) }

  /// 32 fractional bits of a square or cube root, by integer bisection.
  private static func fraction(of number: Int, power: Int) -> UInt32 {
    let goal = UInt128(number) << (32 * UInt128(power))
    var low: UInt128 = 0
    var high: UInt128 = 1 << 40
    while high - low > 1 {
      let middle = (low + high) / 2
      let raised = power == 2 ? middle * middle : middle * middle * middle
      if raised <= goal { low = middle } else { high = middle }
    }
    return UInt32(truncatingIfNeeded: low)
  }
}
