// SPDX-License-Identifier: Apache-2.0

// Medians, fronts, budgets and the words that follow from them.
import Foundation
import Testing

@testable import archivetool

@Suite("bench: statistics")
struct BenchStatisticsTests {
  @Test("the median is the middle value, or the mean of two")
  func median() {
    #expect(SampleStatistics([]).median == 0)
    #expect(SampleStatistics([3]).median == 3)
    #expect(SampleStatistics([9, 1, 2]).median == 2)
    #expect(SampleStatistics([4, 1, 3, 2]).median == 2.5)
  }

  @Test("one value that went wrong does not widen the spread, and two values have none")
  func spread() throws {
    #expect(SampleStatistics([1, 2]).spread == nil)
    #expect(try #require(SampleStatistics([10, 10, 10, 10, 99]).spread) == 0)
    #expect(abs(try #require(SampleStatistics([8, 9, 10, 11, 12]).spread) - 0.1) < 1e-12)
  }

  @Test("the front has what nothing beats in both, from slow to fast")
  func front() {
    #expect(ParetoFront.indices([]).isEmpty)
    #expect(ParetoFront.indices([(1, 5), (2, 4), (2, 3), (3, 4), (4, 1), (0.5, 5)]) == [0, 3, 4])
    // Of equal points the first one is enough.
    #expect(ParetoFront.indices([(1, 1), (1, 1)]) == [0])
  }

  @Test("no point of the front is beaten, and every other one is")
  func frontByDefinition() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      let points = (0..<30).map { _ in
        (x: Double(Int.random(in: 0..<9, using: &random)), y: Double(Int.random(in: 0..<9, using: &random)))
      }
      let front = Set(ParetoFront.indices(points))
      for index in points.indices {
        let point = points[index]
        let isBeaten = points.contains {
          ($0.x > point.x && $0.y >= point.y) || ($0.x >= point.x && $0.y > point.y)
        }
        if front.contains(index) { #expect(!isBeaten, "\(points)") }
        if !front.contains(index) {
          #expect(isBeaten || points.indices.contains { $0 < index && points[$0] == point }, "\(points)")
        }
      }
    }
  }

  @Test("quick cases have all their runs, slow ones share what is left, and each has one")
  func budget() {
    #expect(RunBudget.runs(costs: [1, 1], wanted: 5, seconds: 100) == [5, 5])
    #expect(RunBudget.runs(costs: [0.1, 10], wanted: 5, seconds: 21) == [5, 2])
    #expect(RunBudget.runs(costs: [50, 0.1], wanted: 5, seconds: 1) == [1, 5])
    #expect(RunBudget.runs(costs: [], wanted: 5, seconds: 1).isEmpty)
  }

  @Test("a sample becomes smaller when the codecs are slow, but not tiny")
  func sampleSize() {
    #expect(SampleSize.size(cost: 1e-9, seconds: 10, of: 32 << 20) == 32 << 20)
    #expect(SampleSize.size(cost: 1e-6, seconds: 17, of: 32 << 20) == 16 << 20)
    #expect(SampleSize.size(cost: 1, seconds: 1, of: 32 << 20) == 8 << 20)
  }

  @Test("logarithms are those of the C library")
  func logarithms() {
    for value in [1e-6, 0.3, 1, 2, 9.99, 10, 125, 1e9] { #expect(abs(Logarithm.base10(value) - log10(value)) < 1e-12) }
    #expect(Logarithm.base10(0) == -.infinity)
  }

  @Test("a busy machine is told by load, others, theft and spread, each with its figure")
  func busy() {
    #expect(BusyMachine(load: 0.5, others: 0.01, stolen: 0, spread: 0.02).reasons(cores: 4).isEmpty)
    #expect(BusyMachine().reasons(cores: 1).isEmpty)
    let reasons = BusyMachine(load: 5, others: 0.5, stolen: 0.1, spread: 0.2).reasons(cores: 4)
    #expect(reasons.count == 4)
    for (reason, figure) in zip(reasons, ["5.0", "50 %", "10 %", "20 %"]) { #expect(reason.contains(figure)) }
  }
}
