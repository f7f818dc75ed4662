// SPDX-License-Identifier: Apache-2.0

// Small archives of each feature, as they are kept in `fixtures/archives`.

import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// An archive of one feature.
struct ArchiveFixture: Sendable, CustomTestStringConvertible {
  /// The name of the file.
  let name: String
  /// Whether the independent reader has what it needs to decode the blocks.
  var isPlain = true
  let make: @Sendable () throws -> [UInt8]

  var testDescription: String { name }

  static let folder = Vectors.packageRoot.appendingPathComponent("fixtures/archives")

  var url: URL { Self.folder.appendingPathComponent("\(name).cka") }

  static let all: [ArchiveFixture] =
    ["none", "zstd", "gzip", "lz4", "snappy", "s2", "quicklz"].map { codec in
      ArchiveFixture(name: "codec-\(codec)", isPlain: ["none", "zstd", "gzip"].contains(codec)) {
        let codec = try CodecRegistry.builtin.codec(codec)
        return try written({ $0.codec = codec }) { writer in
          try writer.add(file("text"), TestInputs.bytes(.text, 3000), .whole)
          try writer.add(file("zeros"), [UInt8](repeating: 0, count: 5000), .whole)
        }
      }
    } + [
      ArchiveFixture(name: "empty") { try written { _ in } },
      ArchiveFixture(name: "checkpoints") {
        try written({
          ($0.blockSize, $0.checkpointBytes) = (64 << 10, 100_000)
          $0.cutSizes = CutSizes(minimum: 4096, average: 16384, maximum: 65536) ?? .standard
        }) { writer in
          for number in 0..<3 {
            try writer.add(file("f\(number)"), repeated(130_000, UInt64(number)), .contentDefined)
          }
          try writer.add(file("small"), Array("behind".utf8), .whole)
        }
      },
      ArchiveFixture(name: "holes") {
        try written { writer in
          try writer.beginFile(file("sparse"))
          try writer.append(hole: 1 << 20)
          try writer.append(repeated(5000, 1)[...], .whole)
          try writer.append(hole: 70_000)
          try writer.endFile(file("sparse"))
          try writer.beginFile(file("zeros"))
          try writer.append(hole: 12345)
          try writer.endFile(file("zeros"))
        }
      },
      ArchiveFixture(name: "maps") {
        try written { writer in
          try writer.beginFile(file("mapped"))
          for number in 0..<6000 {
            try writer.append([UInt8(number % 7), UInt8(number % 5)][...], .whole)
            try writer.append(hole: UInt64(1 + number % 3))
          }
          try writer.endFile(file("mapped"))
        }
      },
      ArchiveFixture(name: "links") {
        try written { writer in
          try writer.add(entry("d", .directory) { $0.mode = 0o755 })
          let names = ["d/first", "d/second"].map { file($0) { $0.linkGroup = .init(ordinal: 0, number: 1) } }
          try writer.add(names[0], Array("one file".utf8), .whole)
          try writer.add(names[1])
          try writer.add(entry("d/symbolic", .symbolicLink) { $0.target = Array("first".utf8) })
          try writer.add(file("e") { $0.linkGroup = .init(ordinal: 0, number: 2) }, [], .whole)
          try writer.add(file("f") { $0.linkGroup = .init(ordinal: 0, number: 2) })
        }
      },
      ArchiveFixture(name: "metadata") {
        try written({
          $0.fields = [.init(Superblock.Field.name, Array("metadata".utf8)), .init(99, [1, 2, 3])]
          $0.created = 1_700_000_000_000_000_001
        }) { writer in
          try writer.add(entry("", .directory) { $0.mode = 0o755 })
          try writer.add(
            file("attributes") {
              $0.attributes = [
                ExtendedAttribute(name: Array("user.colour".utf8), value: [0, 1, 255]),
                ExtendedAttribute(name: Array("user.empty".utf8), value: []),
              ]
              $0.birthTime = Timestamp(seconds: 1_500_000_000, nanoseconds: 7)
              $0.warnings = [.changed]
            }, Array("attributes".utf8), .whole)
          try writer.add(entry("block", .blockDevice) { $0.device = (8, 3) })
          try writer.add(entry("character", .characterDevice) { $0.device = (5, 1) })
          try writer.add(
            file("old") { $0.modificationTime = Timestamp(seconds: -86_401, nanoseconds: 999_999_999) }, [], .whole)
          try writer.add(entry("pipe", .fifo) { $0.mode = 0o600 })
        }
      },
      ArchiveFixture(name: "any-order") {
        try written({
          ($0.blockSize, $0.checkpointBytes, $0.checkpointInput) = (64 << 10, 1, 60_000)
          $0.cutSizes = CutSizes(minimum: 4096, average: 16384, maximum: 65536) ?? .standard
        }) { writer in
          var tar = TarStream()
          tar.add("z/", [], UInt8(ascii: "5"))
          tar.add("z/first", repeated(70_000, 1))
          tar.add("again", Array("old".utf8))
          tar.add("way", Array("in the way".utf8))
          tar.add("long", repeated(150_000, 2))
          tar.add("again", Array("new".utf8))
          tar.add("b", link: "z/first", UInt8(ascii: "1"))
          tar.add("way/below", repeated(70_000, 3))
          tar.add("a", repeated(70_000, 1))
          tar.add("c", link: "a")
          _ = try TreeArchiver(to: writer).archiveTar(PieceStream(tar.ended))
        }
      },
      ArchiveFixture(name: "stamps") {
        var forged = ForgedArchive.sample()
        var stamps = FieldWriter()
        for number in 0..<4 {
          stamps.fixed(UInt64(100 + number))
          stamps.fixed(Int64(1_600_000_000 + number))
          stamps.fixed(UInt32(number))
        }
        forged.addIndex(.stamps, stamps.bytes, count: 4)
        return try forged.bytes()
      },
      ArchiveFixture(name: "unknown-frame") {
        var forged = ForgedArchive.sample()
        forged.addFrame(kind: 77, flags: .skippable, Array("what a later version may say".utf8))
        forged.superblock.minorVersion = 1
        return try forged.bytes()
      },
    ]

