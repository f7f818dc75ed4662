// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// CRC-32 as gzip, zip and PNG use it (polynomial 0x04C11DB7, reflected), by carry-less multiplication.
public struct CRC32: Checksum, Hashable, Sendable {
  /// The checksum of everything so far.
  public private(set) var value: UInt32 = 0

  /// Starts over nothing.
  public init() {}

  /// Goes on from a checksum that was computed before.
  public init(continuing value: UInt32) { self.value = value }

  /// Goes on with more bytes.
  public mutating func update(_ bytes: RawSpan) {
    let before = value
    value = unsafe bytes.withUnsafeBytes { unsafe ck_crc32(before, $0.baseAddress, $0.count) }
  }

  /// Back to nothing.
  public mutating func reset() { value = 0 }

  /// The checksum of one buffer.
  public static func of(_ bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe ck_crc32(0, $0.baseAddress, $0.count) }
  }

  /// The checksum of two pieces joined, from the checksums of each.
  ///
  /// - Parameters:
  ///   - first: the checksum of the first piece.
  ///   - second: the checksum of the second piece.
  ///   - secondSize: how many bytes the second piece has.
  /// - Complexity: O(log n) in the size of the second piece.
  public static func joined(_ first: UInt32, _ second: UInt32, secondSize: UInt64) -> UInt32 {
    ck_crc32_combine(first, second, secondSize)
  }
}
