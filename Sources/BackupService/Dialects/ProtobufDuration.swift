// SPDX-License-Identifier: Apache-2.0

/// Durations as protocol buffers write them in JSON.

/// Reads `60s`, `1.5s`, and what Go's clients write besides: `1m`, `1h`, `250ms`.
enum ProtobufDuration {
  private static let units: [(suffix: String, nanoseconds: UInt64)] = [
    ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
  ]

  /// The longest that is taken: a year.
  private static let longest: UInt64 = 366 * 24 * 3_600_000_000_000

  /// The nanoseconds that a text stands for; `nil` when it is no duration, or too long.
  static func nanoseconds(_ text: String) -> UInt64? {
    guard let unit = units.first(where: { text.hasSuffix($0.suffix) && isNumber(text.dropLast($0.suffix.count)) })
    else { return nil }
    let parts = text.dropLast(unit.suffix.count).split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = UInt64(parts[0]) else { return nil }
    var (total, overflow) = whole.multipliedReportingOverflow(by: unit.nanoseconds)
    guard !overflow, total <= longest else { return nil }
    if parts.count == 2 {
      let digits = parts[1].prefix(9)
      let scale = (0..<digits.count).reduce(UInt64(1)) { scale, _ in scale * 10 }
      let fraction = UInt64(digits) ?? 0
      // In the order in which nothing overflows.
      total +=
        unit.nanoseconds >= scale ? fraction * (unit.nanoseconds / scale) : fraction * unit.nanoseconds / scale
    }
    return min(total, longest)
  }

  private static func isNumber(_ text: Substring) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return (1...2).contains(parts.count)
      && parts.allSatisfy { (1...18).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
  }
}
