// SPDX-License-Identifier: Apache-2.0

// Tar streams and xbstreams made for tests, sound and otherwise, and what becomes of them.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// Makes a tar stream block by block.
struct TarStream {
  private(set) var bytes: [UInt8] = []

  /// Adds a member with its data, filled up to whole blocks.
  ///
  /// - Parameter change: changes the header before its checksum is computed.
  mutating func add(
    _ path: String, _ data: [UInt8] = [], _ kind: UInt8 = UInt8(ascii: "0"), size: Int? = nil,
    _ change: (inout [UInt8]) -> Void = { _ in }
  ) {
    var header = TarHeader(.file, Array(path.utf8))
    header.size = UInt64(size ?? data.count)
    header.seconds = 1_600_000_000
    header.mode = 0o640
    header.user = Array("joe".utf8)
    var block = header.bytes
    block[156] = kind
    change(&block)
    Self.seal(&block)
    bytes += block
    add(raw: data)
  }

  mutating func add(_ path: String, link target: String, _ kind: UInt8 = UInt8(ascii: "2")) {
    add(path, [], kind) { $0.replaceSubrange(157..<(157 + target.utf8.count), with: target.utf8) }
  }

  /// Adds a pax header for the next member, or for all.
  mutating func add(pax records: [(String, [UInt8])], _ kind: UInt8 = UInt8(ascii: "x")) {
    var pax = PaxRecords()
    for (key, value) in records { pax.add(key, value) }
    add("pax", pax.bytes, kind)
  }

  mutating func add(pax records: [(String, String)]) { add(pax: records.map { ($0.0, Array($0.1.utf8)) }) }

  /// Adds data, filled up to whole blocks.
  mutating func add(raw data: [UInt8]) {
    bytes += data
    bytes += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
  }

  /// The stream with its end.
  var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

  /// Computes the checksum of a header.
  static func seal(_ block: inout [UInt8]) {
    block.replaceSubrange(148..<156, with: [UInt8](repeating: 0x20, count: 8))
    let digits = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    let text = String(repeating: "0", count: 6 - digits.count) + digits
    block.replaceSubrange(148..<156, with: Array(text.utf8) + [0, 0x20])
  }
}

/// Makes an xbstream chunk by chunk.
struct XBStream {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ path: String, _ data: [UInt8], at offset: Int, checksum: UInt32? = nil, _ flags: UInt8 = 0) {
    head(path, UInt8(ascii: "P"), flags)
    var writer = FieldWriter()
    writer.fixed(UInt64(data.count))
    writer.fixed(UInt64(offset))
    writer.fixed(checksum ?? CRC32.of(data))
    bytes += writer.bytes + data
  }

  /// Adds a payload with holes; each piece stands behind so many bytes that are not there.
  mutating func add(_ path: String, sparse pieces: [(skip: Int, data: [UInt8])], at offset: Int, countsMap: Bool) {
    head(path, UInt8(ascii: "S"), 0)
    var map = FieldWriter()
    for piece in pieces {
      map.fixed(UInt32(piece.skip))
      map.fixed(UInt32(piece.data.count))
    }
    let data = pieces.flatMap(\.data)
    var writer = FieldWriter()
    writer.fixed(UInt32(pieces.count))
    writer.fixed(UInt64(data.count))
    writer.fixed(UInt64(offset))
    writer.fixed(CRC32.of(countsMap ? map.bytes + data : data))
    bytes += writer.bytes + map.bytes + data
  }

  mutating func end(_ path: String) { head(path, UInt8(ascii: "E"), 0) }

  mutating func head(_ path: String, _ kind: UInt8, _ flags: UInt8) {
    var writer = FieldWriter()
    writer.raw(XBStreamReader.magic)
    writer.fixed(flags)
    writer.fixed(kind)
    writer.fixed(UInt32(path.utf8.count))
    writer.raw(Array(path.utf8))
    bytes += writer.bytes
  }

  mutating func add(raw more: [UInt8]) { bytes += more }
}

