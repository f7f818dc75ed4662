// SPDX-License-Identifier: Apache-2.0

import CommandLineKit

/// A choice in plain words, with the rule that made it.
struct Recommendation: Hashable {
  /// What the choice is good for: `for a link of 1 Gbit/s`.
  var purpose: String
  /// The index of the result, `nil` when none fits.
  var choice: Int?
  /// What it does there, in figures.
  var effect: String
  /// The rule that chose.
  var rule: String

  /// Bytes a second on a link of 1 Gbit/s.
  static let gigabit = 125_000_000.0
  /// The bytes a second at which nobody has to wait for a compressor while a backup is made.
  static let backupSpeed = 100_000_000.0
  /// A best ratio below this is not worth any work.
  static let worthwhile = 1.05

  /// What the results say.
  static func all(_ results: [BenchResult]) -> [Recommendation] {
    guard !results.isEmpty else { return [] }
    if let best = results.map(\.ratio).max(), best < worthwhile {
      return [
        Recommendation(
          purpose: "for this data", choice: nil,
          effect: "store it as it is (codec none): nothing made it smaller than \(size(1 / best))",
          rule: "the best ratio is below \(NumberText.fixed(worthwhile, decimals: 2))")
      ]
    }
    return [link(results), backup(results), restore(results), smallest(results)]
  }

  /// The most plain data through a link: a compressor that cannot keep up, and a link that is full, both hold it back.
  private static func link(_ results: [BenchResult]) -> Recommendation {
    let throughput = results.map { min($0.compressSpeed, gigabit * $0.ratio) }
    let choice = best(throughput)
    let keepsUp = results[choice].compressSpeed >= gigabit
    let name = keepsUp ? "keeps the link busy" : "does not fill the link, but nothing gets more through"
    return Recommendation(
      purpose: "for sending over a 1 Gbit/s link", choice: choice,
      effect: "\(speed(throughput[choice])) of your data; \(name)",
      rule: "the highest of: compress speed, or 125 MB/s x ratio where that is less")
  }

  private static func backup(_ results: [BenchResult]) -> Recommendation {
    let fit = results.indices.filter { results[$0].compressSpeed >= backupSpeed }
    let rule = "the highest ratio of all that compress at 100 MB/s or more"
    guard let choice = smallest(of: fit, results) else {
      return Recommendation(
        purpose: "for backups at 100 MB/s", choice: nil, effect: "nothing measured here compresses that fast",
        rule: rule)
    }
    return Recommendation(
      purpose: "for backups at 100 MB/s", choice: choice,
      effect: "\(size(1 / results[choice].ratio)), compressed at \(speed(results[choice].compressSpeed))", rule: rule)
  }

  private static func restore(_ results: [BenchResult]) -> Recommendation {
    let fastest = results.map(\.decompressSpeed).max() ?? 0
    let fit = results.indices.filter { results[$0].decompressSpeed >= fastest / 2 }
    let choice = smallest(of: fit, results) ?? 0
    return Recommendation(
      purpose: "for quick restores", choice: choice,
      effect: "decompresses at \(speed(results[choice].decompressSpeed)), \(size(1 / results[choice].ratio))",
      rule: "the highest ratio of all that decompress at least half as fast as the fastest")
  }

  private static func smallest(_ results: [BenchResult]) -> Recommendation {
    let choice = smallest(of: Array(results.indices), results) ?? 0
    return Recommendation(
      purpose: "for keeping for years", choice: choice,
      effect: "\(size(1 / results[choice].ratio)), compressed at \(speed(results[choice].compressSpeed))",
      rule: "the highest ratio of all; of those within 0.5 % of it, the fastest to compress")
  }

  /// The one with the highest ratio; of those within 0.5 % of it, the fastest to compress.
  private static func smallest(of indices: [Int], _ results: [BenchResult]) -> Int? {
    guard let top = indices.map({ results[$0].ratio }).max() else { return nil }
    return indices.filter { results[$0].ratio >= top * 0.995 }.max {
      results[$0].compressSpeed < results[$1].compressSpeed
    }
  }

  private static func best(_ values: [Double]) -> Int { values.indices.max { values[$0] < values[$1] } ?? 0 }

  private static func speed(_ bytes: Double) -> String { SpeedText.megabytes(bytes) + " MB/s" }

  private static func size(_ share: Double) -> String {
    "\(NumberText.fixed(share * 100, decimals: 1)) % of the size"
  }
}
