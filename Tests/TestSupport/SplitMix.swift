// SPDX-License-Identifier: Apache-2.0

// Random numbers that a seed repeats on every machine.

private import Foundation

/// The SplitMix64 generator.
public struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts from a seed; equal seeds give equal numbers.
  public init(seed: UInt64) { state = seed }

  /// The seed of this run: what `CODECKIT_SEED` says, or always the same.
  public static let runSeed: UInt64 =
    ProcessInfo.processInfo.environment["CODECKIT_SEED"].flatMap { UInt64($0) } ?? 0x5EED_0F_C0DEC

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed &>> 31)
  }

  /// A number from 0 up to, but not including, a bound; 0 when the bound is not positive.
  public mutating func below(_ bound: Int) -> Int {
    bound > 0 ? Int(next() % UInt64(bound)) : 0
  }

  /// Random bytes.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    var words = [UInt64](repeating: 0, count: (count + 7) / 8)
    for index in words.indices { words[index] = next() }
    return unsafe words.withUnsafeBytes { unsafe Array($0.prefix(count)) }
  }
}
