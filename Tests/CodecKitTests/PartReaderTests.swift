// SPDX-License-Identifier: Apache-2.0

// Parts of compressed data are what decoding from the start brings, whatever the stream is like.

import CodecKit
import TestSupport
import Testing

@Suite("Parts")
struct PartReaderTests {
  /// Streams of many pieces, each way that our own codecs make them.
  private static func streams() throws -> [(name: String, codec: any Codec, stream: [UInt8], borders: [Int])] {
    let content = TestInputs.bytes(.rows, 700_000)
    let halves = [Array(content[..<300_001]), Array(content[300_001...])]
    func packed(_ codec: any Codec, _ chunk: Int?, sized: Bool = false) throws -> [UInt8] {
      try codec.compress(
        content,
        .init {
          $0.chunkSize = chunk
          if sized { $0.contentSize = UInt64(content.count) }
        })
    }
    var result: [(String, any Codec, [UInt8], [Int])] = []
    result.append(("zstd frames", Zstd(), try packed(Zstd(), 128 << 10), [131_072, 262_144, 655_360]))
    result.append(("zstd one frame", Zstd(), try packed(Zstd(), nil), [131_072]))
    let unsized = Zstd { $0.writesContentSize = false }
    result.append(("zstd unsized frames", Zstd(), try packed(unsized, 128 << 10), [131_072]))
    result.append(("zstd joined", Zstd(), try halves.flatMap { try Zstd().compress($0) }, [300_001]))
    result.append(("lz4 blocks", LZ4(), try packed(LZ4(), 64 << 10), [65_536, 131_072]))
    result.append(("lz4 sized", LZ4(), try packed(LZ4(), 64 << 10, sized: true), [65_536, 655_360]))
    var checked = LZ4()
    checked.blockChecksums = true
    result.append(("lz4 checked", LZ4(), try packed(checked, 64 << 10), [65_536]))
    result.append(("lz4 joined", LZ4(), try halves.flatMap { try LZ4().compress($0) }, [300_001]))
    result.append(("snappy", Snappy(), try packed(Snappy(), nil), [65_536, 131_072]))
    result.append(("snappy joined", Snappy(), try halves.flatMap { try Snappy().compress($0) }, [300_001]))
    result.append(("quicklz", QuickLZ(), try packed(QuickLZ(), nil), [65_536, 131_072]))
    let packets = QuickLZRaw()
    result.append(("quicklz packets", packets, try packed(packets, nil), [65_536, 655_360]))
    result.append(("quicklz joined", packets, try halves.flatMap { try packets.compress($0) }, [300_001]))
    let streaming = QuickLZRaw(streamingBuffer: 100_000)
    result.append(("quicklz streaming", streaming, try packed(streaming, nil), [10_000]))
    result.append(("gzip", Gzip(), try packed(Gzip(), nil), [1000]))
    result.append(("gzip members", Gzip(), try packed(Gzip(), 64 << 10), [65_536]))
    result.append(("zlib", Zlib(), try packed(Zlib(), nil), []))
    result.append(("none", Store(), content, [65_536]))
    return result
  }

  @Test("parts are what decoding from the start brings")
  func same() throws {
    for (index, each) in try Self.streams().enumerated() {
      let trial = PartTrial(each.codec, each.stream)
      #expect(trial.error == nil && trial.content.count == 700_000, "\(each.name)")
      try trial.check(seed: UInt64(index), borders: each.borders, each.name)
      let trusting = PartTrial(each.codec, each.stream, .init { $0.trustsIndex = true })
      try trusting.check(seed: UInt64(index + 100), borders: each.borders, "trusted " + each.name)
    }
  }

