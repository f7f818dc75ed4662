// SPDX-License-Identifier: Apache-2.0

// S2 blocks, streams, dictionaries and indexes that the reference wrote, or refuses, each as the manifest says.

import Foundation
import TestSupport
import Testing

@testable import CodecKit

@Suite("s2: vectors")
struct S2VectorTests {
  private typealias Trial = BlockCodecTrial

  private static func vectors(_ kind: String) throws -> [Vectors.Vector] {
    try Vectors("s2").all.filter { $0.texts["kind"] == kind }
  }

  @Test("blocks decode or are refused, as fast as naively", arguments: try vectors("block"))
  func blocks(vector: Vectors.Vector) throws {
    let block = try Vectors("s2").bytes(vector)
    let outcome = try Trial.decompress(S2Raw(), block)
    if vector.expect == "ok" {
      #expect(outcome.finished, "\(outcome.summary)")
      #expect(Vectors.complaint(outcome.output, vector) == nil)
    } else {
      #expect(outcome.error != nil && outcome.error?.code != .internalInconsistency, "\(outcome.summary)")
    }
    if (vector.outputSize ?? 0) < 300_000 {
      #expect(S2Mutation.decode(block, limit: 1 << 24) == NaiveS2.decode(block, limit: 1 << 24))
      #expect((NaiveS2.decode(block, limit: 1 << 24) != nil) == (vector.expect == "ok"))
    }
  }

  @Test("blocks with dictionaries decode or are refused", arguments: try vectors("dict-block"))
  func dictionaryBlocks(vector: Vectors.Vector) throws {
    let block = try Vectors("s2").bytes(vector)
    let dictionary = CodecDictionary(try Vectors("s2").bytes(try #require(vector.dictionary)))
    let outcome = try Trial.decompress(S2Raw(), block, .init()) { $0.dictionary = dictionary }
    if vector.expect == "ok" {
      #expect(outcome.finished, "\(outcome.summary)")
      #expect(Vectors.complaint(outcome.output, vector) == nil)
    } else {
      #expect(outcome.error?.code == .corrupt, "\(outcome.summary)")
    }
    let content = try S2DictionaryContent.of(dictionary)
    let bytes = unsafe Array(content.memory)
    #expect(
      S2Mutation.decode(block, limit: 1 << 20, content)
        == NaiveS2.decode(block, dictionary: bytes, offset: content.offset))
  }

  @Test("damaged dictionaries are refused", arguments: try vectors("dict"))
  func dictionaries(vector: Vectors.Vector) throws {
    let dictionary = CodecDictionary(try Vectors("s2").bytes(vector))
    let error = #expect(throws: CodecError.self) {
      try S2Raw().makeDecompressionEngine(.init { $0.dictionary = dictionary })
    }
    #expect(error?.code == .invalidOption)
  }

