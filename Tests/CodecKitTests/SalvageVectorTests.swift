// SPDX-License-Identifier: Apache-2.0

// Salvage of what other programs wrote, well or badly.

import CodecKit
import TestSupport
import Testing

@Suite("Salvage of vectors")
struct SalvageVectorTests {
  @Test("salvage agrees with decoding about what is sound", arguments: ["zstd", "lz4", "snappy", "gzip"])
  func agreement(format: String) throws {
    let vectors = try Vectors(format)
    let codec = try CodecRegistry.builtin.codec(format)
    var sound = 0
    for vector in vectors.all where !vector.file.hasPrefix("raw") || format == "gzip" {
      let stream = try vectors.bytes(vector)
      let dictionary = try vector.dictionary.map { CodecDictionary(try vectors.bytes($0)) }
      let options = DecompressionOptions { $0.dictionary = dictionary }
      let result = Salvaged(codec, stream, options, bound: 256 << 20)
      #expect(!result.isOverrun, "\(vector)")
      do throws(CodecError) {
        let content = try codec.decompress(stream, options)
        #expect(TestInputs.same(result.output, content), "\(vector): \(result.text)")
        #expect(result.losses.isEmpty && result.error == nil, "\(vector): \(result.text)")
        sound += 1
      } catch {
        #expect(!result.losses.isEmpty || result.error != nil, "\(vector) is damaged: \(error)")
      }
    }
    #expect(sound > 5)
  }

  @Test("a frame of linked blocks is read up to its damage, and what follows it is found")
  func linked() throws {
    let vectors = try Vectors("lz4")
    let stream = try vectors.bytes("b4-linked.lz4")
    let content = try LZ4().decompress(stream)
    for index in [stream.count / 2, stream.count - 100] {
      let damaged = stream.noisy(index, 8, seed: 1)
      let result = Salvaged(LZ4(), damaged + stream)
      #expect(result.losses.count == 1, "\(result.text)")
      #expect(TestInputs.same(Array(result.output.suffix(content.count)), content), "\(result.text)")
      let alone = Salvaged(LZ4(), damaged)
      #expect(alone.losses.count == 1, "\(alone.text)")
    }
  }

  @Test("a legacy frame goes on behind a damaged block")
  func legacy() throws {
    let vectors = try Vectors("lz4")
    let stream = try vectors.bytes("legacy-2blocks.lz4")
    let content = try LZ4().decompress(stream)
    let result = Salvaged(LZ4(), stream.noisy(stream.count - 40, 20, seed: 1))
    #expect(result.losses.count == 1, "\(result.text)")
    let kept = min(result.output.count, 8 << 20)
    #expect(TestInputs.same(Array(result.output[..<kept]), Array(content[..<kept])), "\(result.text)")
  }
}
