// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// A run beside an earlier one of the same cases: what has become slower or larger.
struct BenchComparison {
  /// What must be the same for figures to be comparable.
  enum Circumstance: String, CaseIterable {
    case machine, corpus, version

    /// How the two differ; `nil` when they do not.
    func difference(_ old: BenchReport, _ new: BenchReport) -> String? {
      switch self {
      case .machine:
        let (was, now) = (Self.machine(old), Self.machine(new))
        return was == now ? nil : "machine: \(was) then, \(now) now"
      case .corpus:
        return old.corpus.digest == new.corpus.digest
          ? nil : "corpus: \(old.corpus.summary) (\(old.corpus.digest)) then, another one now"
      case .version:
        let (was, now) = (Self.versions(old), Self.versions(new))
        guard was != now else { return nil }
        // Of what is the same on both sides nothing need be said.
        let before = was.filter { !now.contains($0) }.joined(separator: ", ")
        let after = now.filter { !was.contains($0) }.joined(separator: ", ")
        return "version: \(before.isEmpty ? "less" : before) then, \(after.isEmpty ? "less" : after) now"
      }
    }

    private static func machine(_ report: BenchReport) -> String {
      "\(report.machine.processor) with \(report.machine.cores) cores"
    }

    private static func versions(_ report: BenchReport) -> [String] {
      ["archivetool \(report.version)"] + report.libraries.map { "\($0.name) \($0.version)" }
    }
  }

  /// One figure of one case.
  struct Change: Hashable {
    var item: BenchCase
    /// Which figure: `compress`, `decompress` or `size`.
    var figure: String
    /// The figure then and now: bytes a second, or bytes.
    var old: Double
    var new: Double
    /// By how much it is worse, as a share: above 0 is worse, below 0 is better.
    var loss: Double
    /// Whether the loss is beyond the tolerance, and more than chance.
    var isRegression: Bool
  }

  /// Every figure that both runs have.
  let changes: [Change]
  /// The cases of the earlier run that this one lacks.
  let missing: [BenchCase]

  /// - Parameters:
  ///   - old: the earlier run.
  ///   - new: this run.
  ///   - tolerance: the share by which a figure may be worse.
  init(_ old: BenchReport, _ new: BenchReport, tolerance: Double) {
    var changes: [Change] = []
    var missing: [BenchCase] = []
    for before in old.results {
      guard let now = new.results.first(where: { $0.case == before.case }) else {
        missing.append(before.case)
        continue
      }
      changes.append(Self.speed("compress", before, now, \.compress.wall, tolerance))
      changes.append(Self.speed("decompress", before, now, \.decompress.wall, tolerance))
      let loss = before.packedSize > 0 ? Double(now.packedSize) / Double(before.packedSize) - 1 : 0
      changes.append(
        Change(
          item: now.case, figure: "size", old: Double(before.packedSize), new: Double(now.packedSize), loss: loss,
          isRegression: loss > tolerance))
    }
    self.changes = changes
    self.missing = missing
  }

  /// A speed is worse when the median is, and when even the best run does not reach what was the median: a machine that
  /// was busy for some of the runs is no regression.
  private static func speed(
    _ figure: String, _ old: BenchResult, _ new: BenchResult, _ seconds: KeyPath<BenchResult, [Double]>,
    _ tolerance: Double
  ) -> Change {
    let (was, now) = (old.speed(old[keyPath: seconds]), new.speed(new[keyPath: seconds]))
    let loss = was > 0 ? 1 - now / was : 0
    let isRegression = loss > tolerance && new.bestSpeed(new[keyPath: seconds]) < was
    return Change(item: new.case, figure: figure, old: was, new: now, loss: loss, isRegression: isRegression)
  }

  /// What is worse than allowed.
  var regressions: [Change] { changes.filter(\.isRegression) }

  /// Reads a share: `5%`, `5 %`, `0.5%`, or `0.05`.
  ///
  /// - Returns: `nil` for what is none, or not from 0 to 100 %.
  static func tolerance(_ text: String) -> Double? {
    var digits = text[...]
    let isPercent = digits.last == "%"
    if isPercent { digits.removeLast() }
    while digits.last == " " { digits.removeLast() }
    guard let value = Double(digits), value.isFinite else { return nil }
    let share = isPercent ? value / 100 : value
    return (0...1).contains(share) ? share : nil
  }
}

extension BenchComparison.Change {
  /// One line: `zstd 3: compress: 412 -> 380 MB/s, 7.8 % slower`.
  var line: String {
    let (was, now): (String, String)
    if figure == "size" {
      (was, now) = ("\(NumberText.grouped(UInt64(old)))", "\(NumberText.grouped(UInt64(new))) bytes")
    } else {
      (was, now) = (SpeedText.megabytes(old), SpeedText.megabytes(new) + " MB/s")
    }
    let word = figure == "size" ? (loss > 0 ? "larger" : "smaller") : (loss > 0 ? "slower" : "faster")
    return "\(item.fullName): \(figure): \(was) -> \(now), \(SpeedText.percent(loss.magnitude)) \(word)"
  }

  /// One line of `--json`.
  var json: JSONValue {
    [
      "type": "benchmark_change", "v": 1, "name": .string(item.fullName), "spec": .string(item.spec),
      "threads": .int(Int64(item.threads)), "figure": .string(figure), "old": .double(BenchReport.rounded(old, to: 0)),
      "new": .double(BenchReport.rounded(new, to: 0)), "loss": .double(BenchReport.rounded(loss, to: 4)),
      "regression": .bool(isRegression),
    ]
  }
}
