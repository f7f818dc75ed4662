// SPDX-License-Identifier: Apache-2.0

/// Why a text is not a byte count or a span of time.
public enum QuantityError: Error, Hashable, Sendable {
  /// The text has another form; the examples show the right one.
  case malformed(expected: String)
  /// The number does not fit.
  case tooLarge

  func valueError(for bytes: [UInt8]) -> ValueError {
    let shown = Escaping.visible(bytes)
    return switch self {
    case .malformed(let expected): ValueError("'\(shown)' is not \(expected)")
    case .tooLarge: ValueError("'\(shown)' is too large")
    }
  }
}

/// A decimal number without sign and exponent, as it stands before a unit.
struct DecimalPrefix {
  /// All digits as one integer.
  var digits: UInt64
  /// The power of ten that `digits` has to be divided by.
  var scale: UInt64
  /// What follows.
  var rest: Substring.UTF8View

  /// Reads digits, at most one point, and at most nine digits after it.
  init(_ text: Substring.UTF8View, expected: String) throws(QuantityError) {
    var digits: UInt64 = 0
    var scale: UInt64 = 1
    var seen = 0
    var afterPoint: Int?
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      if byte == UInt8(ascii: "."), afterPoint == nil, seen > 0 {
        afterPoint = 0
      } else if byte >= 0x30, byte <= 0x39 {
        let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
        if overflow || carry { throw .tooLarge }
        digits = sum
        seen += 1
        if let places = afterPoint {
          if places == 9 { throw .malformed(expected: expected) }
          afterPoint = places + 1
          scale *= 10
        }
      } else {
        break
      }
      index = text.index(after: index)
    }
    if seen == 0 || afterPoint == 0 { throw .malformed(expected: expected) }
    self.digits = digits
    self.scale = scale
    rest = text[index...]
  }

  /// The number times a unit, fractions of the result dropped.
  func multiplied(by unit: UInt64) throws(QuantityError) -> UInt64 {
    let wide = digits.multipliedFullWidth(by: unit)
    // The division traps when the quotient does not fit, which is exactly this comparison.
    if wide.high >= scale { throw .tooLarge }
    return scale.dividingFullWidth(wide).quotient
  }
}
