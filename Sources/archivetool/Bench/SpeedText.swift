// SPDX-License-Identifier: Apache-2.0

import CommandLineKit

/// Speeds as text, in millions of bytes a second, as compressors and networks are compared.
enum SpeedText {
  /// The number alone, with about three digits: `3.4`, `34.1`, `341`, `3,410`.
  static func megabytes(_ bytesPerSecond: Double) -> String {
    let value = bytesPerSecond / 1e6
    if value < 9.995 { return NumberText.fixed(value, decimals: 2) }
    if value < 99.95 { return NumberText.fixed(value, decimals: 1) }
    return value < 1e15 ? NumberText.grouped(Int(value + 0.5)) : NumberText.fixed(value, decimals: 0)
  }

  /// A ratio with three digits or more: `3.41`, `34.1`.
  static func ratio(_ value: Double) -> String { NumberText.fixed(value, decimals: value < 99.995 ? 2 : 0) }

  /// A share as percent: `3 %`.
  static func percent(_ share: Double, decimals: Int = 1) -> String {
    "\(NumberText.fixed(share * 100, decimals: decimals)) %"
  }
}
