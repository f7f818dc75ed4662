// SPDX-License-Identifier: Apache-2.0

// Salvage of streams that are damaged in any way, or made to do harm.

import CodecKit
import TestSupport
import Testing

@Suite("Salvage of hostile streams")
struct SalvageHostileTests {
  private static let content = TestInputs.bytes(.text, 300_000) + TestInputs.bytes(.random, 100_000)
  private static let codecs: [any Codec] = [Zstd.default, LZ4(), Snappy(), Gzip.default, QuickLZ()]

  private static func stream(_ codec: any Codec) throws -> [UInt8] {
    let chunk = ["zstd": 128 << 10, "lz4": 64 << 10, "gzip": 64 << 10, "quicklz": 64 << 10][
      codec.descriptor.id.rawValue]
    return try codec.compress(content, .init { $0.chunkSize = chunk })
  }

  @Test("random damage never traps, and the output stays within what the format can hold", arguments: 0..<5)
  func mutations(which: Int) throws {
    let codec = Self.codecs[which]
    let stream = try Self.stream(codec)
    var random = SplitMix(seed: SplitMix.runSeed &+ UInt64(which))
    for round in 0..<150 {
      var damaged = stream
      for _ in 0...random.below(4) {
        let at = random.below(damaged.count)
        switch random.below(6) {
        case 0: damaged = damaged.flipped(at, UInt8(1 + random.below(255)))
        case 1: damaged = damaged.noisy(at, 1 + random.below(2000), seed: random.next())
        case 2: damaged = damaged.without(at, 1 + random.below(3000))
        case 3: damaged = damaged.with(1 + random.below(3000), at: at, seed: random.next())
        case 4: damaged = Array(damaged[..<max(1, at)])
        default:
          damaged.insert(contentsOf: damaged[at..<min(damaged.count, at + 5000)], at: random.below(damaged.count))
        }
      }
      let result = Salvaged(codec, damaged, bound: 4 << 20)
      #expect(!result.isOverrun, "round \(round): \(result.text)")
      #expect(result.error == nil, "round \(round): \(result.text)")
    }
  }

  @Test("noise alone brings nothing, and that is said", arguments: 0..<5)
  func noise(which: Int) throws {
    let codec = Self.codecs[which]
    var random = SplitMix(seed: 99)
    for size in [0, 1, 3, 4, 17, 1000, 70_000] {
      let result = Salvaged(codec, random.bytes(size))
      #expect(result.output.isEmpty && !result.losses.isEmpty && result.error == nil, "\(size): \(result.text)")
    }
    let zeros = Salvaged(codec, [UInt8](repeating: 0, count: 200_000), bound: 1 << 20)
    #expect(zeros.output.isEmpty && !zeros.losses.isEmpty && zeros.error == nil, "\(zeros.text)")
  }

  @Test("sizes that are only declared bring no zeros")
  func declared() throws {
    // A frame that declares 2^62 bytes, and a table that lists a frame of 4 GiB in 20 bytes.
    let header: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xC0, 0x58] + [0, 0, 0, 0, 0, 0, 0, 0x40]
    let frame = header + [0x06, 0, 0, 0xFF, 0xFF, 0xFF]
    let lying: [UInt8] =
      [0x5E, 0x2A, 0x4D, 0x18, 17, 0, 0, 0] + [20, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
      + [1, 0, 0, 0, 0, 0xB1, 0xEA, 0x92, 0x8F]
    for stream in [frame, frame + lying] {
      let result = Salvaged(Zstd.default, stream, bound: 1 << 20)
      #expect(!result.isOverrun && result.output.count < 1 << 20, "\(result.text)")
      #expect(!result.losses.isEmpty)
    }
  }

  /// Counts what is read.
  private final class CountingSource: RandomAccessSource {
    private let source: MemorySource
    private(set) var bytesRead = 0

    init(_ bytes: [UInt8]) { source = MemorySource(bytes) }

    var size: UInt64 { source.size }

    func read(at offset: UInt64, into room: inout OutputRawSpan) throws(Never) -> Int {
      let count = source.read(at: offset, into: &room)
      bytesRead += count
      return count
    }
  }

  @Test("frames within frames, each as long as all that follows, are not looked through without end")
  func nested() throws {
    // A raw block of 16 bytes, in which a frame begins whose first block ends where this one does.
    let link: [UInt8] = [0x80, 0, 0] + [0x28, 0xB5, 0x2F, 0xFD, 0, 0x58] + [0x38, 0, 0] + [1, 2, 3, 4, 5, 6, 7]
    let frame = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x58] as [UInt8]
    let chain = Array(repeatElement(link, count: 40_000).joined())
    let end = frame + [0x01, 0, 0]
    // Lists frames that are nowhere, and the last one, which is there.
    let sizes = (0..<60).map { UInt8(20 + $0) } + [UInt8(end.count)]
    let entries: [UInt8] = sizes.flatMap { size -> [UInt8] in [size, 0, 0, 0, 9, 0, 0, 0] }
    let table: [UInt8] =
      [0x5E, 0x2A, 0x4D, 0x18, UInt8((entries.count + 9) & 255), UInt8((entries.count + 9) >> 8), 0, 0] + entries
      + [UInt8(sizes.count), 0, 0, 0, 0, 0xB1, 0xEA, 0x92, 0x8F]
    let stream = frame + chain + [0x01, 0, 0] + end + table
    let source = CountingSource(stream)
    var salvager = try Salvager(Zstd.default, .init(), source: source)
    var sink = BoundedSink()
    _ = try salvager.run(to: &sink) { _ in }
    #expect(source.bytesRead < 64 * stream.count, "\(source.bytesRead) of \(stream.count)")
  }

  @Test("the limit of the output holds for zeros as well")
  func limits() throws {
    let stream = try Self.stream(Zstd.default).flipped(2000)
    let result = Salvaged(Zstd.default, stream, .init { $0.limits.maximumOutputSize = 100_000 })
    #expect(result.error?.code == .limitExceeded)
    #expect(result.output.count == 100_000)
  }

  @Test("a codec whose streams cannot be entered says so")
  func refusal() {
    #expect(Salvaged(Zlib(), [1, 2, 3]).error?.code == .unsupportedFeature)
  }

  @Test("a stream goes through buffers of a fixed size, whatever its own")
  func memory() throws {
    let content = TestInputs.bytes(.rows, 24 << 20)
    for stream in [
      try Zstd.default.compress(content, .init { $0.chunkSize = 1 << 20 }), try LZ4().compress(content),
      try Snappy().compress(content), try Gzip.default.compress(content),
    ] {
      let codec: any Codec = try #require(
        CodecRegistry.builtin.codecs.first { unsafe $0.recognizes(stream.span.bytes) == .certain })
      var sink = CountingSink()
      let source = MemorySource(stream.flipped(5000))
      let summary = try salvage(codec, source, &sink)
      #expect(summary.bytesOut == UInt64(content.count) && sink.count == content.count, "\(codec.descriptor.id)")
      #expect(source.largestRoom <= 6 << 20 && sink.largest <= 6 << 20, "\(codec.descriptor.id)")
    }
  }

  private func salvage(
    _ codec: some Codec, _ source: MemorySource, _ sink: inout CountingSink
  ) throws -> SalvageSummary {
    var salvager = try Salvager(codec, source: source)
    return try salvager.run(to: &sink) { _ in }
  }

  private struct CountingSink: ByteSink {
    var count = 0
    var largest = 0

    mutating func write(_ bytes: RawSpan) throws(Never) {
      count += bytes.byteCount
      largest = max(largest, bytes.byteCount)
    }
  }
}
