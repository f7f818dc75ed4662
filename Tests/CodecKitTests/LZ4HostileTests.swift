// SPDX-License-Identifier: Apache-2.0

// LZ4 streams that are cut, damaged or lie.

import TestSupport
import Testing

@testable import CodecKit

@Suite("lz4: damaged streams")
struct LZ4HostileTests {
  private typealias Trial = BlockCodecTrial

  private static func sample() throws -> (input: [UInt8], packed: [UInt8]) {
    var codec = LZ4()
    codec.blockChecksums = true
    let input = TestInputs.bytes(.text, 3000) + TestInputs.bytes(.random, 200)
    return (input, try codec.compress(input, .init { $0.contentSize = 3200 }))
  }

  @Test("a frame cut anywhere reports truncated, with what came before")
  func truncation() throws {
    let (input, packed) = try Self.sample()
    for length in 0..<packed.count {
      let outcome = try Trial.decompress(LZ4(), Array(packed.prefix(length)))
      #expect(outcome.error?.code == .truncated, "\(length): \(outcome.summary)")
      #expect(TestInputs.startsWith(input, outcome.output))
      #expect(outcome.error?.inputOffset ?? .max <= UInt64(length))
    }
  }

  @Test("a flipped bit never passes")
  func bitFlips() throws {
    let (_, packed) = try Self.sample()
    for bit in 0..<packed.count * 8 {
      var damaged = packed
      damaged[bit / 8] ^= 1 << (bit % 8)
      let outcome = try Trial.decompress(LZ4(), damaged)
      #expect(outcome.error != nil, "bit \(bit)")
    }
  }

  @Test("checksum errors name the offset of the checksum")
  func checksumOffsets() throws {
    let (_, packed) = try Self.sample()
    for (index, code) in [
      (14, CodecError.Code.checksumMismatch), (packed.count - 10, .checksumMismatch),
      (packed.count - 1, .checksumMismatch),
    ] {
      var damaged = packed
      damaged[index] ^= 0x40
      let outcome = try Trial.decompress(LZ4(), damaged)
      #expect(outcome.error?.code == code)
      let field = index == 14 ? 14 : packed.count - (index == packed.count - 1 ? 4 : 12)
      #expect(outcome.error?.inputOffset == UInt64(field))
    }
  }

  @Test("bytes behind the last frame are handled as the options say")
  func trailingData() throws {
    let (input, packed) = try Self.sample()
    for tail: [UInt8] in [[0], [0, 0, 0, 0, 0], Array("garbage".utf8), [0x04, 0x23], [0x02, 0x21, 0x4C, 0x19]] {
      for shape in Trial.shapes {
        let engine = try LZ4().makeDecompressionEngine(.init())
        let rejected = shape.run(engine, packed + tail)
        #expect(rejected.error?.code == .corrupt && rejected.output == input, "\(shape.summary): \(rejected.summary)")
        #expect(rejected.error?.inputOffset == UInt64(packed.count))
        let reporter = try LZ4().makeDecompressionEngine(.init { $0.trailingData = .report })
        let reported = shape.run(reporter, packed + tail)
        #expect(reported.finished && reported.output == input && reported.violations.isEmpty, "\(reported.summary)")
        #expect(reporter.notices.map(\.inputOffset) == [UInt64(packed.count)])
        try Trial.expect(LZ4(), packed + tail, gives: input, [shape]) { $0.trailingData = .ignore }
      }
    }
    for tail: [UInt8] in [
      [0x04], [0x04, 0x22, 0x4D], [0x02, 0x21], [0x5F, 0x2A, 0x4D], [0x50, 0x2A, 0x4D, 0x18, 9],
    ] {
      let outcome = try Trial.decompress(LZ4(), packed + tail)
      #expect(outcome.error?.code == .truncated && outcome.output == input)
    }
  }