  @Test("three hundred random blocks decode or are refused")
  func fuzz() throws {
    struct Line: Decodable {
      var block: String
      var ok: Bool
      var size: Int?
      var digest: String?

      enum CodingKeys: String, CodingKey {
        case block, ok, size
        case digest = "sha256_16"
      }
    }
    let lines = try Vectors("s2").bytes("fuzz/random-blocks.jsonl").split(separator: 10)
    #expect(lines.count == 300)
    for text in lines {
      let line = try JSONDecoder().decode(Line.self, from: Data(text))
      let digits = Array(line.block.utf8)
      let block = stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
      }
      let outcome = try Trial.decompress(S2Raw(), block)
      #expect(outcome.finished == line.ok, "\(line.block): \(outcome.summary)")
      #expect(S2Mutation.decode(block, limit: 1 << 24) == NaiveS2.decode(block, limit: 1 << 24))
      if line.ok {
        #expect(outcome.output.count == line.size)
        #expect(SHA256.hex(outcome.output).hasPrefix(line.digest ?? "-"))
      }
    }
  }

  @Test("streams decode or are refused, in any pieces", arguments: try vectors("stream"))
  func streams(vector: Vectors.Vector) throws {
    let input = try Vectors("s2").bytes(vector)
    // Large contents are looked at once for each number of threads, and only once as a whole.
    let isLarge = (vector.outputSize ?? 0) > 300_000
    var first: [UInt8]?
    for (number, shape) in Trial.shapes.enumerated() where input.count < 10_000 || shape.pieces.description != "1" {
      for threads in [1, 2] where !isLarge || number == 0 {
        var options = DecompressionOptions()
        options.threads = threads
        let outcome = shape.run(try S2().makeDecompressionEngine(options), input)
        #expect(outcome.violations.isEmpty)
        guard vector.expect != "ok" else {
          #expect(outcome.finished, "\(outcome.summary)")
          if let first {
            #expect(TestInputs.same(outcome.output, first))
          } else {
            #expect(Vectors.complaint(outcome.output, vector) == nil)
            first = outcome.output
          }
          continue
        }
        #expect(outcome.error?.code == Self.code(vector), "\(outcome.summary)")
        #expect(outcome.output.count == vector.numbers["output_before_error"] ?? 0, "\(outcome.summary)")
      }
    }
    guard vector.expect == "ok" else { return }
    for piece in [13, 64 << 10] where piece > 13 || input.count < 100_000 {
      #expect(try Trial.inspect(S2(), input, piece: piece).contentSize == UInt64(vector.outputSize ?? -1))
    }
  }

  /// What a stream is refused for: cut ones are told apart from damaged ones.
  private static func code(_ vector: Vectors.Vector) -> CodecError.Code {
    let name = vector.file.split(separator: "/").last.map(String.init) ?? ""
    switch vector.texts["error_class"] {
    case "crc": return .checksumMismatch
    case "unsupported": return .unsupportedFeature
    default: break
    }
    let unknown = [
      "bad-identifier", "bad-magic", "gzip", "index-only", "no-identifier", "padding-before", "raw-block", "empty.",
    ]
    if unknown.contains(where: name.hasPrefix) { return .unknownFormat }
    let cut = ["truncated-at", "padding-truncated", "skippable-truncated", "trailing-garbage"]
    return cut.contains(where: name.hasPrefix) ? .truncated : .corrupt
  }

  @Test("indexes are read or refused", arguments: try vectors("index"))
  func indexes(vector: Vectors.Vector) throws {
    let bytes = try Vectors("s2").bytes(vector)
    if vector.expect == "reject" {
      let error = Self.refusal(of: bytes)
      let expected: CodecError.Code =
        switch vector.texts["error_class"] {
        case "truncated": .truncated
        case "unsupported": .unsupportedFeature
        default: .corrupt
        }
      #expect(error?.code == expected, "\(String(describing: error))")
      return
    }
    let index = try Self.index(bytes)
    let expected = try #require(Self.expectedIndexes[vector.file])
    #expect(index.totalUncompressed == expected.totalUncompressed)
    #expect(index.totalCompressed == expected.totalCompressed)
    #expect(index.blockSize == expected.estBlockUncompressed)
    #expect(index.entries.map(\.compressed) == (expected.offsets ?? []).map(\.compressed))
    #expect(index.entries.map(\.uncompressed) == (expected.offsets ?? []).map(\.uncompressed))
    #expect(index.encoded() == bytes)
    let trimmed = index.trimmed()
    let again = try unsafe S2Index(trimmed: trimmed.span.bytes)
    #expect(again == index)
    #expect(Self.indexSize(bytes) == bytes.count)
  }

  private static func index(_ bytes: [UInt8]) throws(CodecError) -> S2Index { try unsafe S2Index(bytes.span.bytes) }

  private static func indexSize(_ bytes: [UInt8]) -> Int? { unsafe S2Index.size(fromTail: bytes.span.bytes) }

  private static func refusal(of bytes: [UInt8]) -> CodecError? {
    do throws(CodecError) { _ = try index(bytes) } catch { return error }
    return nil
  }

  private struct ExpectedIndex: Decodable {
    struct Offset: Decodable {
      var compressed: Int64
      var uncompressed: Int64
    }
    var totalUncompressed: Int64
    var totalCompressed: Int64
    var estBlockUncompressed: Int64
    var offsets: [Offset]?
  }

  private static let expectedIndexes: [String: ExpectedIndex] = {
    struct Entry: Decodable {
      var file: String
      var index: ExpectedIndex?
    }
    struct Manifest: Decodable { var vectors: [Entry] }
    let url = Vectors.packageRoot.appendingPathComponent("fixtures/vectors/s2/manifest.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let data = try? Data(contentsOf: url), let manifest = try? decoder.decode(Manifest.self, from: data)
    else { return [:] }
    return manifest.vectors.reduce(into: [:]) { known, entry in known[entry.file] = entry.index }
  }()

  @Test("an index leads to any position", arguments: ["index/irregular", "streams/records6m.s2c-default"])
  func seeking(name: String) throws {
    let vectors = try Vectors("s2")
    let stream = try vectors.bytes(name + ".s2")
    let whole = try S2().decompress(stream)
    let index: S2Index
    if name.hasPrefix("index") {
      index = try Self.index(vectors.bytes(name + ".idx"))
    } else {
      let size = try #require(Self.indexSize(stream))
      index = try Self.index(Array(stream.suffix(size)))
    }
    #expect(index.totalUncompressed == Int64(whole.count))
    let reader = S2 { $0.requiresIdentifier = false }
    for position in stride(from: 0, to: whole.count, by: 777_777) {
      let entry = index.entry(for: Int64(position)) ?? .init(compressed: 0, uncompressed: 0)
      let rest = try reader.decompress(Array(stream[Int(entry.compressed)...]))
      #expect(TestInputs.same(rest, Array(whole[Int(entry.uncompressed)...])))
    }
  }

  @Test("scanning a stream gives the index that a writer made")
  func scanning() throws {
    let vectors = try Vectors("s2")
    let stream = try vectors.bytes("index/irregular.s2")
    let written = try Self.index(vectors.bytes("index/irregular.idx"))
    for piece in [1, 7, 1 << 20] {
      var scanner = S2IndexScanner()
      var start = 0
      while start < stream.count {
        let end = min(stream.count, start + piece)
        try unsafe scanner.scan(stream.span.bytes.extracting(start..<end))
        start = end
      }
      let index = try scanner.finish()
      #expect(index.entries == written.entries)
      #expect(index.totalUncompressed == written.totalUncompressed)
    }
  }
}
