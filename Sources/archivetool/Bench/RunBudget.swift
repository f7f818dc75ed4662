// SPDX-License-Identifier: Apache-2.0

/// How often each case is measured, so that slow ones do not take the time of all others.
enum RunBudget {
  /// Shares a time out.
  ///
  /// Every case is measured at least once. Beyond that all cases get the same time at most, and what quick ones do not
  /// need goes to the slow ones. Where single runs already take all the time, half as much is added, so that one slow
  /// case does not make the figures of all others poor.
  ///
  /// - Parameters:
  ///   - costs: seconds that one run of each case takes.
  ///   - wanted: how many runs each should have.
  ///   - seconds: the time for all of them.
  /// - Returns: The numbers of runs, from 1 to `wanted`.
  static func runs(costs: [Double], wanted: Int, seconds: Double) -> [Int] {
    let single = costs.reduce(0, +)
    let seconds = max(seconds, 1.5 * single)
    guard single * Double(wanted) > seconds else { return costs.map { _ in wanted } }
    // The largest time for each that still fits, by halving.
    var (low, high) = (0.0, costs.reduce(0, max) * Double(wanted))
    for _ in 0..<50 {
      let middle = (low + high) / 2
      let total = zip(costs, runs(costs, wanted, cap: middle)).reduce(0) { $0 + $1.0 * Double($1.1) }
      if total <= seconds { low = middle } else { high = middle }
    }
    return runs(costs, wanted, cap: low)
  }

  private static func runs(_ costs: [Double], _ wanted: Int, cap: Double) -> [Int] {
    costs.map { cost in cost > 0 ? max(1, Int(min(Double(wanted), cap / cost))) : wanted }
  }
}