  @Test("frames, legacy frames and skippable frames join in any order")
  func joined() throws {
    let (input, packed) = try Self.sample()
    let skippable: [UInt8] = [0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 7, 7, 7]
    let emptySkippable: [UInt8] = [0x5F, 0x2A, 0x4D, 0x18, 0, 0, 0, 0]
    let block = try LZ4Raw().compress(input)
    let legacy = [0x02, 0x21, 0x4C, 0x18] + Trial.bytes(UInt32(block.count)) + block
    try Trial.expect(LZ4(), skippable + packed + emptySkippable + packed, gives: input + input)
    try Trial.expect(LZ4(), legacy + legacy + skippable + legacy + packed, gives: input + input + input + input)
    try Trial.expect(LZ4(), skippable + emptySkippable, gives: [])
    let report = try Trial.inspect(LZ4(), skippable + packed + legacy + emptySkippable, piece: 7)
    #expect(report.frames.map(\.kind) == ["skippable", "frame", "legacy frame", "skippable"])
    #expect(report.frames.map(\.packedSize) == [11, UInt64(packed.count), UInt64(legacy.count), 8])
    #expect(report.contentFrameCount == 2 && report.contentSize == nil && report.checksum == nil)
  }

  @Test("block sizes above the window limit are refused, naming the size")
  func windowLimit() throws {
    let packed = try LZ4().compress([1, 2, 3])
    let outcome = try Trial.decompress(LZ4(), packed) { $0.limits.maximumWindowSize = 1 << 20 }
    #expect(outcome.error?.code == .limitExceeded && outcome.error?.reason.contains("4194304") == true)
    let small = try LZ4().compress([1, 2, 3], .init { $0.chunkSize = 1 << 20 })
    try Trial.expect(LZ4(), small, gives: [1, 2, 3]) { $0.limits.maximumWindowSize = 1 << 20 }
  }

  @Test("a header of another version is unsupported, not corrupt")
  func version() throws {
    var packed = try LZ4().compress([1, 2, 3])
    packed[4] ^= 0xC0
    let outcome = try Trial.decompress(LZ4(), packed)
    #expect(outcome.error?.code == .unsupportedFeature && outcome.error?.inputOffset == 4)
  }

  @Test("other formats are unknown, empty input is truncated")
  func notLZ4() throws {
    #expect(try Trial.decompress(LZ4(), Array("hello world".utf8)).error?.code == .unknownFormat)
    #expect(try Trial.decompress(LZ4(), [7]).error?.code == .unknownFormat)
    #expect(try Trial.decompress(LZ4(), []).error?.code == .truncated)
  }

  @Test("a frame that needs an absent dictionary says so when it names one")
  func missingDictionary() throws {
    let dictionary = CodecDictionary(TestInputs.bytes(.text, 5000))
    var codec = LZ4()
    codec.dictionaryID = 99
    let input = Array(TestInputs.bytes(.text, 4000).suffix(1000))
    let packed = try codec.compress(input, .init { $0.dictionary = dictionary })
    let outcome = try Trial.decompress(LZ4(), packed)
    #expect(outcome.error?.code == .dictionaryRequired && outcome.error?.reason.contains("99") == true)
    try Trial.expect(LZ4(), packed, gives: input) { $0.dictionary = dictionary }
  }

  @Test("dictionaries work at all levels, for small and large input, and shrink it", arguments: [-5, 1, 3, 9, 12])
  func dictionaries(level: Int) throws {
    for size in [3, 500, 70_000, 200_000] {
      let dictionary = CodecDictionary(TestInputs.bytes(.rows, size))
      for length in [0, 1, 800, 5000, 150_000] {
        let input = TestInputs.bytes(.rows, length)
        let packed = try LZ4().compress(
          input,
          .init {
            $0.level = .native(level)
            $0.dictionary = dictionary
            $0.chunkSize = 64 << 10
          })
        if length == 800, size == 500 { #expect(packed.count < 600) }
        try Trial.expect(LZ4(), packed, gives: input, [StreamDriver(), StreamDriver(pieces: .fixed(999))]) {
          $0.dictionary = dictionary
        }
      }
    }
  }
}
