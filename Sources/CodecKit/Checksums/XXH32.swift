// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// XXH32 with seed 0: the checksum of lz4 frames.
public struct XXH32: Checksum, ~Copyable {
  private let state: XXHState

  /// Starts over nothing.
  public init() {
    unsafe state = XXHState(ck_xxh32_create(0), free: { unsafe ck_xxh32_free($0) })
  }

  /// Starts over what another has seen.
  init(_ other: borrowing XXH32) {
    self.init()
    unsafe ck_xxh32_copy(state.pointer, other.state.pointer)
  }

  /// Goes on with more bytes.
  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe ck_xxh32_update(state.pointer, $0.baseAddress, $0.count) }
  }

  /// The checksum of everything so far.
  public var value: UInt32 { unsafe ck_xxh32_digest(state.pointer) }

  /// Back to nothing.
  public mutating func reset() {
    unsafe ck_xxh32_reset(state.pointer, 0)
  }

  /// The checksum of one buffer.
  public static func of(_ bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe ck_xxh32($0.baseAddress, $0.count, 0) }
  }
}
