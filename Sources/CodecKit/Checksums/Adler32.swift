// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Adler-32 as zlib (RFC 1950) uses it. Weak on short data; only for the formats that prescribe it.
public struct Adler32: Checksum, Hashable, Sendable {
  /// The checksum of everything so far.
  public private(set) var value: UInt32 = 1

  /// Starts over nothing.
  public init() {}

  /// Goes on from a checksum that was computed before.
  public init(continuing value: UInt32) { self.value = value }

  /// Goes on with more bytes.
  public mutating func update(_ bytes: RawSpan) {
    let before = value
    value = unsafe bytes.withUnsafeBytes { unsafe ck_adler32(before, $0.baseAddress, $0.count) }
  }

  /// Back to nothing.
  public mutating func reset() { value = 1 }

  /// The checksum of one buffer.
  public static func of(_ bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe ck_adler32(1, $0.baseAddress, $0.count) }
  }

}
