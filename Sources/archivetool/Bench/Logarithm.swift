// SPDX-License-Identifier: Apache-2.0

/// Logarithms for the axes of charts. The mathematics of the C library would be one more library to load at each start.
enum Logarithm {
  private static let ln2 = 0.693147180559945309417
  private static let ln10 = 2.302585092994045684018

  /// The logarithm to base 10 of a positive number, exact to 12 digits; `-infinity` for zero and below.
  static func base10(_ value: Double) -> Double {
    guard value > 0 else { return -.infinity }
    guard value.isFinite else { return value }
    // ln m = 2 artanh((m - 1) / (m + 1)), whose series converges fast for m from 1 to 2.
    let ratio = (value.significand - 1) / (value.significand + 1)
    let square = ratio * ratio
    var term = ratio
    var sum = 0.0
    for index in 0..<24 {
      sum += term / Double(2 * index + 1)
      term *= square
    }
    return (2 * sum + Double(value.exponent) * ln2) / ln10
  }
}
