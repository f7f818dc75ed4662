// SPDX-License-Identifier: Apache-2.0

// An archive as a list of entries, decoded without the reader.
import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// A tree that was archived in memory, unpacked to entries and bytes.
struct WrittenTree {
  let report: TreeArchiverReport
  private(set) var entries: [ArchiveEntry] = []
  private(set) var stamps: [Stamp] = []
  private var chunks: [[UInt8]] = []

  /// Archives what is in a folder.
  init(
    _ roots: [Path], from base: Path? = nil, clock: Timestamp? = nil,
    _ configure: (inout TreeArchiverOptions) -> Void = { _ in }
  ) throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output, .init { $0.codec = Store() })
    let archiver = TreeArchiver(to: writer, TreeArchiverOptions(configure))
    if let clock { archiver.clock = { clock } }
    report = try archiver.archive(roots, from: base)
    _ = try writer.finish()
    try decode(output.bytes)
  }

  /// Decodes an archive whose frames are all stored.
  init(_ bytes: [UInt8], _ report: TreeArchiverReport) throws {
    self.report = report
    try decode(bytes)
  }

  private mutating func decode(_ bytes: [UInt8]) throws {
    var offset = 4096
    while offset < bytes.count - Footer.size {
      let header = try FrameHeader(Array(bytes[offset..<(offset + 64)]), at: UInt64(offset), tag: nil)
      let body = Array(bytes[(offset + 64)..<(offset + 64 + Int(header.storedLength))])
      offset += 64 + body.count
      switch FrameKind(rawValue: header.kind) {
      case .data:
        var reader = FieldReader(body)
        var lengths: [Int] = []
        for _ in 0..<header.count {
          lengths.append(Int(try reader.varint()))
          _ = try reader.digest()
        }
        var position = reader.position
        for length in lengths {
          chunks.append(Array(body[position..<(position + length)]))
          position += length
        }
      case .tree:
        var decoder = TreeBlockDecoder(body, depth: 0)
        while let entry = try decoder.next() {
          if let last = entries.last { #expect(EntryPath.precedes(last.path, entry.path)) }
          entries.append(entry)
        }
      case .stamps:
        var reader = FieldReader(body)
        for _ in 0..<header.count {
          stamps.append(
            Stamp(inode: try reader.fixed(), seconds: try reader.fixed(), nanoseconds: try reader.fixed()))
        }
      default: break
      }
    }
  }

  /// The paths, in the order of the archive.
  var paths: [String] { entries.map { String(decoding: $0.path, as: UTF8.self) } }

  subscript(_ path: String) -> ArchiveEntry? { entries.first { $0.path == Array(path.utf8) } }

  /// The runs of a file.
  func runs(_ path: String) -> [ContentRun] {
    guard case .runs(let runs) = self[path]?.content else { return [] }
    return runs
  }

  /// The bytes of a file, holes as zeros.
  func content(_ path: String) -> [UInt8] {
    runs(path).flatMap { (run: ContentRun) -> [UInt8] in
      switch run {
      case .hole(let length): [UInt8](repeating: 0, count: Int(length))
      case .chunks(_, let first, let count, _): chunks[Int(first)..<Int(first + count)].flatMap { $0 }
      }
    }
  }

  /// The lengths of the chunks of a file.
  func chunkLengths(_ path: String) -> [Int] {
    runs(path).flatMap { (run: ContentRun) -> [Int] in
      guard case .chunks(_, let first, let count, _) = run else { return [] }
      return chunks[Int(first)..<Int(first + count)].map { $0.count }
    }
  }

  /// The warnings as `kind path`.
  var warnings: [String] { report.warnings.map { "\($0.kind) \(String(decoding: $0.path, as: UTF8.self))" } }
}
