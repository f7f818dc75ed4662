// SPDX-License-Identifier: Apache-2.0

// zstd streams that other programs wrote, each as the manifest says.

import CodecKit
import Foundation
import Testing

@Suite("zstd: vectors")
struct ZstdVectorTests {
  /// One line of the manifest.
  struct Vector: Decodable, Sendable, CustomTestStringConvertible {
    var file: String
    var expect: String
    var outBytes: Int?
    var outSha256: String?
    var dict: String?
    var frames: Int?

    var testDescription: String { file }
  }

  private struct Manifest: Decodable { var vectors: [Vector] }

  private static let folder = ZstdTrial.packageRoot.appendingPathComponent("fixtures/vectors/zstd")

  static let all: [Vector] = {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent("manifest.json")) else { return [] }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return (try? decoder.decode(Manifest.self, from: data))?.vectors ?? []
  }()

  private static func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(file)))
  }

  @Test("the manifest is there")
  func manifest() { #expect(Self.all.count >= 40) }

  @Test("each vector decodes or fails as it should, in any pieces", arguments: all.filter { $0.expect != "aux" })
  func decode(vector: Vector) throws {
    let input = try Self.bytes(vector.file)
    let dictionary = try vector.dict.map { CodecDictionary(try Self.bytes($0)) }
    for (piece, room) in [(Int.max, 1 << 20), (1, 1 << 16), (4096, 1000)] {
      let options = DecompressionOptions { $0.dictionary = dictionary }
      let outcome = try ZstdTrial.decode(input, options, piece: piece, room: room)
      switch vector.expect {
      case "ok":
        #expect(outcome.error == nil && outcome.finished)
        try check(outcome.output, vector)
      case "limit":
        #expect(outcome.error?.code == .limitExceeded && outcome.output.isEmpty)
      default:
        #expect(outcome.error?.code == Self.codes[vector.file], "\(String(describing: outcome.error))")
      }
    }
    if vector.expect == "reject", vector.outSha256 != nil {
      let lenient = try ZstdTrial.decode(input, .init { $0.trailingData = .ignore })
      #expect(lenient.finished)
      try check(lenient.output, vector)
    }
    if vector.file == "long28.zst" {
      let raised = try ZstdTrial.decode(input, .init { $0.limits.maximumWindowSize = 1 << 28 })
      try check(raised.output, vector)
    }
  }

  /// What each refused vector is refused for.
  private static let codes: [String: CodecError.Code] = [
    "zero-length-file.zst": .truncated, "skippable-cut.zst": .truncated, "skippable-huge-len.zst": .truncated,
    "with-dict-missing.zst": .dictionaryRequired, "truncated-header.zst": .truncated, "truncated-mid.zst": .truncated,
    "truncated-checksum.zst": .truncated, "bad-checksum.zst": .checksumMismatch, "bad-bit.zst": .checksumMismatch,
    "trailing-garbage.zst": .corrupt, "trailing-zeros.zst": .corrupt, "reserved-bit.zst": .unsupportedFeature,
    "content-size-lies.zst": .contentSizeMismatch, "reserved-block-type.zst": .corrupt, "is-gzip.zst": .unknownFormat,
  ]

  private func check(_ output: [UInt8], _ vector: Vector) throws {
    #expect(output.count == vector.outBytes)
    let sum = try ZstdTrial.tool("sha256sum", [], output)
    #expect(String(decoding: sum.prefix(64), as: UTF8.self) == vector.outSha256)
  }

  @Test("each readable vector can be inspected", arguments: all.filter { $0.expect == "ok" })
  func inspect(vector: Vector) throws {
    for piece in [1 << 16, 1] {
      let (report, error) = try ZstdTrial.inspect(Self.bytes(vector.file), piece: piece)
      #expect(error == nil)
      if let size = report.contentSize { #expect(size == UInt64(vector.outBytes ?? -1)) }
      let expected = vector.frames.map { UInt64($0) }
      if let expected { #expect(report.contentFrameCount == expected) }
      let table = report.details.first { $0.name == "seek table" }?.value
      switch vector.file {
      case "seekable.zst": #expect(table == "4 entries, consistent with the frames")
      case "seekable-lying.zst": #expect(table?.contains("others") == true && !report.access.contains("anywhere"))
      case "pzstd.zst":
        #expect(report.details.contains { $0.name == "frame sizes" && $0.value.contains("pzstd") })
      default: #expect(table == nil)
      }
    }
  }
}
