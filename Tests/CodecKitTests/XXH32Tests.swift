// SPDX-License-Identifier: Apache-2.0

// XXH32 against a plain implementation: the fast one has an inner loop of its own.

import CodecKit
import TestSupport
import Testing

@Suite("XXH32")
struct XXH32Tests {
  /// XXH32 with seed 0, written for clarity.
  private static func plain(_ bytes: [UInt8]) -> UInt32 {
    let primes: [UInt32] = [0x9E37_79B1, 0x85EB_CA77, 0xC2B2_AE3D, 0x27D4_EB2F, 0x1656_67B1]
    func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 - count) }
    func word(_ place: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) } }
    var place = 0
    var sum = primes[4]
    if bytes.count >= 16 {
      var lanes = [primes[0] &+ primes[1], primes[1], 0, 0 &- primes[0]]
      while place + 16 <= bytes.count {
        for lane in 0..<4 {
          lanes[lane] = rotated(lanes[lane] &+ word(place + 4 * lane) &* primes[1], 13) &* primes[0]
        }
        place += 16
      }
      sum = rotated(lanes[0], 1) &+ rotated(lanes[1], 7) &+ rotated(lanes[2], 12) &+ rotated(lanes[3], 18)
    }
    sum = sum &+ UInt32(truncatingIfNeeded: bytes.count)
    while place + 4 <= bytes.count {
      sum = rotated(sum &+ word(place) &* primes[2], 17) &* primes[3]
      place += 4
    }
    for byte in bytes[place...] { sum = rotated(sum &+ UInt32(byte) &* primes[4], 11) &* primes[0] }
    sum = (sum ^ sum >> 15) &* primes[1]
    sum = (sum ^ sum >> 13) &* primes[2]
    return sum ^ sum >> 16
  }

  @Test("every length up to 600 gives the sum of the plain implementation")
  func lengths() {
    let input = TestInputs.bytes(.random, 600)
    for length in 0...600 {
      let bytes = Array(input.prefix(length))
      #expect(XXH32.of(bytes) == Self.plain(bytes), "\(length)")
    }
  }

  @Test("pieces of all sizes give the same sum as the whole")
  func pieces() {
    let input = TestInputs.bytes(.random, 20_000)
    let expected = Self.plain(input)
    var random = SplitMix(seed: 4)
    for _ in 0..<200 {
      var hash = XXH32()
      var start = 0
      while start < input.count {
        let end = min(input.count, start + 1 + random.below(900))
        unsafe hash.update(input.span.bytes.extracting(start..<end))
        start = end
      }
      #expect(hash.value == expected)
    }
  }
}
