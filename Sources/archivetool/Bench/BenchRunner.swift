// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

/// Measures every case: once to warm up and to verify, then round by round, each case once a round, so that whatever
/// disturbs the machine for a while hits all of them alike.
final class BenchRunner {
  /// How to measure.
  struct Settings: Hashable {
    /// How many runs each case should have.
    var runs = 5
    /// The least time of one run; quick codecs are run several times for it.
    var leastNanoseconds: UInt64 = 100_000_000
    /// The time that all should take; slow cases get fewer runs for it. `nil` for no bound.
    var seconds: Double?
    /// Whether memory is measured.
    var measuresMemory = true
  }

  /// How far it is.
  struct Progress: Hashable {
    /// What is measured now.
    var item: BenchCase
    /// 0 while it warms up, then the number of the round.
    var round: Int
    /// How many rounds there are.
    var rounds: Int
    /// How much of the work is done, from 0 to 1; an estimate.
    var share: Double
    /// How long the rest will take, in seconds; `nil` while that is not known.
    var remaining: Double?
  }

  private struct Entry {
    let item: BenchCase
    let trial: CodecTrial
    var packed: [UInt8]
    /// Seconds that one run costs, in both directions.
    var cost: Double
    var result: BenchResult
  }

  private let plain: [UInt8]
  private let settings: Settings
  private let stop: StopRequest
  private var entries: [Entry] = []

  /// Is told before each measurement how far it is, with what there is.
  var onProgress: (Progress, [BenchResult]) -> Void = { _, _ in }
  /// Is told of a case that failed. It has no result.
  var onFailure: (BenchCase, CodecTrial.Failure) -> Void = { _, _ in }

  init(_ plain: [UInt8], _ settings: Settings, _ stop: StopRequest) {
    self.plain = plain
    self.settings = settings
    self.stop = stop
  }

  /// What has been measured of cases with at least one run.
  var results: [BenchResult] { entries.map(\.result).filter { !$0.decompress.wall.isEmpty } }

  /// Measures.
  ///
  /// - Parameter trials: the cases and their codecs.
  /// - Returns: Whether it came to its end; otherwise it was stopped.
  func run(_ trials: [(BenchCase, CodecTrial)]) -> Bool {
    let start = MonotonicClock.now
    for (index, (item, trial)) in trials.enumerated() {
      if stop.isAsked { return false }
      tell(item, round: 0, share: 0.25 * Double(index) / Double(trials.count), remaining: nil)
      warmUp(item, trial)
    }
    let elapsed = Double(MonotonicClock.now - start) / 1e9
    let rest = settings.seconds.map { max(0, $0 - elapsed) } ?? .infinity
    let runs = RunBudget.runs(costs: entries.map(\.cost), wanted: settings.runs, seconds: rest)
    let total = zip(entries, runs).reduce(0) { $0 + $1.0.cost * Double($1.1) }
    let measuring = MonotonicClock.now
    var done = 0.0
    for round in 1...max(1, settings.runs) {
      for index in entries.indices where runs[index] >= round {
        if stop.isAsked { return false }
        let share = total > 0 ? done / total : 1
        // What has been done so far says how wrong the estimate is.
        let spent = Double(MonotonicClock.now - measuring) / 1e9
        let remaining = done > 0 ? spent / done * (total - done) : total
        tell(entries[index].item, round: round, share: 0.25 + 0.75 * min(1, share), remaining: remaining)
        measure(index)
        done += entries[index].cost
      }
    }
    return !stop.isAsked
  }

  private func tell(_ item: BenchCase, round: Int, share: Double, remaining: Double?) {
    onProgress(
      Progress(item: item, round: round, rounds: settings.runs, share: share, remaining: remaining), results)
  }

  /// The first run: nothing of it counts but what comes out, which is compared byte by byte.
  private func warmUp(_ item: BenchCase, _ trial: CodecTrial) {
    do throws(CodecTrial.Failure) {
      let start = MonotonicClock.now
      var packed = try trial.packed(plain, stop)
      let middle = MonotonicClock.now
      try trial.verify(packed, is: plain, stop)
      let end = MonotonicClock.now
      // The same codec with other threads writes the same bytes: they are kept once.
      if let same = entries.first(where: { $0.packed == packed }) { packed = same.packed }
      var result = BenchResult(case: item, plainSize: UInt64(plain.count), packedSize: UInt64(packed.count))
      if settings.measuresMemory {
        result.compress.peakMemory = MemoryProbe.peak(item, .compress, plain, stop)
        result.decompress.peakMemory = MemoryProbe.peak(item, .decompress, packed, stop)
      }
      let least = Double(settings.leastNanoseconds) / 1e9
      let cost = Self.cost(Double(middle - start) / 1e9, least) + Self.cost(Double(end - middle) / 1e9, least)
      entries.append(Entry(item: item, trial: trial, packed: packed, cost: cost, result: result))
    } catch {
      fail(item, error)
    }
  }

  /// What a run costs that repeats a pass until a time is filled.
  private static func cost(_ pass: Double, _ least: Double) -> Double { pass >= least ? pass : least + pass / 2 }

  private func measure(_ index: Int) {
    let entry = entries[index]
    do throws(CodecTrial.Failure) {
      let compressing = try entry.trial.timeCompression(
        plain, expecting: entry.packed.count, atLeast: settings.leastNanoseconds, stop)
      let decompressing = try entry.trial.timeDecompression(
        entry.packed, expecting: plain.count, atLeast: settings.leastNanoseconds, stop)
      entries[index].result.compress.add(compressing)
      entries[index].result.decompress.add(decompressing)
    } catch {
      fail(entry.item, error)
    }
  }

  private func fail(_ item: BenchCase, _ failure: CodecTrial.Failure) {
    if case .stopped = failure { return }
    onFailure(item, failure)
  }
}

extension BenchResult.Direction {
  /// Adds a run.
  mutating func add(_ timing: Timing) {
    wall.append(timing.wall)
    cpu.append(timing.cpu)
  }
}
