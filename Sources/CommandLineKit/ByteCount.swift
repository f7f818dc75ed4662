// SPDX-License-Identifier: Apache-2.0

/// A number of bytes, as people type and read it.
public struct ByteCount: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The exact number.
  public var bytes: UInt64

  /// Creates a count.
  ///
  /// - Parameter bytes: The exact number.
  public init(_ bytes: UInt64) { self.bytes = bytes }

  private static let letters = Array("KMGTPE".utf8)
  private static let expected = "a size (such as 500, 64K, 64KiB, 64KB or 1.5G)"

  /// Reads a size: a number, then nothing, `B`, or one of `K M G T P E` alone or with `iB` (1024-based) or `B` (1000-based).
  ///
  /// Capitals do not matter, a fraction is allowed before a unit, one space may stand between number and unit.
  ///
  /// - Parameter text: The text.
  /// - Throws: `QuantityError.malformed`, `.tooLarge` from 2^64 on.
  public init(parsing text: String) throws(QuantityError) {
    let number = try DecimalPrefix(text[...].utf8, expected: Self.expected)
    var unit = number.rest
    if unit.first == UInt8(ascii: " "), unit.count > 1 { unit = unit.dropFirst() }
    let factor = try Self.factor(Array(unit))
    if factor == 1, number.scale != 1 { throw .malformed(expected: Self.expected) }
    bytes = try number.multiplied(by: factor)
  }

  private static func factor(_ unit: [UInt8]) throws(QuantityError) -> UInt64 {
    let capitals = unit.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }
    guard let first = capitals.first else { return 1 }
    let tail = capitals.dropFirst()
    if first == UInt8(ascii: "B"), tail.isEmpty { return 1 }
    guard let power = letters.firstIndex(of: first) else { throw .malformed(expected: expected) }
    let base: UInt64
    if tail.isEmpty || tail.elementsEqual("IB".utf8) {
      base = 1024
    } else if tail.elementsEqual("B".utf8) {
      base = 1000
    } else {
      throw .malformed(expected: expected)
    }
    return (0...power).reduce(1) { product, _ in product * base }
  }

  /// A short form for people, 1024-based: `512 B`, `1.5 MiB`, `331 MiB`.
  public var description: String {
    if bytes < 1024 { return "\(bytes) B" }
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var value = Double(bytes) / 1024
    var unit = 0
    // 1023.95 would be shown as 1024.0: such a value belongs to the next unit.
    while value >= 1023.5, unit + 1 < units.count {
      value /= 1024
      unit += 1
    }
    return "\(NumberText.fixed(value, decimals: value < 99.95 ? 1 : 0)) \(units[unit])"
  }

  /// The exact number with separators: `53,271,442 bytes`.
  public var exact: String { "\(NumberText.grouped(bytes)) \(bytes == 1 ? "byte" : "bytes")" }

  /// The shortest exact form that can be typed: `160MiB`, `1000`.
  public var argument: String {
    var value = bytes
    var power = 0
    while value != 0, value.isMultiple(of: 1024), power < Self.letters.count {
      value /= 1024
      power += 1
    }
    if power == 0 { return String(value) }
    return "\(value)\(Character(Unicode.Scalar(Self.letters[power - 1])))iB"
  }

  /// Compares the numbers.
  public static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }
}