  @Test("only what is needed is decoded")
  func economy() throws {
    var starts: [String: UInt64] = [:]
    for each in try Self.streams() {
      let outcome = try PartTrial(each.codec, each.stream).read(690_000, 10)
      starts[each.name] = outcome.summary.start.outputOffset
    }
    #expect(
      starts == [
        "zstd frames": 655_360, "zstd one frame": 0, "zstd unsized frames": 0, "zstd joined": 300_001,
        "lz4 blocks": 655_360, "lz4 sized": 655_360, "lz4 checked": 655_360, "lz4 joined": 300_001, "snappy": 655_360,
        "snappy joined": 300_001 + 327_680, "quicklz": 655_360, "quicklz packets": 655_360,
        "quicklz joined": 300_001 + 327_680, "quicklz streaming": 0, "gzip": 0, "gzip members": 0, "zlib": 0,
        "none": 690_000,
      ])
  }

  @Test("a trusted index is followed at once, with few reads")
  func trusted() throws {
    let content = TestInputs.bytes(.rows, 3_000_000)
    let stream = try Zstd().compress(content, .init { $0.chunkSize = 128 << 10 })
    let trial = PartTrial(Zstd(), stream, .init { $0.trustsIndex = true })
    #expect(try trial.read(2_900_000, 10).summary.start.outputOffset == 2_883_584)
    // Frames that do not say how much they hold are of use with a table only.
    let unsized = try Zstd { $0.writesContentSize = false }.compress(content, .init { $0.chunkSize = 128 << 10 })
    let unsizedTrial = PartTrial(Zstd(), unsized, .init { $0.trustsIndex = true })
    #expect(try unsizedTrial.read(2_900_000, 10).summary.start.outputOffset == 2_883_584)
  }

  @Test(
    "parts of what other programs wrote agree with decoding",
    arguments: ["zstd", "lz4", "snappy", "gzip", "quicklz", "quicklz-raw"])
  func vectors(format: String) throws {
    let vectors = try Vectors(format == "quicklz-raw" ? "quicklz" : format)
    let codec = try CodecRegistry.builtin.codec(format)
    for (index, vector) in vectors.all.enumerated() where !vector.file.hasSuffix(".snappy") {
      let stream = try vectors.bytes(vector)
      let dictionary = try vector.dictionary.map { CodecDictionary(try vectors.bytes($0)) }
      for trailing in [DecompressionOptions.TrailingData.reject, .report] {
        let options = DecompressionOptions {
          $0.dictionary = dictionary
          $0.trailingData = trailing
          $0.limits.maximumOutputSize = 40 << 20
        }
        let trial = PartTrial(codec, stream, options)
        // The end must look the same from everywhere: end marks, padding, what follows it.
        let size = UInt64(trial.content.count)
        for offset in [0, 1, size / 2, size - min(1, size), size, size + 10] {
          let outcome = try trial.read(offset, nil)
          #expect(trial.complaint(outcome, offset, nil) == nil, "\(vector) \(offset): \(outcome)")
          if outcome.error == nil, trial.error == nil {
            #expect(outcome.summary.notices == trial.notices, "\(vector) \(offset)")
          }
        }
        if trial.content.count < 1 << 20 { try trial.check(15, seed: UInt64(index), vector.file) }
      }
    }
  }

  @Test("limits hold as if everything before had been decoded")
  func limits() throws {
    let content = TestInputs.bytes(.text, 600_000)
    let stream = try Zstd().compress(content, .init { $0.chunkSize = 128 << 10 })
    let trial = PartTrial(Zstd(), stream, .init { $0.limits.maximumOutputSize = 500_000 })
    #expect(trial.error?.code == .limitExceeded && trial.content.count == 500_000)
    #expect(try trial.read(499_990, 10).error == nil)
    for offset in [499_991, 500_000, 550_000] as [UInt64] {
      let outcome = try trial.read(offset, 10)
      #expect(outcome.error?.code == .limitExceeded, "\(offset): \(outcome)")
      #expect(outcome.output.count == max(0, 500_000 - Int(offset)))
    }
  }

  @Test("a source that fails is told apart from damage, and may work again")
  func failingSource() throws {
    struct Broken: Error {}
    final class Source: RandomAccessSource {
      let memory: MemorySource
      var calls = 0
      var failing: Range<Int> = 0..<0
      init(_ bytes: [UInt8]) { memory = MemorySource(bytes, piece: 4096) }
      var size: UInt64 { memory.size }
      func read(at offset: UInt64, into room: inout OutputRawSpan) throws(Broken) -> Int {
        calls += 1
        if failing.contains(calls) { throw Broken() }
        return memory.read(at: offset, into: &room)
      }
    }
    let content = TestInputs.bytes(.text, 600_000)
    let stream = try Zstd().compress(content, .init { $0.chunkSize = 128 << 10 })
    let source = Source(stream)
    var reader = try PartReader(Zstd(), source: source)
    for failing in [1..<2, 3..<4, 5..<6] {
      source.calls = 0
      source.failing = failing
      var sink = BoundedSink()
      #expect(throws: (any Error).self) { try reader.read(from: 599_000, count: 10, to: &sink) }
    }
    source.failing = 0..<0
    var sink = BoundedSink()
    try reader.read(from: 599_000, count: 10, to: &sink)
    #expect(sink.bytes == Array(content[599_000..<599_010]))
  }

  @Test("points stay few and memory bounded")
  func manyPoints() throws {
    // 300,000 skippable frames and frames of one byte: more points than are kept.
    let frame = try Zstd().compress([UInt8](repeating: 7, count: 100))
    var stream: [UInt8] = []
    for _ in 0..<30_000 { stream += frame }
    let trial = PartTrial(Zstd(), stream)
    #expect(trial.content.count == 3_000_000)
    try trial.check(10, seed: 5)
  }
}
