// SPDX-License-Identifier: Apache-2.0

// LZ4 with the real tool, both ways, and streams that others wrote.

import Foundation
import TestSupport
import Testing

@testable import CodecKit

@Suite("lz4: other programs")
struct LZ4InteropTests {
  private typealias Trial = BlockCodecTrial

  @Test("each vector decodes or fails as it should, in any pieces", arguments: try Vectors("lz4").all)
  func vectors(vector: Vectors.Vector) throws {
    let vectors = try Vectors("lz4")
    let input = try vectors.bytes(vector)
    let dictionary = try vector.dictionary.map { CodecDictionary(try vectors.bytes($0)) }
    let codec: any Codec = vector.expect == "ok-raw" ? LZ4Raw(contentSize: vector.outputSize) : LZ4()
    var first: [UInt8]?
    for shape in Trial.shapes where input.count < 10_000 || shape.pieces.description != "1" {
      let outcome = shape.run(try codec.makeDecompressionEngine(.init { $0.dictionary = dictionary }), input)
      #expect(outcome.violations.isEmpty)
      switch vector.expect {
      case "ok", "ok-raw":
        #expect(outcome.finished, "\(outcome.summary)")
        // Hashing large output is slow in debug builds: once is enough.
        if first == nil { #expect(Vectors.complaint(outcome.output, vector) == nil) }
        #expect(TestInputs.same(outcome.output, first ?? outcome.output))
        first = first ?? outcome.output
      case "aux": break
      default: #expect(outcome.error?.code == Self.codes[vector.file], "\(vector.file): \(outcome.summary)")
      }
      if vector.file.hasPrefix("trailing") { #expect(Vectors.complaint(outcome.output, vector) == nil) }
    }
    if vector.expect == "ok" {
      for piece in [5, 64 << 10] {
        let report = try Trial.inspect(LZ4(), input, piece: piece)
        if let size = report.contentSize { #expect(size == UInt64(vector.outputSize ?? -1)) }
      }
    }
  }

  /// What each refused vector is refused for.
  private static let codes: [String: CodecError.Code] = [
    "zero-length-file.lz4": .truncated, "with-dict-missing.lz4": .corrupt,
    "content-size-lies.lz4": .contentSizeMismatch,
    "content-size-huge.lz4": .contentSizeMismatch, "bad-version.lz4": .unsupportedFeature,
    "reserved-flg.lz4": .unsupportedFeature, "reserved-bd.lz4": .unsupportedFeature, "bd-size-3.lz4": .corrupt,
    "bad-header-checksum.lz4": .checksumMismatch, "block-too-big.lz4": .corrupt, "no-endmark.lz4": .truncated,
    "truncated-header.lz4": .truncated, "truncated-mid.lz4": .truncated, "truncated-checksum.lz4": .truncated,
    "bad-content-checksum.lz4": .checksumMismatch, "bad-block-checksum.lz4": .checksumMismatch,
    "bad-bit.lz4": .checksumMismatch, "bad-offset-0.lz4": .corrupt, "bad-offset-far.lz4": .corrupt,
    "trailing-garbage.lz4": .corrupt, "trailing-zeros.lz4": .corrupt, "legacy-cut.lz4": .truncated,
  ]

  @Test(
    "what the tool writes is read",
    .enabled(if: ToolRunner.find("lz4") != nil),
    arguments: [
      ["-1"], ["-1", "-B4"], ["-9", "-B4", "-BD"], ["-1", "-B5", "-BD", "-BX"], ["-1", "-BD"], ["-l"],
      ["--no-frame-crc"], ["--fast=5"], ["-12", "-BX"],
    ])
  func readTool(arguments: [String]) throws {
    for (kind, size) in [(InputKind.text, 0), (.text, 1), (.pages, 700_000), (.packed, 300_000), (.zeros, 9_000_000)] {
      let input = TestInputs.bytes(kind, size)
      let result = try ToolRunner.run("lz4", arguments + ["-c", "-"], input: input)
      #expect(result.status == 0)
      let rooms = [StreamDriver(), StreamDriver(rooms: .fixed(4 << 20)), StreamDriver(pieces: .fixed(3000))]
      try Trial.expect(LZ4(), result.output, gives: input, Trial.shapes + rooms)
    }
  }

  @Test("what is written is read by the tool", .enabled(if: ToolRunner.find("lz4") != nil))
  func writeTool() throws {
    let input = TestInputs.bytes(.text, 5_000_000) + TestInputs.bytes(.random, 300_000)
    for spec in ["lz4", "lz4:level=-4", "lz4:level=9,chunk=64KiB,blockchecksum", "lz4:checksum=no,chunk=1MiB,level=3"] {
      let packed = try CodecRegistry.builtin.codec(spec).compress(input, .init { $0.contentSize = UInt64(input.count) })
      let result = try ToolRunner.run("lz4", ["-d", "-c", "-"], input: packed)
      #expect(result.status == 0 && TestInputs.same(result.output, input), "\(spec)")
    }
    let empty = try ToolRunner.run("lz4", ["-d", "-c", "-"], input: try LZ4().compress([UInt8]()))
    #expect(empty.status == 0 && empty.output.isEmpty)
  }

  @Test("dictionaries work with the tool both ways", .enabled(if: ToolRunner.find("lz4") != nil))
  func dictionaries() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("lz4-dictionary-" + UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    let content = TestInputs.bytes(.rows, 100_000)
    try Data(content).write(to: file)
    let dictionary = CodecDictionary(content)
    let input = TestInputs.bytes(.rows, 250_000).suffix(180_000) + content.suffix(3000)
    for arguments in [["-1"], ["-B4", "-BD"], ["-B4", "-9"]] {
      let result = try ToolRunner.run("lz4", arguments + ["-D", file.path, "-c", "-"], input: Array(input))
      try Trial.expect(LZ4(), result.output, gives: Array(input)) { $0.dictionary = dictionary }
    }
    for level in [1, 9] {
      let packed = try LZ4().compress(
        Array(input),
        .init {
          $0.dictionary = dictionary
          $0.level = .native(level)
          $0.chunkSize = 64 << 10
        })
      let result = try ToolRunner.run("lz4", ["-D", file.path, "-d", "-c", "-"], input: packed)
      #expect(TestInputs.same(result.output, Array(input)))
    }
  }

  @Test("linked blocks of all sizes keep their history")
  func linkedBlocks() throws {
    // A writer of small linked blocks: every block refers to all before it as a dictionary, which is what linking is.
    var header = LZ4FrameHeader()
    header.hasIndependentBlocks = false
    header.blockSize = 64 << 10
    let input = TestInputs.bytes(.text, 400_000)
    var packed = header.encoded
    var start = 0
    for (index, size) in [1, 10, 5000, 60_000, 65_536, 300, 65_536, 65_536, 100, 100, 40_000, 30_000].enumerated() {
      let piece = Array(input[start..<start + size])
      let history = CodecDictionary(Array(input[max(0, start - 65_536)..<start]))
      let block = try LZ4Raw().compress(piece, .init { if start > 0 { $0.dictionary = history } })
      if index % 4 == 2 || block.count >= size {
        packed += Trial.bytes(UInt32(size) | 0x8000_0000) + piece
      } else {
        packed += Trial.bytes(UInt32(block.count)) + block
      }
      start += size
    }
    let content = Array(input[..<start])
    packed += [0, 0, 0, 0] + Trial.bytes(XXH32.of(content))
    let more = [StreamDriver(rooms: .fixed(66_000)), StreamDriver(pieces: .fixed(20_000), rooms: .fixed(130_000))]
    try Trial.expect(LZ4(), packed, gives: content, Trial.shapes + more)
    try Trial.expect(LZ4(), packed + packed, gives: content + content, Trial.shapes + more)
  }
}
