// SPDX-License-Identifier: Apache-2.0

// Snappy: the framing format and bare blocks.

import TestSupport
import Testing

@testable import CodecKit

@Suite("snappy")
struct SnappyTests {
  private typealias Trial = BlockCodecTrial

  @Test("streams round-trip at all sizes", arguments: [0, 1, 59, 65_535, 65_536, 65_537, 262_144, 262_145, 700_000])
  func roundTrip(size: Int) throws {
    for kind in [InputKind.text, .random, .zeros] {
      let input = TestInputs.bytes(kind, size)
      try Trial.expect(Snappy(), try Trial.compress(Snappy(), input), gives: input)
    }
  }

  @Test("the stream does not depend on how input arrives")
  func deterministic() throws {
    let input = TestInputs.bytes(.pages, 600_000)
    let whole = try Trial.compress(Snappy(), input)
    for shape in Trial.shapes { #expect(try Trial.compress(Snappy(), input, shape) == whole, "\(shape.summary)") }
  }

  @Test("pieces that save less than an eighth are stored")
  func stored() throws {
    let packed = try Trial.compress(Snappy(), TestInputs.bytes(.random, 70_000))
    #expect(packed.count == 10 + 8 + 65_536 + 8 + 4464)
    #expect(packed[10...13] == [1, 4, 0, 1])
    #expect(try Trial.compress(Snappy(), []) == SnappyFormat.identifier)
  }

  @Test("each vector decodes or fails as it should, in any pieces", arguments: try Vectors("snappy").all)
  func vectors(vector: Vectors.Vector) throws {
    let input = try Vectors("snappy").bytes(vector)
    let isRaw = vector.file.hasSuffix(".snappy")
    let codec: any Codec = isRaw ? SnappyRaw() : Snappy()
    for shape in Trial.shapes where input.count < 10_000 || shape.pieces.description != "1" {
      let outcome = shape.run(try codec.makeDecompressionEngine(.init()), input)
      #expect(outcome.violations.isEmpty)
      switch vector.expect {
      case "ok", "ok-raw":
        #expect(outcome.finished, "\(outcome.summary)")
        #expect(Vectors.complaint(outcome.output, vector) == nil)
      default: #expect(outcome.error?.code == Self.codes[vector.file] ?? .corrupt, "\(vector): \(outcome.summary)")
      }
    }
    if vector.expect == "ok", !isRaw {
      for piece in [13, 64 << 10] {
        #expect(try Trial.inspect(Snappy(), input, piece: piece).contentSize == UInt64(vector.outputSize ?? -1))
      }
    }
  }

  /// What each refused vector is refused for, unless it is `corrupt`.
  private static let codes: [String: CodecError.Code] = [
    "zero-length-file.sz": .truncated, "framed-cut.sz": .truncated, "framed-cut-header.sz": .truncated,
    "framed-bad-crc.sz": .checksumMismatch, "framed-unmasked-crc.sz": .checksumMismatch,
    "framed-unskippable.sz": .unsupportedFeature, "framed-unskippable-7f.sz": .unsupportedFeature,
    "framed-no-identifier.sz": .unknownFormat, "framed-bad-identifier.sz": .unknownFormat,
    "zero-length-file.snappy": .truncated, "raw-bad-no-preamble.snappy": .truncated,
    "raw-bad-huge-declared.snappy": .limitExceeded, "raw-bad-length-short.snappy": .truncated,
    "raw-bad-literal-cut.snappy": .truncated, "raw-bad-copy-cut.snappy": .truncated,
  ]

  @Test("a stream cut inside a chunk reports truncated")
  func truncation() throws {
    let input = TestInputs.bytes(.text, 2000)
    let packed = try Snappy().compress(input) + [0xFE, 2, 0, 0, 9, 9]
    for length in 0..<packed.count {
      let outcome = try Trial.decompress(Snappy(), Array(packed.prefix(length)))
      if length == 10 || length == packed.count - 6 {
        #expect(outcome.finished)
      } else {
        #expect(outcome.error?.code == .truncated, "\(length): \(outcome.summary)")
      }
    }
  }

  @Test("a flipped bit in a chunk never gives other content")
  func bitFlips() throws {
    let input = TestInputs.bytes(.text, 1200)
    let packed = try Snappy().compress(input)
    for bit in 0..<packed.count * 8 {
      var damaged = packed
      damaged[bit / 8] ^= 1 << (bit % 8)
      let outcome = try Trial.decompress(Snappy(), damaged)
      // A kind byte may become that of a chunk to be skipped; nothing can tell.
      // A match may come from elsewhere and be the same.
      #expect(outcome.error != nil || outcome.output.isEmpty || outcome.output == input, "bit \(bit)")
    }
  }

  @Test("checksum errors name the offset of the checksum")
  func checksumOffset() throws {
    var packed = try Snappy().compress(TestInputs.bytes(.text, 1200))
    packed[15] ^= 1
    let outcome = try Trial.decompress(Snappy(), packed)
    #expect(outcome.error?.code == .checksumMismatch && outcome.error?.inputOffset == 14)
  }

  @Test("S2 streams are refused by name, at the start and behind a stream")
  func s2() throws {
    for prefix in [[], try Snappy().compress([1, 2, 3])] {
      let outcome = try Trial.decompress(Snappy(), prefix + SnappyFormat.s2Identifier)
      #expect(outcome.error?.code == .unsupportedFeature && outcome.error?.reason.contains("S2") == true)
    }
  }

  @Test("bare blocks round-trip and are bounded", arguments: [0, 1, 100, 65_537, 500_000])
  func raw(size: Int) throws {
    for kind in [InputKind.rows, .random] {
      let input = TestInputs.bytes(kind, size)
      let packed = try Trial.compress(SnappyRaw(), input, StreamDriver(pieces: .fixed(777)))
      try Trial.expect(SnappyRaw(), packed, gives: input)
      guard size > 0 else { continue }
      for shape in Trial.shapes {
        let outcome = try Trial.decompress(SnappyRaw(), packed, shape) {
          $0.limits.maximumWindowSize = UInt64(size - 1)
        }
        #expect(outcome.error?.code == .limitExceeded && outcome.error?.reason.contains("\(size - 1)") == true)
      }
    }
  }

  @Test("the inspector counts chunks by kind")
  func inspector() throws {
    let packed =
      try Snappy().compress(TestInputs.bytes(.text, 100_000)) + [0xFE, 1, 0, 0, 0, 0x80, 0, 0, 0]
      + Snappy().compress(TestInputs.bytes(.random, 1000))
    let report = try Trial.inspect(Snappy(), packed, piece: 20)
    #expect(report.frameCount == 2 && report.contentSize == 101_000 && report.checksum == "CRC-32C")
    #expect(
      report.frames[0].details == [
        .init("compressed chunks", "2"), .init("skippable chunks", "1"), .init("padding chunks", "1"),
      ])
    #expect(report.frames.map(\.packedSize).reduce(0, +) == UInt64(packed.count))
  }

  @Test("options that the format cannot keep are refused")
  func refusals() {
    for configure: (inout CompressionOptions) -> Void in [
      { $0.chunkSize = 65_537 }, { $0.chunkSize = 4095 }, { $0.level = 3 },
      { $0.dictionary = CodecDictionary([1, 2, 3]) },
    ] {
      #expect(throws: CodecError.self) { try Snappy().makeCompressionEngine(.init(configure)) }
    }
  }

  @Test("engines can be reset, and free their memory")
  func lifecycle() throws {
    let input = TestInputs.bytes(.text, 90_000)
    let packed = try Snappy().compress(input)
    let engine = try Snappy().makeDecompressionEngine(.init())
    let driver = StreamDriver(pieces: .fixed(5000))
    #expect(driver.run(engine, Array(packed.dropLast(5))).error?.code == .truncated)
    try engine.reset()
    #expect(driver.run(engine, packed).output == input)
    try Trial.expectNoLeak {
      let packer = try Snappy().makeCompressionEngine(.init())
      _ = StreamDriver().run(packer, [1, 2, 3], ends: false)
      let unpacker = try Snappy().makeDecompressionEngine(.init())
      _ = StreamDriver().run(unpacker, Array(packed.prefix(300)), ends: false)
    }
  }
}