  /// Bytes that pack well and are cut by content nevertheless.
  private static func repeated(_ count: Int, _ seed: UInt64) -> [UInt8] {
    let piece = SampleTree.bytes(97, seed)
    var bytes: [UInt8] = []
    for number in 0... where bytes.count < count || number == 0 {
      bytes += piece
      bytes.append(UInt8(truncatingIfNeeded: number / 50))
      if bytes.count >= count { break }
    }
    return Array(bytes.prefix(count))
  }

  private static func written(
    _ configure: (inout ArchiveWriterOptions) -> Void = { _ in }, _ body: (ArchiveWriter) throws -> Void
  ) throws -> [UInt8] {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output,
      .init {
        $0.isReproducible = true
        configure(&$0)
      })
    try body(writer)
    _ = try writer.finish()
    return output.bytes
  }

  private static func entry(
    _ path: String, _ kind: ArchiveEntry.Kind, _ configure: (inout ArchiveEntry) -> Void = { _ in }
  ) -> ArchiveEntry {
    var entry = ArchiveEntry(Array(path.utf8), kind)
    entry.mode = 0o644
    entry.owner = .init(uid: 0, gid: 0)
    entry.modificationTime = Timestamp(seconds: 1_600_000_000, nanoseconds: 123_456_789)
    configure(&entry)
    return entry
  }

  private static func file(_ path: String, _ configure: (inout ArchiveEntry) -> Void = { _ in }) -> ArchiveEntry {
    entry(path, .file, configure)
  }
}

/// What the manifest says of an archive.
struct ArchiveFixtureRecord: Codable, Equatable {
  struct Entry: Codable, Equatable {
    var path: String
    var kind: Int
    var mode: Int
    var time: String
    var size: UInt64
    var sha256: String?
  }

  var file: String
  var bytes: Int
  var sha256: String
  var entries: [Entry]

  /// What an archive holds.
  init(_ name: String, _ bytes: [UInt8]) throws {
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    var cursor = archive.entries()
    entries = []
    while let entry = try cursor.next() {
      let time = entry.modificationTime
      entries.append(
        Entry(
          path: String(decoding: entry.path, as: UTF8.self), kind: Int(entry.kind.rawValue), mode: Int(entry.mode),
          time: "\(time.seconds).\(time.nanoseconds)", size: entry.size,
          sha256: entry.kind == .file ? SHA256.hex(try archive.content(of: entry)) : nil))
    }
    file = "\(name).cka"
    self.bytes = bytes.count
    sha256 = SHA256.hex(bytes)
  }
}
