// SPDX-License-Identifier: Apache-2.0

// Results and reports for tests, with figures that are easy to reckon with.
import CodecKit
import SystemIO

@testable import archivetool

extension BenchResult {
  /// A result of a sample of 1,000,000 bytes.
  ///
  /// - Parameters:
  ///   - codec: its name.
  ///   - ratio: plain by compressed size.
  ///   - compress: MB/s, one for each run.
  ///   - decompress: MB/s, one for each run.
  static func of(
    _ codec: String, level: Int? = nil, threads: Int = 1, ratio: Double, compress: [Double],
    decompress: [Double] = [1000]
  ) -> BenchResult {
    let size = 1_000_000.0
    return BenchResult(
      case: BenchCase(codec: codec, level: level, threads: threads), plainSize: UInt64(size),
      packedSize: UInt64(size / ratio), compress: .init(wall: compress.map { 1 / $0 }, cpu: compress.map { 1 / $0 }),
      decompress: .init(wall: decompress.map { 1 / $0 }, cpu: decompress.map { 1 / $0 }))
  }
}

extension BenchReport {
  /// A report of results, of a machine that there is not.
  static func of(_ results: [BenchResult], name: String = "data") -> BenchReport {
    var report = BenchReport(
      version: "1.0", libraries: [LinkedLibrary(name: "zstd", version: "1.5")], date: Timestamp(seconds: 0),
      machine: MachineDescription(
        processor: "Test <CPU> & co", cores: 4, memory: 8 << 30, kernel: "6", system: "Debian"),
      corpus: Corpus(BenchCorpus([1, 2, 3], name: name, files: 1, totalSize: 3)), command: "archivetool bench", runs: 5)
    report.results = results
    return report
  }
}
