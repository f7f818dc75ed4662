// SPDX-License-Identifier: Apache-2.0

// Bare LZ4 blocks.

import CodecKit
import TestSupport
import Testing

@Suite("lz4-raw")
struct LZ4RawTests {
  private typealias Trial = BlockCodecTrial

  @Test("blocks round-trip when the size is known", arguments: [0, 1, 13, 1000, 300_000])
  func roundTrip(size: Int) throws {
    for kind in [InputKind.text, .random, .zeros] {
      let input = TestInputs.bytes(kind, size)
      for level in [-3, 1, 9] {
        let packed = try Trial.compress(LZ4Raw(), input, StreamDriver(pieces: .fixed(999))) {
          $0.level = .native(level)
        }
        try Trial.expect(try CodecRegistry.builtin.codec("lz4-raw:size=\(size)"), packed, gives: input)
      }
    }
  }

  @Test("another size than the declared one is an error, not a cut or a stretch")
  func wrongSize() throws {
    let packed = try LZ4Raw().compress(TestInputs.bytes(.text, 1000))
    for (size, code) in [
      (998, CodecError.Code.corrupt), (999, .contentSizeMismatch), (1001, .contentSizeMismatch), (0, .corrupt),
      (1 << 27, .truncated),
    ] {
      #expect(try Trial.decompress(LZ4Raw(contentSize: size), packed).error?.code == code, "\(size)")
    }
  }

  @Test("decoding without a size, or above the limit, is refused at once")
  func refusals() throws {
    #expect(throws: CodecError.self) { try LZ4Raw().makeDecompressionEngine(.init()) }
    #expect(throws: CodecError.self) {
      try LZ4Raw(contentSize: 1000).makeDecompressionEngine(.init { $0.limits.maximumWindowSize = 999 })
    }
  }

  @Test("damage never traps, and cutting is found")
  func damage() throws {
    let input = TestInputs.bytes(.text, 1500)
    let packed = try LZ4Raw().compress(input)
    for length in 0..<packed.count {
      let outcome = try Trial.decompress(LZ4Raw(contentSize: 1500), Array(packed.prefix(length)))
      #expect(outcome.error != nil)
    }
    for bit in 0..<packed.count * 8 {
      var damaged = packed
      damaged[bit / 8] ^= 1 << (bit % 8)
      _ = try Trial.decompress(LZ4Raw(contentSize: 1500), damaged)
    }
  }

  @Test("a dictionary serves blocks too")
  func dictionary() throws {
    let dictionary = CodecDictionary(TestInputs.bytes(.rows, 4000))
    let input = Array(TestInputs.bytes(.rows, 3000).suffix(900))
    let packed = try LZ4Raw().compress(input, .init { $0.dictionary = dictionary })
    #expect(packed.count < 60)
    try Trial.expect(LZ4Raw(contentSize: 900), packed, gives: input) { $0.dictionary = dictionary }
  }
}
