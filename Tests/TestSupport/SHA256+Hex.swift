// SPDX-License-Identifier: Apache-2.0

// Vectors name their contents by SHA-256, in hexadecimal digits.

public import CodecKit

extension SHA256 {
  /// The hash as lower-case hexadecimal digits.
  public static func hex(_ bytes: [UInt8]) -> String { hash(bytes).description }
}
