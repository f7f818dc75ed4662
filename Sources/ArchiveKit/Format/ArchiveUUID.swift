// SPDX-License-Identifier: Apache-2.0

/// Sixteen bytes that tell archives apart.

/// What identifies an archive.
public struct ArchiveUUID: Hashable, Sendable, CustomStringConvertible {
  private let high: UInt64
  private let low: UInt64

  /// No archive's.
  static let zero = ArchiveUUID([UInt8](repeating: 0, count: 16))

  /// Zero.
  init() { self = .zero }

  /// - Parameter bytes: sixteen bytes; missing ones count as zero.
  public init(_ bytes: [UInt8]) {
    func number(_ range: Range<Int>) -> UInt64 {
      range.reduce(0) { $0 << 8 | UInt64($1 < bytes.count ? bytes[$1] : 0) }
    }
    high = number(0..<8)
    low = number(8..<16)
  }

  /// A fresh one of version 4.
  public static func random() -> ArchiveUUID {
    var generator = SystemRandomNumberGenerator()
    return ArchiveUUID(high: generator.next(), low: generator.next())
  }

  /// One with the marks of version 4.
  init(high: UInt64, low: UInt64) {
    self.high = high & ~0xF000 | 0x4000
    self.low = low & ~(3 << 62) | 1 << 63
  }

  /// The sixteen bytes.
  public var bytes: [UInt8] {
    var writer = FieldWriter(capacity: 16)
    writer.fixed(high.byteSwapped)
    writer.fixed(low.byteSwapped)
    return writer.bytes
  }

  /// As it is written: `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
  public var description: String {
    let digits = bytes.map { byte in
      let text = String(byte, radix: 16)
      return text.count < 2 ? "0" + text : text
    }
    return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
  }
}
