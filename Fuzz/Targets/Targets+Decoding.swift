// SPDX-License-Identifier: Apache-2.0

// The decoders of streams: any bytes, at once and in pieces.

import CodecKit
import TestSupport

extension FuzzTarget {
  private static let zstdMagic: [[UInt8]] = [
    [0x28, 0xB5, 0x2F, 0xFD], [0x50, 0x2A, 0x4D, 0x18], [0x5E, 0x2A, 0x4D, 0x18], [0xB1, 0xEA, 0x92, 0x8F],
    [0x37, 0xA4, 0x30, 0xEC],
  ]
  private static let lz4Magic: [[UInt8]] = [
    [0x04, 0x22, 0x4D, 0x18], [0x50, 0x2A, 0x4D, 0x18], [0x02, 0x21, 0x4C, 0x18],
  ]
  private static let snappyMagic: [[UInt8]] = [
    [0xFF, 6, 0, 0] + Array("sNaPpY".utf8), [0xFF, 6, 0, 0] + Array("S2sTwO".utf8), [0xFE], [0x99],
    Array("s2idx\0".utf8),
    Array("\0xdi2s".utf8),
  ]
  private static let gzipMagic: [[UInt8]] = [[0x1F, 0x8B, 8], Array("BC".utf8) + [2, 0], [0x78, 0x9C], [3, 0]]

  /// A codec's decoder.
  private static func decoder(
    _ name: String, _ codec: some Codec, _ magics: [[UInt8]] = [], fixtures: String? = nil,
    window: UInt64 = DecodingProbe.largestWindow, repair: (@Sendable (inout [UInt8]) -> Void)? = nil
  ) -> FuzzTarget {
    FuzzTarget(
      name, "\(codec.descriptor.id): any bytes, in one piece and in many", magics: magics,
      seeds: { try Samples.packedVariously(codec) + (fixtures.map { Samples.fixtures($0) } ?? []) }, repair: repair,
      check: { try DecodingProbe.check(codec, $0) { $0.limits.maximumWindowSize = window } })
  }

  static let decoding: [FuzzTarget] = [
    decoder("zstd_decompress", Zstd(), zstdMagic, fixtures: "vectors/zstd", window: 1 << 20, repair: StreamRepair.zstd),
    decoder("lz4_frame_decompress", LZ4(), lz4Magic, fixtures: "vectors/lz4", repair: StreamRepair.lz4),
    decoder("snappy_framed_decompress", Snappy(), snappyMagic, fixtures: "vectors/snappy", repair: StreamRepair.snappy),
    decoder("s2_stream_decode", S2(), snappyMagic, fixtures: "vectors/s2/streams", repair: StreamRepair.snappy),
    decoder("gzip_decompress", Gzip(), gzipMagic, fixtures: "vectors/gzip", repair: StreamRepair.gzip),
    decoder("zlib_decompress", Zlib(), gzipMagic, repair: StreamRepair.zlib),
    decoder("raw_deflate_decompress", RawDeflate()),
    decoder(
      "quicklz_archive_decode", QuickLZ(), ["qpress10", "NEWBNEWB", "ENDSENDS"].map { Array($0.utf8) },
      fixtures: "vectors/quicklz/archives", repair: StreamRepair.quickLZArchive),
    FuzzTarget(
      "parallel_decode", "every parallel decoder: several threads bring what one brings", longestInput: 64 << 10,
      magics: zstdMagic + lz4Magic + snappyMagic + gzipMagic, seeds: parallelSeeds,
      repair: { bytes in
        var stream = Array(bytes.dropFirst())
        parallel[Int(bytes.first ?? 0) % parallel.count].repair(&stream)
        bytes = Array(bytes.prefix(1)) + stream
      },
      check: { input in
        var choices = OptionBytes(input)
        try DecodingProbe.compareThreads(parallel[choices.below(parallel.count)].codec, choices.data)
      }),
    FuzzTarget(
      "dictionary_decompress", "zstd, lz4 and S2 with dictionaries of any bytes", magics: zstdMagic + lz4Magic,
      seeds: dictionarySeeds,
      check: { input in
        var choices = OptionBytes(input)
        let codec = dictionaryCodecs[choices.below(dictionaryCodecs.count)]
        let dictionary = CodecDictionary(choices.bytes(choices.short()))
        try DecodingProbe.check(codec, choices.data) { $0.dictionary = dictionary }
      }),
  ]

  private struct ParallelCodec: Sendable {
    let codec: any Codec
    let repair: @Sendable (inout [UInt8]) -> Void
    let small: @Sendable (inout CompressionOptions) -> Void
  }

  /// With options that make many pieces of little data.
  private static let parallel: [ParallelCodec] = [
    ParallelCodec(codec: Zstd(), repair: StreamRepair.zstd) { $0.threads = 2 },
    ParallelCodec(codec: LZ4(), repair: StreamRepair.lz4) { $0.chunkSize = 64 << 10 },
    ParallelCodec(codec: Snappy(), repair: StreamRepair.snappy) { _ in },
    ParallelCodec(codec: S2(), repair: StreamRepair.snappy) { $0.chunkSize = 4 << 10 },
    ParallelCodec(codec: Pgzip(), repair: StreamRepair.gzip) { $0.chunkSize = 4 << 10 },
    ParallelCodec(codec: QuickLZ(), repair: StreamRepair.quickLZArchive) { $0.chunkSize = 4 << 10 },
    ParallelCodec(codec: QuickLZRaw(), repair: { _ in }, small: { $0.chunkSize = 512 }),
  ]

  @Sendable private static func parallelSeeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for (number, item) in parallel.enumerated() {
      for kind in [InputKind.text, .runs, .random] {
        let content = TestInputs.bytes(kind, kind == .random ? 3000 : 12_000)
        let parts = [content[..<1000], content[1000..<2000], content[2000...]]
        for options in [CompressionOptions(item.small), CompressionOptions()] {
          guard let whole = try? item.codec.compress(content, options) else { continue }
          seeds.append([UInt8(number)] + whole)
          // Streams joined, as `cat` joins files.
          let joined = parts.compactMap { try? item.codec.compress(Array($0), options) }
          seeds.append([UInt8(number)] + joined.joined())
        }
      }
    }
    return seeds
  }

  private static let dictionaryCodecs: [any Codec] = [
    Zstd(), LZ4(), LZ4Raw(contentSize: 700), S2Raw(), S2Raw(isSnappyCompatible: true),
  ]

  @Sendable private static func dictionarySeeds() throws -> [[UInt8]] {
    let content = TestInputs.bytes(.text, 1700)
    var dictionaries = [Array(content[1000...]), Array(content[900..<1000])]
    if let trained = Samples.fixtures("vectors/zstd", ".dict").first { dictionaries.append(trained) }
    dictionaries += Samples.fixtures("vectors/s2/dict", largest: 2000)
    return dictionaries.flatMap { dictionary in
      dictionaryCodecs.enumerated().compactMap { number, codec in
        let options = CompressionOptions { $0.dictionary = CodecDictionary(dictionary) }
        guard let packed = try? codec.compress(Array(content[..<700]), options) else { return nil }
        let size = dictionary.count
        return [UInt8(number), UInt8(truncatingIfNeeded: size), UInt8(truncatingIfNeeded: size >> 8)] + dictionary
          + packed
      }
    }
  }
}