/// A stream that was archived in memory.
struct ArchivedStream {
  enum Form { case file, tar, xbstream }

  let bytes: [UInt8]
  let report: TreeArchiverReport
  let summary: ArchiveSummary

  init(
    _ stream: [UInt8], _ form: Form, pieces: [Int] = [1 << 16], threads: Int = 1,
    options: (inout TreeArchiverOptions) -> Void = { _ in },
    _ configure: (inout ArchiveWriterOptions) -> Void = { _ in }
  ) throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output,
      .init {
        $0.isReproducible = true
        $0.codec = Store()
        $0.threads = threads
        configure(&$0)
      })
    let archiver = TreeArchiver(to: writer, TreeArchiverOptions(options))
    let source = PieceStream(stream, pieces)
    let time = Timestamp(seconds: 1_600_000_000)
    report =
      switch form {
      case .file: try archiver.archiveStream(Array("stream".utf8), modified: time, source)
      case .tar: try archiver.archiveTar(source)
      case .xbstream: try archiver.archiveXBStream(source, modified: time)
      }
    summary = try writer.finish()
    bytes = output.bytes
  }

  /// The entries by path, once the whole archive has been found sound.
  func entries() throws -> [String: ArchiveEntry] {
    let source = MemoryArchiveSource(bytes)
    let archive = try ArchiveReader(source)
    let check = try ArchiveVerifier(archive, source, .deep).run()
    #expect(check.problems == [])
    var entries: [String: ArchiveEntry] = [:]
    var cursor = archive.entries()
    while let entry = try cursor.next() { entries[String(decoding: entry.path, as: UTF8.self)] = entry }
    return entries
  }

  func content(_ path: String) throws -> [UInt8] {
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    return try archive.content(of: try #require(try archive.entry(at: Array(path.utf8))))
  }

  /// The chunks of a file: where each begins, and its length.
  func chunks(_ path: String) throws -> [(start: Int, length: Int)] {
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    let entry = try #require(try archive.entry(at: Array(path.utf8)))
    var lengths: [UInt64: Int] = [:]
    for number in 0..<archive.blocks.count {
      let block = try archive.openBlock(archive.blocks.record(number))
      for (index, chunk) in block.chunks.enumerated() {
        lengths[block.numbers.lowerBound + UInt64(index)] = chunk.length
      }
    }
    var (chunks, position): ([(start: Int, length: Int)], Int) = ([], 0)
    for case .chunks(_, let first, let count, _) in try archive.runs(of: entry) {
      for number in first..<(first + count) {
        let length = lengths[number] ?? 0
        chunks.append((position, length))
        position += length
      }
    }
    return chunks
  }

  /// The ids of all chunks, with their lengths.
  func ids() throws -> [SHA256Digest: Int] {
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    var ids: [SHA256Digest: Int] = [:]
    for number in 0..<archive.blocks.count {
      for chunk in try archive.openBlock(archive.blocks.record(number)).chunks { ids[chunk.id] = chunk.length }
    }
    return ids
  }

  var warnings: [String] { report.warnings.map { "\($0.kind) \(String(decoding: $0.path, as: UTF8.self))" } }
}

/// Database files as servers write them.
enum DatabaseFile {
  /// Pages of InnoDB, each with its number and an own content.
  static func innoDB(pages: Int, seed: UInt64, pageSize: Int = 16 << 10) -> [UInt8] {
    var bytes = SampleTree.bytes(pages * pageSize, seed)
    for page in 0..<pages {
      for (place, number) in [(4, page), (34, 77), (38, 77)] where place != 38 || page == 0 {
        for index in 0..<4 {
          bytes[page * pageSize + place + index] = UInt8(truncatingIfNeeded: number >> (8 * (3 - index)))
        }
      }
    }
    (bytes[24], bytes[25]) = (0, 8)
    return bytes
  }
}
