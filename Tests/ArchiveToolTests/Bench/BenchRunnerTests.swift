// SPDX-License-Identifier: Apache-2.0

// What is measured, in which order, and what happens when a codec does not give back what it got.
import CodecKit
import Testing

@testable import archivetool

@Suite("bench: runs")
struct BenchRunnerTests {
  /// A codec that gives back another byte than it got, always or after some passes.
  private struct Lying: Codec {
    let inner = Store()
    var descriptor: CodecDescriptor { inner.descriptor }

    private final class Engine: StreamEngine {
      let inner: any StreamEngine
      init(_ inner: any StreamEngine) { self.inner = inner }
      func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
        let step = try inner.step(input, into: &output, flush: flush)
        if step.produced > 0 {
          unsafe output.withUnsafeMutableBytes { bytes, count in unsafe bytes[count - 1] ^= 1 }
        }
        return step
      }
      func reset() throws(CodecError) { try inner.reset() }
    }

    func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
      try inner.makeCompressionEngine(options)
    }
    func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
      Engine(try inner.makeDecompressionEngine(options))
    }
  }

  private static let plain = SampleMix.bytes(200_000)

  private func settings(runs: Int) -> BenchRunner.Settings {
    var settings = BenchRunner.Settings()
    settings.runs = runs
    settings.leastNanoseconds = 0
    settings.measuresMemory = false
    return settings
  }

  private func trial(_ name: String) throws -> (BenchCase, CodecTrial) {
    let item = BenchCase(codec: name)
    return (item, try CodecTrial(item, .builtin))
  }

  @Test("cases take turns, and the warm-up is not counted")
  func interleaved() throws {
    let runner = BenchRunner(Self.plain, settings(runs: 3), StopRequest())
    var order: [String] = []
    runner.onProgress = { progress, _ in order.append("\(progress.round)\(progress.item.codec)") }
    let isDone = runner.run([try trial("zstd"), try trial("lz4")])
    #expect(isDone)
    #expect(order == ["0zstd", "0lz4", "1zstd", "1lz4", "2zstd", "2lz4", "3zstd", "3lz4"])
    #expect(runner.results.map(\.compress.wall.count) == [3, 3])
    #expect(runner.results.allSatisfy { $0.ratio > 1 && $0.compressSpeed > 0 && $0.decompressCPUSpeed > 0 })
  }

  @Test("a codec that lies has no result, and the others go on")
  func lying() throws {
    let runner = BenchRunner(Self.plain, settings(runs: 1), StopRequest())
    var failed: [String] = []
    runner.onFailure = { item, failure in
      if case .mismatch = failure { failed.append(item.codec) }
    }
    let liar = BenchCase(codec: "liar")
    _ = runner.run([(liar, CodecTrial(Lying(), liar)), try trial("lz4")])
    #expect(failed == ["liar"])
    #expect(runner.results.map(\.case.codec) == ["lz4"])
  }

  @Test("who asks for the end gets what there is")
  func stopping() throws {
    let stop = StopRequest()
    let runner = BenchRunner(Self.plain, settings(runs: 9), stop)
    runner.onProgress = { progress, _ in if progress.round == 2, progress.item.codec == "lz4" { stop.ask() } }
    let isDone = runner.run([try trial("zstd"), try trial("lz4")])
    #expect(!isDone)
    #expect(runner.results.map(\.compress.wall.count) == [2, 1])
  }

  @Test("lists of levels are numbers, ranges and names, cut to what the codec has")
  func levels() throws {
    let scale = CompressionLevelScale(-5...9, fastest: -5, fast: 1, balanced: 3, better: 6, smallest: 9)
    #expect(LevelList("1-3,9")?.numbers(scale) == [1, 2, 3, 9])
    #expect(LevelList("-9--4,fast")?.numbers(scale) == [-5, -4, 1])
    #expect(LevelList("7-99")?.numbers(scale) == [7, 8, 9])
    #expect(LevelList("42")?.numbers(scale) == [3])
    for text in ["", "1,", "3-1", "x", "1-x", "--"] { #expect(LevelList(text) == nil, "\(text)") }
  }

  @Test("a list of codecs keeps the commas of settings")
  func specs() {
    #expect(BenchPlan.specs("zstd,lz4", .builtin) == ["zstd", "lz4"])
    #expect(
      BenchPlan.specs("zstd:level=3,long=27,lz4,gzip:level=1", .builtin) == [
        "zstd:level=3,long=27", "lz4", "gzip:level=1",
      ])
    #expect(BenchPlan.specs("all", .builtin).count > 5)
  }

  @Test("a plan has every combination once, and a level in a spec counts alone")
  func plan() throws {
    let levels = try #require(LevelList("1,2"))
    let plan = try BenchPlan(
      specs: ["zstd", "lz4:level=3", "snappy", "snappy"], levels: levels, threads: [1, 2], chunkSizes: [nil], .builtin)
    #expect(
      plan.cases.map(\.fullName) == [
        "zstd 1", "zstd 1 ×2", "zstd 2", "zstd 2 ×2", "lz4 3", "lz4 3 ×2", "snappy", "snappy ×2",
      ])
    #expect(throws: Failure.self) {
      try BenchPlan(specs: ["nothing"], levels: levels, threads: [1], chunkSizes: [nil], .builtin)
    }
  }

  @Test(
    "pieces of a sample lie apart, all over the data, and fill the limit",
    arguments: [
      (100, 1000), (1 << 30, 32 << 20), (5_000_000_000, 8 << 20), (40 << 20, 39 << 20), (1000, 10),
    ] as [(UInt64, UInt64)])
  func pieces(_ total: UInt64, _ limit: UInt64) {
    let pieces = BenchCorpus.pieces(total: total, limit: limit)
    let size = pieces.reduce(0) { $0 + UInt64($1.count) }
    #expect(size <= min(total, limit))
    #expect(size * 10 >= min(total, limit) * 9)
    #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
    #expect(pieces.allSatisfy { $0.upperBound <= total })
  }

  @Test("the built-in mix is always the same, and compresses like data")
  func mix() throws {
    #expect(SampleMix.bytes(300_000) == SampleMix.bytes(300_000))
    let size = SampleMix.standardSize / 4
    let ratio = Double(size) / Double(try Zstd.default.compress(SampleMix.bytes(size)).count)
    #expect((1.5...4).contains(ratio))
  }
}
