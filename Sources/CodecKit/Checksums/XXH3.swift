// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// XXH3, 64 bits: the fastest of the checksums here.
public struct XXH3: Checksum, ~Copyable {
  private let state: XXHState

  /// Starts over nothing.
  public init() {
    unsafe state = XXHState(ck_xxh3_create(), free: { unsafe ck_xxh3_free($0) })
    unsafe ck_xxh3_reset64(state.pointer)
  }

  /// Goes on with more bytes.
  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe ck_xxh3_update64(state.pointer, $0.baseAddress, $0.count) }
  }

  /// The checksum of everything so far.
  public var value: UInt64 { unsafe ck_xxh3_digest64(state.pointer) }

  /// Back to nothing.
  public mutating func reset() {
    unsafe ck_xxh3_reset64(state.pointer)
  }

  /// The checksum of one buffer.
  public static func of(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe ck_xxh3_64($0.baseAddress, $0.count) }
  }
}
