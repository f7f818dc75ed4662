// SPDX-License-Identifier: Apache-2.0

import CommandLineKit

/// One axis of a chart: which values it spans, where they lie, and which of them are written beside it.
struct ChartAxis {
  /// How values become places.
  enum Scale { case linear, logarithmic }

  /// A value that is written at the axis.
  struct Tick: Hashable {
    var value: Double
    var label: String
  }

  let scale: Scale
  /// The values at both ends.
  let low: Double
  let high: Double
  /// The places of both ends; the second may be the smaller one.
  let from: Double
  let to: Double
  let ticks: [Tick]

  /// An axis on which each step is a multiple of the one before, with ticks at 1, 2 and 5.
  ///
  /// - Parameters:
  ///   - values: what has to be on it; only those above 0 count.
  ///   - from: the place of the low end.
  ///   - to: the place of the high end.
  ///   - label: how a value is written.
  static func logarithmic(
    _ values: [Double], from: Double, to: Double, label: (Double) -> String
  ) -> ChartAxis {
    let positive = values.filter { $0 > 0 && $0.isFinite }
    let low = (positive.min() ?? 1) / 1.35
    let high = (positive.max() ?? 10) * 1.35
    var ticks: [Double] = []
    var decade = 1e-6
    while decade <= high {
      ticks += [1, 2, 5].map { $0 * decade }.filter { $0 >= low && $0 <= high }
      decade *= 10
    }
    // Over many decades only their beginnings have room.
    if ticks.count > 9 {
      let heads = ticks.filter { isPowerOfTen($0) }
      if heads.count >= 2 { ticks = heads }
    }
    return ChartAxis(
      scale: .logarithmic, low: low, high: high, from: from, to: to,
      ticks: ticks.map { Tick(value: $0, label: label($0)) })
  }

  /// An axis on which equal steps are equal distances, from a round number to a round number.
  static func linear(
    _ values: [Double], from: Double, to: Double, label: (Double, Int) -> String
  ) -> ChartAxis {
    let known = values.filter(\.isFinite)
    let least = known.min() ?? 0
    let greatest = max(known.max() ?? 1, least + 0.01)
    let wish = (greatest - least) / 6
    var step = 0.001
    let factors = [2.0, 2.5, 2.0]
    var index = 0
    while step < wish {
      step *= factors[index % 3]
      index += 1
    }
    let low = Double(Int(least / step - 0.15)) * step
    let high = Double(Int(greatest / step + 1.15)) * step
    let decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3
    let count = Int((high - low) / step + 0.5)
    let ticks = (0...max(1, count)).map { low + Double($0) * step }
    return ChartAxis(
      scale: .linear, low: low, high: high, from: from, to: to,
      ticks: ticks.map { Tick(value: $0, label: label($0, decimals)) })
  }

  private static func isPowerOfTen(_ value: Double) -> Bool {
    let exponent = Logarithm.base10(value)
    let nearest = Double(Int(exponent + (exponent < 0 ? -0.5 : 0.5)))
    return abs(exponent - nearest) < 1e-6
  }

  /// Where a value lies.
  func place(_ value: Double) -> Double {
    let share =
      switch scale {
      case .linear: (value - low) / (high - low)
      case .logarithmic:
        (Logarithm.base10(max(value, low)) - Logarithm.base10(low)) / (Logarithm.base10(high) - Logarithm.base10(low))
      }
    return from + share * (to - from)
  }
}
