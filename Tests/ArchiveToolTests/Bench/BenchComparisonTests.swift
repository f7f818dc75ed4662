// SPDX-License-Identifier: Apache-2.0

// The gate against slowing down.
import CommandLineKit
import SystemIO
import Testing

@testable import archivetool

@Suite("bench: comparison")
struct BenchComparisonTests {
  private let old = BenchReport.of([
    .of("zstd", level: 3, ratio: 3, compress: [198, 200, 202], decompress: [990, 1000, 1010])
  ])

  private func regressions(_ new: BenchResult, _ tolerance: Double = 0.05) -> [String] {
    BenchComparison(old, .of([new]), tolerance: tolerance).regressions.map(\.figure)
  }

  @Test("slower or larger by more than the tolerance is a regression, less is not")
  func tolerance() {
    #expect(regressions(.of("zstd", level: 3, ratio: 3, compress: [191, 192, 193])).isEmpty)
    #expect(regressions(.of("zstd", level: 3, ratio: 3, compress: [187, 188, 189])) == ["compress"])
    #expect(regressions(.of("zstd", level: 3, ratio: 3, compress: [200], decompress: [900])) == ["decompress"])
    #expect(regressions(.of("zstd", level: 3, ratio: 2.8, compress: [200])) == ["size"])
    #expect(regressions(.of("zstd", level: 3, ratio: 2.8, compress: [200]), 0.1).isEmpty)
    #expect(regressions(.of("zstd", level: 3, ratio: 9, compress: [900])).isEmpty)
  }

  @Test("a slow median is no regression when the best run was as fast as before")
  func noise() {
    #expect(regressions(.of("zstd", level: 3, ratio: 3, compress: [100, 120, 201])).isEmpty)
    #expect(regressions(.of("zstd", level: 3, ratio: 3, compress: [100, 120, 199])) == ["compress"])
  }

  @Test("cases that only one run has are not compared")
  func missing() {
    let comparison = BenchComparison(old, .of([.of("zstd", level: 4, ratio: 3, compress: [1])]), tolerance: 0.05)
    #expect(comparison.changes.isEmpty)
    #expect(comparison.missing.map(\.name) == ["zstd 3"])
  }

  @Test("another machine, corpus or version is told")
  func circumstances() {
    #expect(BenchComparison.Circumstance.allCases.allSatisfy { $0.difference(old, old) == nil })
    var other = old
    other.machine.cores = 2
    #expect(BenchComparison.Circumstance.machine.difference(old, other) != nil)
    other = old
    other.corpus.digest = "xxh128:0"
    #expect(BenchComparison.Circumstance.corpus.difference(old, other) != nil)
    other = old
    other.libraries = []
    #expect(BenchComparison.Circumstance.version.difference(old, other) != nil)
  }

  @Test("an export is read as what was written")
  func roundTrip() throws {
    var report = BenchReport.of([
      .of("zstd", level: 3, threads: 2, ratio: 3, compress: [200, 210, 190]), .of("snappy", ratio: 2, compress: [500]),
    ])
    report.results[0].case.settings = "long=27"
    report.results[0].case.chunkSize = 1 << 20
    report.results[0].compress.peakMemory = 12345
    let read = try BenchReport(parsing: Array(JSONWriter.line(report.json).utf8))
    #expect(read.results.map(\.case) == report.results.map(\.case))
    #expect(read.results.map(\.packedSize) == report.results.map(\.packedSize))
    #expect(read.results[0].compress.peakMemory == 12345)
    #expect(abs(read.results[0].compressSpeed / report.results[0].compressSpeed - 1) < 1e-4)
    #expect(BenchComparison(report, read, tolerance: 0).regressions.isEmpty)
    #expect(BenchComparison.Circumstance.allCases.allSatisfy { $0.difference(report, read) == nil })
  }

  @Test(
    "a file that is no export is refused with a reason",
    arguments: [
      "", "{", "[]", "{\"type\":\"file\",\"v\":1}", "{\"type\":\"benchmark\",\"v\":2}",
      "{\"type\":\"benchmark\",\"v\":1,\"version\":\"1\",\"machine\":{\"processor\":\"x\",\"cores\":1},"
        + "\"corpus\":{\"digest\":\"d\",\"bytes\":1},\"results\":[{\"codec\":\"zstd\"}]}",
    ])
  func refused(_ text: String) {
    #expect(throws: UnusableExport.self) { try BenchReport(parsing: Array(text.utf8)) }
  }

  @Test("shares are read as percent or as fractions")
  func shares() {
    #expect(BenchComparison.tolerance("5%") == 0.05)
    #expect(BenchComparison.tolerance("0.5 %") == 0.005)
    #expect(BenchComparison.tolerance("0.05") == 0.05)
    for text in ["5", "", "%", "-1%", "101%", "nan", "x"] { #expect(BenchComparison.tolerance(text) == nil, "\(text)") }
  }

  @Test("commas, quotes and bars in names break no table")
  func escaping() {
    var report = old
    report.results[0].case.settings = "a=1,b=\"2\"|3"
    #expect(report.csv.contains("\"a=1,b=\"\"2\"\"|3\""))
    #expect(report.markdown.contains("\\|3"))
    #expect(report.csv.hasPrefix("codec,level,"))
  }
}
