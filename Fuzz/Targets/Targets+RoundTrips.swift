// SPDX-License-Identifier: Apache-2.0

// Compressing and decompressing with options of all sorts, and checksums.

import CodecKit
import TestSupport

extension FuzzTarget {
  private static func roundTrip(
    _ name: String, _ summary: String, _ codec: @escaping @Sendable (inout OptionBytes) -> any Codec
  ) -> FuzzTarget {
    FuzzTarget(
      name, summary, longestInput: 4 << 10,
      seeds: {
        Samples.contents.enumerated().flatMap { number, content in
          (0..<4).map { variant in
            let choices = [variant, 3 * variant + number, variant, 5 * variant + number % 3, number * 37 + variant]
            return choices.map { UInt8(truncatingIfNeeded: $0) } + content.prefix(900)
          }
        }
      },
      check: { input in
        var choices = OptionBytes(input)
        let codec = codec(&choices)
        try RoundTripProbe.check(codec, choices.data)
      })
  }

  static let roundTrips: [FuzzTarget] = [
    roundTrip("zstd_roundtrip", "zstd with every strategy, window and framing") { choices in
      Zstd {
        let flags = choices.byte()
        $0.framing = [.automatic, .single][flags & 1]
        $0.longDistanceMatching = flags & 16 != 0
        $0.writesContentSize = flags & 32 == 0
        if flags & 64 != 0 { $0.windowLog = 10 + (flags & 7) }
        if flags & 128 != 0 { $0.strategy = Zstd.Strategy(rawValue: 1 + flags % 9) }
      }
    },
    roundTrip("lz4_roundtrip", "lz4 frames and blocks") { choices in
      var codec = LZ4()
      codec.blockChecksums = choices.byte() & 1 == 1
      return codec
    },
    roundTrip("snappy_roundtrip", "snappy frames and blocks") { choices in
      let codecs: [any Codec] = [Snappy(), SnappyRaw(), Store()]
      return choices.pick(codecs)
    },
    roundTrip("s2_roundtrip", "S2 of every level, form and padding, with and without an index") { choices in
      let flags = choices.byte()
      if flags & 3 == 3 { return S2Raw(isSnappyCompatible: flags & 4 != 0) }
      return S2 {
        $0.isSnappyCompatible = flags & 4 != 0
        $0.storesOnly = flags & 248 == 248
        $0.writesIndex = flags & 16 != 0
        if flags & 32 != 0 { $0.padding = 1 + (flags & 64) * 8 }
      }
    },
    roundTrip("quicklz_roundtrip", "QuickLZ archives and packets, with buffers of several sizes") { choices in
      let flags = choices.byte()
      return flags & 1 == 0 ? QuickLZ() : QuickLZRaw(streamingBuffer: [0, 1000, 100_000, 1_000_000][flags >> 1 & 3])
    },
    roundTrip("gzip_roundtrip", "gzip, zlib and deflate with each library") { choices in
      let flags = choices.byte()
      let library: DeflateLibrary = [.automatic, .zlib, .isal, .libdeflate][flags >> 6]
      switch flags & 3 {
      case 0:
        var codec = Zlib()
        codec.library = library
        return codec
      case 1:
        var codec = RawDeflate()
        codec.library = library
        return codec
      default:
        return Gzip {
          $0.library = library
          if flags & 4 != 0 { $0.fileName = "a name" }
          if flags & 8 != 0 { $0.comment = "a comment" }
          if flags & 32 != 0 { $0.modificationTime = 1_700_000_000 }
        }
      }
    },
    roundTrip("pgzip_roundtrip", "gzip in blocks of every form") { choices in
      let flags = choices.byte()
      return Pgzip {
        $0.form = [.sizedMembers, .oneMember, .bgzf][flags % 3]
        $0.isRsyncable = flags & 16 != 0
        $0.library = [.automatic, .zlib, .isal, .libdeflate][flags >> 6]
      }
    },
    FuzzTarget(
      "checksum_streaming", "every checksum: in pieces as at once, and wherever the bytes lie", longestInput: 2 << 10,
      seeds: { Samples.contents.map { [7, 3] + $0.prefix(1500) } },
      check: { input in
        var choices = OptionBytes(input)
        let shift = choices.below(64)
        let step = 1 + choices.byte()
        let data = choices.data
        let moved = [UInt8](repeating: 0x5A, count: shift) + data
        func compare<Sum: Checksum & ~Copyable>(_ sum: consuming Sum, _ atOnce: Sum.Value) throws {
          var position = 0
          while position < data.count {
            let end = min(data.count, position + step)
            unsafe sum.update(moved.span.bytes.extracting(shift + position..<shift + end))
            position = end
          }
          let value = sum.value
          try require(value == atOnce, "in pieces of \(step): \(value), at once: \(atOnce)")
        }
        try compare(XXH3(), XXH3.of(data))
        try compare(XXH3Wide(), XXH3Wide.of(data))
        try compare(XXH64(), XXH64.of(data))
        try compare(XXH32(), XXH32.of(data))
        try compare(CRC32(), CRC32.of(data))
        try compare(CRC32C(), CRC32C.of(data))
        try compare(Adler32(), Adler32.of(data))
        try compare(SHA256(), SHA256.of(data))
        let parts = (first: Array(data.prefix(step)), second: Array(data.dropFirst(step)))
        let joined = CRC32.joined(CRC32.of(parts.first), CRC32.of(parts.second), secondSize: UInt64(parts.second.count))
        try require(joined == CRC32.of(data), "the joined checksum is another")
      }),
  ]
}
