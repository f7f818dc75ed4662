// SPDX-License-Identifier: Apache-2.0

// zstd with the real tools, both ways; and what happens to memory over many streams.

import CodecKit
import Testing

@Suite("zstd: with the tools", .serialized)
struct ZstdInteropTests {
  @Test(
    "the tool reads what is written here", arguments: ["zstd", "zstd:level=19", "zstd:frames=one", "zstd:chunk=1MiB"])
  func toolReads(spec: String) throws {
    let input = ZstdTrial.large(5_000_000)
    let packed = try CodecRegistry.builtin.codec(spec).compress(input)
    #expect(try ZstdTrial.tool("zstd", ["-d", "-c"], packed) == input)
    #expect(try ZstdTrial.tool("zstd", ["-d", "-c"], Zstd.default.compress([UInt8]())) == [])
  }

  @Test(
    "what the tools write is read here",
    arguments: [
      ["zstd", "-1"], ["zstd", "-3", "-T2"], ["zstd", "--fast=7"], ["zstd", "-19", "--single-thread"],
      ["zstd", "--ultra", "-22"], ["zstd", "--long=27"], ["zstd", "--no-check"],
      ["zstd", "-B1MiB", "-T2", "--rsyncable"],
      ["pzstd", "-p2"],
    ])
  func readsTool(command: [String]) throws {
    let input = ZstdTrial.large(3_000_000)
    let packed = try ZstdTrial.tool(command[0], Array(command.dropFirst()) + ["-c"], input)
    for piece in [Int.max, 50_000] {
      let outcome = try ZstdTrial.decode(packed, piece: piece)
      #expect(outcome.finished && outcome.output == input)
    }
    #expect(try ZstdTrial.inspect(packed).error == nil)
  }

  @Test("ten thousand streams, whole or abandoned, leave no memory behind")
  func lifecycle() throws {
    let input = ZstdTrial.text(2000)
    let packed = try Zstd.default.compress(input)
    let single = Zstd { $0.framing = .single }
    let dictionary = CodecDictionary(ZstdTrial.text(3000))
    func cycle(_ index: Int) throws {
      let options = CompressionOptions {
        $0.level = .fastest
        $0.dictionary = index % 3 == 0 ? dictionary : nil
      }
      var room = [UInt8](repeating: 0, count: 4096)
      try unsafe room.withUnsafeMutableBytes { memory in
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        var writer = try Compressor(index % 2 == 0 ? Zstd.default : single, options)
        _ = try unsafe writer.step(input.span.bytes, into: &output, flush: index % 5 == 0 ? .finish : .none)
        var other = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        var reader = try Decompressor(Zstd.default)
        let part = Array(packed.prefix(index % 7 == 0 ? packed.count : index % packed.count))
        _ = try? unsafe reader.step(part.span.bytes, into: &other, flush: index % 11 == 0 ? .finish : .none)
      }
    }
    for index in 0..<500 { try cycle(index) }
    let before = ZstdTrial.residentMemory
    for index in 0..<10_000 { try cycle(index) }
    #expect(ZstdTrial.residentMemory - before < 16 << 20)
  }
}
