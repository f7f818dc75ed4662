// SPDX-License-Identifier: Apache-2.0

// zstd dictionaries: trained and raw, right, wrong and missing.

import CodecKit
import Testing

@Suite("zstd: dictionaries")
struct ZstdDictionaryTests {
  private static func record(_ index: Int) -> [UInt8] {
    let names = ["alpha", "beta", "gamma", "delta", "epsilon"]
    let text = #"{"id":\#(index),"server":"\#(names[index % 5])-\#(index * 7919 % 97)","state":"completed","#
    return Array((text + #""size":\#(index * 104_729 % 1_000_003),"kind":"incremental","tags":["nightly"]}"#).utf8)
  }

  private static func trained(identifier: UInt32? = nil) throws -> CodecDictionary {
    var trainer = ZstdDictionaryTrainer()
    trainer.maximumSize = 4096
    trainer.identifier = identifier
    for index in 0..<2000 { trainer.add(record(index)) }
    #expect(trainer.sampleCount == 2000)
    return try trainer.train()
  }

  @Test("a trained dictionary shrinks small records, and carries a number")
  func training() throws {
    let dictionary = try Self.trained()
    #expect(dictionary.bytes.count <= 4096 && dictionary.bytes.prefix(4) == [0x37, 0xA4, 0x30, 0xEC])
    #expect(Zstd.identifier(of: dictionary) != nil)
    #expect(try Self.trained() == dictionary, "the same samples give the same dictionary")
    #expect(try Zstd.identifier(of: Self.trained(identifier: 40_000)) == 40_000)
    let record = Self.record(5001)
    let plain = try Zstd.default.compress(record)
    let packed = try Zstd.default.compress(record, .init { $0.dictionary = dictionary })
    #expect(packed.count * 2 < plain.count)
  }

  @Test("every level works with a dictionary, in frames and in a stream", arguments: [-5, 1, 3, 12, 13, 19])
  func levels(level: Int) throws {
    let input = ZstdTrial.text(300_000)
    for dictionary in [try Self.trained(), CodecDictionary(ZstdTrial.text(20_000))] {
      for (codec, chunk) in [(Zstd.default, nil), (.default, 128 << 10), (Zstd { $0.framing = .single }, nil)] {
        let options = CompressionOptions {
          $0.level = .native(level)
          $0.chunkSize = chunk
          $0.dictionary = dictionary
        }
        let packed = try codec.compress(input, options)
        for piece in [Int.max, 1000] {
          let outcome = try ZstdTrial.decode(packed, .init { $0.dictionary = dictionary }, piece: piece)
          #expect(outcome.error == nil && outcome.output == input)
        }
      }
    }
  }

  @Test("a missing or wrong dictionary is named with both numbers")
  func wrong() throws {
    let dictionary = try Self.trained(identifier: 40_000)
    let packed = try Zstd.default.compress(Self.record(1), .init { $0.dictionary = dictionary })
    let missing = try ZstdTrial.decode(packed).error
    #expect(missing?.code == .dictionaryRequired && missing?.inputOffset == 0)
    #expect(missing?.reason.contains("40000") == true)
    let other = try Self.trained(identifier: 50_000)
    let wrong = try ZstdTrial.decode(packed, .init { $0.dictionary = other }).error
    #expect(wrong?.code == .dictionaryRequired)
    #expect(wrong?.reason.contains("40000") == true && wrong?.reason.contains("50000") == true)
    let raw = CodecDictionary(ZstdTrial.text(1000))
    #expect(Zstd.identifier(of: raw) == nil)
    #expect(try ZstdTrial.decode(packed, .init { $0.dictionary = raw }).error?.code == .dictionaryRequired)
  }

  @Test("the checksum finds a wrong raw dictionary")
  func wrongRaw() throws {
    let right = CodecDictionary(ZstdTrial.text(20_000, seed: 1))
    let wrong = CodecDictionary(ZstdTrial.text(20_000, seed: 2))
    let packed = try Zstd.default.compress(ZstdTrial.text(5000, seed: 1), .init { $0.dictionary = right })
    let code = try ZstdTrial.decode(packed, .init { $0.dictionary = wrong }).error?.code
    #expect(code == .checksumMismatch || code == .corrupt)
  }

  @Test("a dictionary with the mark of a trained one but damaged tables is refused by both sides")
  func damaged() {
    let dictionary = CodecDictionary([0x37, 0xA4, 0x30, 0xEC, 1, 2, 3, 4] + [UInt8](repeating: 0xFF, count: 100))
    let writing = ZstdTrial.error { _ = try Compressor(Zstd.default, .init { $0.dictionary = dictionary }) }
    #expect(writing?.code == .invalidOption)
    let reading = ZstdTrial.error { _ = try Decompressor(Zstd.default, .init { $0.dictionary = dictionary }) }
    #expect(reading?.code == .invalidOption)
  }

  @Test("training says what it lacks")
  func refusals() {
    var trainer = ZstdDictionaryTrainer()
    for index in 0..<7 { trainer.add(Self.record(index)) }
    trainer.add([])
    #expect(trainer.sampleCount == 7)
    let few = ZstdTrial.error { _ = try trainer.train() }
    #expect(few?.code == .invalidOption && few?.reason.contains("at least 8") == true)
    var tiny = ZstdDictionaryTrainer()
    for _ in 0..<20 { tiny.add([1]) }
    #expect(ZstdTrial.error { _ = try tiny.train() }?.code == .invalidOption)
    trainer.maximumSize = 10
    #expect(ZstdTrial.error { _ = try trainer.train() }?.code == .invalidOption)
    trainer.maximumSize = 4096
    trainer.identifier = 7
    #expect(ZstdTrial.error { _ = try trainer.train() }?.reason.contains("reserved") == true)
  }
}
