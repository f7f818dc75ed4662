// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// XXH64 with seed 0: the checksum of zstd frames.
public struct XXH64: Checksum, ~Copyable {
  private let state: XXHState

  /// Starts over nothing.
  public init() {
    unsafe state = XXHState(ck_xxh64_create(0), free: { unsafe ck_xxh64_free($0) })
  }

  /// Goes on with more bytes.
  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe ck_xxh64_update(state.pointer, $0.baseAddress, $0.count) }
  }

  /// The checksum of everything so far.
  public var value: UInt64 { unsafe ck_xxh64_digest(state.pointer) }

  /// Back to nothing.
  public mutating func reset() {
    unsafe ck_xxh64_reset(state.pointer, 0)
  }

  /// The checksum of one buffer.
  public static func of(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe ck_xxh64($0.baseAddress, $0.count, 0) }
  }
}
