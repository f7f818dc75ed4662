// SPDX-License-Identifier: Apache-2.0

/// Numbers as text: fixed decimals, thousands, percentages.
public enum NumberText {
  /// The number with a fixed count of decimals, rounded half away from zero: `3.14`.
  ///
  /// - Parameters:
  ///   - value: Any number; infinities and NaN become `inf`, `-inf` and `nan`.
  ///   - decimals: 0 to 9; other values are held at these ends.
  /// - Returns: The text; a number beyond 9·10^18 in the last decimal place is shown in Swift's own form.
  public static func fixed(_ value: Double, decimals: Int) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let places = min(max(decimals, 0), 9)
    let scale = power(places)
    let scaled = value.magnitude * Double(scale)
    guard scaled < 9e18 else { return value.description }
    let units = rounded(scaled)
    let sign = value < 0 && units > 0 ? "-" : ""
    if places == 0 { return "\(sign)\(units)" }
    return "\(sign)\(units / scale).\(padded(Int64(units % scale), places))"
  }

  /// The nearest integer to a number from 0 to 9·10^18; `Double.rounded()` would need the C library's mathematics.
  static func rounded(_ value: Double) -> UInt64 {
    let whole = UInt64(value)
    return value - Double(whole) >= 0.5 ? whole + 1 : whole
  }

  private static func power(_ places: Int) -> UInt64 { (0..<places).reduce(1) { product, _ in product * 10 } }

  /// The number with a comma between groups of three digits: `53,271,442`.
  ///
  /// - Parameter value: Any integer.
  /// - Returns: The text.
  public static func grouped(_ value: some BinaryInteger) -> String {
    let digits = Array(String(value.magnitude))
    var text = value.signum() < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// The share of a part in a whole: `25.1 %`, or `-` if the whole is zero.
  ///
  /// - Parameters:
  ///   - part: The part.
  ///   - whole: The whole.
  ///   - decimals: Decimals, one by default.
  /// - Returns: The text.
  public static func percent(_ part: UInt64, of whole: UInt64, decimals: Int = 1) -> String {
    if whole == 0 { return "-" }
    return "\(fixed(Double(part) / Double(whole) * 100, decimals: decimals)) %"
  }

  /// The number with leading zeros.
  ///
  /// - Parameters:
  ///   - value: Any integer.
  ///   - width: The smallest number of digits.
  /// - Returns: The text.
  public static func padded(_ value: some BinaryInteger, _ width: Int) -> String {
    let digits = String(value.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.count))
    return (value.signum() < 0 ? "-" : "") + zeros + digits
  }
}
