// SPDX-License-Identifier: Apache-2.0

import CodecKit

/// The numbers that stand for byte values in the hash of ``ContentDefinedCutter``.
enum GearTable {
  /// Number i is the little-endian number in the first eight bytes of SHA-256 of the ten letters `CKA gear 1` and the
  /// byte i: made by a rule, so that nobody has to copy 256 numbers.
  static let numbers: [UInt64] = (0...UInt8.max).map { byte in
    SHA256.hash(Array("CKA gear 1".utf8) + [byte]).prefix
  }
}
