// SPDX-License-Identifier: Apache-2.0

// The decoders of bare blocks and packets, alone and beside plain ones, and the index of S2.

import CodecKit
import TestSupport

extension FuzzTarget {
  /// The largest content of a block that is tried.
  private static let largestContent = 1 << 20

  static let blocks: [FuzzTarget] = [
    FuzzTarget(
      "lz4_block_decompress", "bare lz4 blocks, with the right size and with others", longestInput: 8 << 10,
      seeds: {
        try Samples.contents.flatMap { content in
          try [content.count, content.count + 1, 0].map { size in
            [UInt8(truncatingIfNeeded: size), UInt8(size >> 8)] + (try LZ4Raw().compress(content))
          }
        }
      },
      check: { input in
        var choices = OptionBytes(input)
        let size = choices.short()
        try DecodingProbe.check(LZ4Raw(contentSize: size), choices.data)
      }),
    FuzzTarget(
      "snappy_block_decompress", "bare snappy blocks; what they hold, S2 must find in them too", longestInput: 8 << 10,
      seeds: { try Samples.packed(SnappyRaw()) + Samples.fixtures("vectors/snappy", ".snappy-raw") },
      check: { input in
        let outcome = try DecodingProbe.check(SnappyRaw(), input) { $0.trailingData = .reject }
        guard let outcome, outcome.error == nil else { return }
        let other = try DecodingProbe.check(S2Raw(), input) { $0.trailingData = .reject }
        try require(
          other?.error == nil && other?.output == outcome.output, "S2 finds something else: \(other?.summary ?? "")")
      }),
    FuzzTarget(
      "s2_block_decode", "S2 blocks: the fast decoder and a plain one agree on every block", longestInput: 8 << 10,
      seeds: {
        try Samples.packed(S2Raw(), [{ $0.level = .fastest }, { $0.level = .smallest }])
          + Samples.fixtures("vectors/s2/blocks") + Samples.fixtures("vectors/s2/handmade")
          + Samples.fixtures("vectors/s2/fuzz", largest: 1500)
      },
      check: { input in
        let expected = NaiveS2.decode(input, limit: largestContent)
        let outcome = try DecodingProbe.check(S2Raw(), input) {
          $0.trailingData = .reject
          $0.limits.maximumWindowSize = UInt64(largestContent)
        }
        guard let outcome else { return }
        try require(
          outcome.error == nil ? expected == outcome.output : expected == nil,
          "the plain decoder finds \(expected.map { "\($0.count) bytes" } ?? "a fault"), the fast one \(outcome.summary)"
        )
      }),
    FuzzTarget(
      "quicklz_decode", "QuickLZ packets of levels 1 to 3: the fast decoder and a plain one agree",
      longestInput: 4 << 10, seeds: quickLZSeeds,
      check: { input in
        var choices = OptionBytes(input)
        let buffer = choices.pick(streamingBuffers)
        let data = choices.data
        var naive = NaiveQuickLZDecoder(streamingBuffer: buffer)
        var expected: [UInt8]? = []
        var rest = data[...]
        while !rest.isEmpty {
          guard let size = NaiveQuickLZDecoder.packetSize(rest), size > 0, size <= rest.count,
            let content = try? naive.decode(Array(rest.prefix(size)))
          else {
            expected = nil
            break
          }
          expected? += content
          rest = rest.dropFirst(size)
        }
        let outcome = try DecodingProbe.check(QuickLZRaw(streamingBuffer: buffer), data) { $0.trailingData = .reject }
        guard let outcome, outcome.error?.code != .limitExceeded, !data.isEmpty else { return }
        try require(
          outcome.error == nil ? expected == outcome.output : expected == nil,
          "the plain decoder finds \(expected.map { "\($0.count) bytes" } ?? "a fault"), the fast one \(outcome.summary)"
        )
      }),
    FuzzTarget(
      "quicklz_guess", "bare QuickLZ packets whose buffer is found out", longestInput: 4 << 10,
      seeds: { try quickLZSeeds().map { Array($0.dropFirst()) } },
      check: { try DecodingProbe.check(QuickLZRaw(), $0) }),
    FuzzTarget(
      "s2_index_parse", "the seek index of S2: what is read is written as it was understood", longestInput: 2 << 10,
      magics: [Array("s2idx\0".utf8), Array("\0xdi2s".utf8), [0x99]],
      seeds: {
        var index = S2Index(blockSize: 1 << 20)
        var seeds = Samples.fixtures("vectors/s2/index")
        for entry in 0..<40 {
          if entry % 8 == 0 { seeds += [index.encoded(), index.trimmed()] }
          index.add(compressed: Int64(entry) * 70_000 + Int64(entry % 3), uncompressed: Int64(entry) << 20)
          index.totalUncompressed = Int64(entry + 1) << 20
        }
        return seeds
      },
      check: { input in
        if let size = unsafe S2Index.size(fromTail: input.span.bytes) { try require(size >= 24, "\(size) is no size") }
        for parsed in [try? unsafe S2Index(input.span.bytes), try? unsafe S2Index(trimmed: input.span.bytes)] {
          guard var index = parsed else { continue }
          let again = try unsafe S2Index(index.encoded().span.bytes)
          try require(again == index, "written and read it is another")
          for position in [0, 1, index.totalUncompressed, .max, index.blockSize] {
            guard let entry = index.entry(for: position) else { continue }
            try require(entry.uncompressed <= position, "an entry behind the position was found")
          }
          index.thin()
          try require(index.entries.count <= S2Index.maximumEntries, "thinning does not thin")
        }
      }),
  ]

  private static let streamingBuffers = [0, 900, 100_000, 1_000_000]

  @Sendable private static func quickLZSeeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for (number, buffer) in streamingBuffers.enumerated() {
      for level in 1...3 {
        for content in Samples.contents {
          let options = CompressionOptions {
            $0.level = .native(level)
            $0.chunkSize = 512
          }
          seeds.append([UInt8(number)] + (try QuickLZRaw(streamingBuffer: buffer).compress(content, options)))
        }
      }
    }
    return seeds + Samples.fixtures("vectors/quicklz/packets", largest: 1500).map { [0] + $0 }
      + Samples.fixtures("vectors/quicklz/hostile", largest: 1500).map { [0] + $0 }
  }
}
