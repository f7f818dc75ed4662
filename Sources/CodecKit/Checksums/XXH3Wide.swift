// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// XXH3, 128 bits: as fast as the 64-bit form, and wide enough to tell chunks apart where nobody forges them.
public struct XXH3Wide: Checksum, ~Copyable {
  private let state: XXHState

  /// Starts over nothing.
  public init() {
    unsafe state = XXHState(ck_xxh3_create(), free: { unsafe ck_xxh3_free($0) })
    unsafe ck_xxh3_reset128(state.pointer)
  }

  /// Goes on with more bytes.
  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe ck_xxh3_update128(state.pointer, $0.baseAddress, $0.count) }
  }

  /// The checksum of everything so far.
  public var value: UInt128 { unsafe UInt128(ck_xxh3_digest128(state.pointer)) }

  /// Back to nothing.
  public mutating func reset() {
    unsafe ck_xxh3_reset128(state.pointer)
  }

  /// The checksum of one buffer.
  public static func of(_ bytes: RawSpan) -> UInt128 {
    unsafe bytes.withUnsafeBytes { unsafe UInt128(ck_xxh3_128($0.baseAddress, $0.count)) }
  }
}

extension UInt128 {
  /// The number that a pair of halves stands for.
  fileprivate init(_ hash: ck_hash128) {
    self = UInt128(hash.high) << 64 | UInt128(hash.low)
  }
}
