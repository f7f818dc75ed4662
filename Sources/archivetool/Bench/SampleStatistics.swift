// SPDX-License-Identifier: Apache-2.0

/// What several measurements of one thing say together.
struct SampleStatistics: Hashable {
  /// The values in rising order.
  let sorted: [Double]

  /// - Parameter values: in any order.
  init(_ values: [Double]) { sorted = values.sorted() }

  /// How many there are.
  var count: Int { sorted.count }

  /// The middle one, or the mean of the two in the middle; 0 when there is none.
  var median: Double {
    if sorted.isEmpty { return 0 }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }

  /// The smallest one; 0 when there is none.
  var least: Double { sorted.first ?? 0 }

  /// The largest one; 0 when there is none.
  var greatest: Double { sorted.last ?? 0 }

  /// How far the values lie from the median, as a share of it: the median of the distances. One value that was hit by
  /// something else does not count for it. `nil` for fewer than three values.
  var spread: Double? {
    guard count >= 3, median > 0 else { return nil }
    return SampleStatistics(sorted.map { abs($0 - median) }).median / median
  }
}
