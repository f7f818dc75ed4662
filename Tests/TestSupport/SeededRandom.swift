// SPDX-License-Identifier: Apache-2.0

/// Random numbers that can be had again.
import Foundation

/// A generator whose seed is printed once, and taken from `CODECKIT_SEED` where that is set.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private static let processSeed: UInt64 = {
    if let text = ProcessInfo.processInfo.environment["CODECKIT_SEED"], let seed = UInt64(text) { return seed }
    let seed = UInt64.random(in: 0...UInt64.max)
    print("CODECKIT_SEED=\(seed)")
    return seed
  }()

  private var state: UInt64

  /// The generator of one test.
  ///
  /// - Parameter name: Anything constant that is unlike that of other tests, so that each gets numbers of its own
  ///   whatever runs before it.
  public init(_ name: String) {
    var mixed = SeededRandom.processSeed
    for byte in name.utf8 { mixed = (mixed ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    state = mixed
  }

  /// The generator of a known seed.
  public init(seed: UInt64) {
    state = seed
  }

  /// The next number: a Weyl sequence with a finalising mix.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Random bytes.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    // Whole words: tests are built without optimisation, and ask for megabytes.
    let words = (count + 7) / 8
    return unsafe [UInt8](unsafeUninitializedCapacity: words * 8) { memory, initialized in
      for index in 0..<words {
        unsafe UnsafeMutableRawBufferPointer(memory).storeBytes(
          of: next().littleEndian, toByteOffset: 8 * index, as: UInt64.self)
      }
      initialized = count
    }
  }
}
