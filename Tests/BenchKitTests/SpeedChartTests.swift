// SPDX-License-Identifier: Apache-2.0

// Pictures and pages are well-formed, complete and readable.
import Foundation
import FoundationXML
import Testing

@testable import BenchKit

@Suite("bench: pictures")
struct SpeedChartTests {
  /// Twenty cases as they are measured, close together where codecs are.
  private static let results: [BenchResult] = [
    (2.30, 437.0), (3.43, 314), (3.93, 203), (4.26, 35.3), (4.82, 1.28), (1.91, 613), (2.38, 496), (2.96, 77.2),
    (3.10, 8.46), (2.32, 309), (2.46, 501), (2.72, 258), (2.96, 26.5), (3.28, 283), (3.33, 211), (3.65, 69.6),
    (3.69, 20.8), (3.84, 3.81), (2.52, 214), (2.84, 42),
  ].enumerated().map { index, figures in
    BenchResult.of("codec\(index / 3)", level: index, ratio: figures.0, compress: [figures.1])
  }

  private func names(_ chart: SpeedChart) -> [LabelPlacer.Box] { chart.points().compactMap { $0.label?.box } }

  private func overlaps(_ boxes: [LabelPlacer.Box]) -> Int {
    boxes.indices.reduce(0) { count, index in
      count + boxes[(index + 1)...].count { $0.overlaps(boxes[index]) }
    }
  }

  @Test("every point has its name, and no name stands on another one or on a point")
  func labels() {
    let chart = SpeedChart(report: .of(Self.results), direction: .compress)
    let boxes = names(chart)
    #expect(boxes.count == Self.results.count)
    #expect(overlaps(boxes) == 0)
    for point in chart.points() {
      #expect(!boxes.contains { $0.contains(LabelPlacer.Box(x: point.x, y: point.y, width: 0, height: 0)) })
    }
  }

  @Test("names do not overlap however many points there are, and wherever they lie")
  func manyLabels() {
    for count in [1, 2, 40, 120] {
      let results = (0..<count).map {
        BenchResult.of("c", level: $0, ratio: 2 + Double($0 * 37 % 11) / 100, compress: [200 + Double($0 * 53 % 17)])
      }
      let boxes = names(SpeedChart(report: .of(results), direction: .compress))
      #expect(overlaps(boxes) == 0)
      #expect(boxes.count >= min(count, 20))
    }
  }

  @Test("a picture is well-formed XML, whatever the data is called")
  func wellFormed() throws {
    let report = BenchReport.of(Self.results, name: "a & b <\"c\"> 'd' \u{1}")
    for direction in [SpeedChart.Direction.compress, .decompress] {
      let svg = SpeedChart(report: report, direction: direction).svg
      #expect(XMLParser(data: Data(svg.utf8)).parse())
      #expect(svg.contains("prefers-color-scheme:dark"))
      #expect(!svg.contains("http://") || svg.components(separatedBy: "http").count == 2)
    }
    #expect(XMLParser(data: Data(SpeedChart(report: .of([]), direction: .compress).svg.utf8)).parse())
  }

  @Test("an axis covers its values, with ticks that rise and are not too many")
  func axes() {
    for values in [[1.0], [0.03, 0.05], [1.28, 613], [100, 101], [0.5, 90_000]] {
      let speed = ChartAxis.logarithmic(values, from: 0, to: 400) { "\($0)" }
      let ratio = ChartAxis.linear(values, from: 400, to: 0) { value, _ in "\(value)" }
      for axis in [speed, ratio] {
        #expect(values.allSatisfy { axis.low <= $0 && $0 <= axis.high })
        #expect(values.allSatisfy { (-0.001...400.001).contains(axis.place($0)) })
        #expect((1...10).contains(axis.ticks.count), "\(values): \(axis.ticks)")
        #expect(zip(axis.ticks, axis.ticks.dropFirst()).allSatisfy { $0.value < $1.value })
      }
    }
  }

  @Test("a page asks nobody for anything, and says all that the table says")
  func page() {
    var report = BenchReport.of(Self.results, name: "<script>alert(1)</script>")
    report.busy.load = 99
    let html = BenchPage(report: report).html
    #expect(!html.contains("<script>alert"))
    for word in ["src=", "href=", "@import", "url(", "fetch("] { #expect(!html.contains(word), "\(word)") }
    #expect(html.contains("The machine was busy"))
    for result in report.results { #expect(html.contains(">\(result.case.name)</th>")) }
  }
}
