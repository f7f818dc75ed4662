// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41, reflected), by the processor's instructions where it has them.
public struct CRC32C: Checksum, Hashable, Sendable {
  /// The checksum of everything so far.
  public private(set) var value: UInt32 = 0

  /// Starts over nothing.
  public init() {}

  /// Goes on from a checksum that was computed before.
  public init(continuing value: UInt32) { self.value = value }

  /// Goes on with more bytes.
  public mutating func update(_ bytes: RawSpan) {
    let before = value
    value = unsafe bytes.withUnsafeBytes { unsafe ck_crc32c(before, $0.baseAddress, $0.count) }
  }

  /// Back to nothing.
  public mutating func reset() { value = 0 }

  /// The checksum of one buffer.
  public static func of(_ bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe ck_crc32c(0, $0.baseAddress, $0.count) }
  }

}
