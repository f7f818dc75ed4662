// SPDX-License-Identifier: Apache-2.0

/// Makes a tree of the bytes of an input, archives it and reads it.
import ArchiveKit
import CodecKit
import SystemIO

/// Whatever the tree, it comes out as it went in.
enum ArchiveRoundTrip {
  private struct File {
    var entry: ArchiveEntry
    var pieces: [Piece] = []
    var rule = CutRule.contentDefined
  }

  private enum Piece {
    case bytes([UInt8])
    case hole(UInt64)
  }

  private static let codecs: [any Codec] = [Store(), Zstd(), LZ4(), S2(), Snappy(), Gzip(), QuickLZ()]

  static func check(_ input: [UInt8]) throws {
    var choices = OptionBytes(input)
    let codec = choices.pick(codecs)
    let flags = choices.byte()
    let files = files(&choices)
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output,
      ArchiveWriterOptions {
        $0.codec = codec
        $0.isReproducible = flags & 1 == 0
        $0.blockSize = flags & 2 == 0 ? 64 << 10 : 1 << 20
        $0.threads = flags & 4 == 0 ? 1 : 3
        $0.cutSizes = CutSizes(minimum: 64, average: 256, maximum: 1024) ?? .standard
      })
    for file in files {
      guard file.entry.kind == .file else {
        try writer.add(file.entry)
        continue
      }
      try writer.beginFile(file.entry)
      for piece in file.pieces {
        switch piece {
        case .bytes(let bytes): try ArchiveSamples.append(bytes, writer, file.rule)
        case .hole(let length): try writer.append(hole: length)
        }
      }
      try writer.endFile(file.entry)
    }
    _ = try writer.finish()
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    let report = try ArchiveVerifier(archive, MemoryArchiveSource(output.bytes), .deep).run()
    try require(report.isSound, "what was written is damaged: \(report.problems)")
    let recovered = try ArchiveReader(recovering: MemoryArchiveSource(output.bytes))
    for reader in [archive, recovered] { try compare(reader, files) }
    let extracted = try ArchiveProbe.confined { target in
      try StreamExtractor(PieceStream(output.bytes, piece: 1 + flags * 200), into: target, ArchiveProbe.options(1))
        .run()
    }
    try require(extracted.files == UInt64(files.count { $0.entry.kind == .file }), "extracted: \(extracted)")
  }

  private static func compare(_ archive: ArchiveReader, _ files: [File]) throws {
    var cursor = archive.entries()
    for file in files {
      guard let entry = try cursor.next() else { throw Finding("entries are missing") }
      try require(entry.path == file.entry.path && entry.kind == file.entry.kind, "another entry")
      try require(entry.mode == file.entry.mode && entry.target == file.entry.target, "other metadata")
      guard entry.kind == .file else { continue }
      var content: [UInt8] = []
      for piece in file.pieces {
        switch piece {
        case .bytes(let bytes): content += bytes
        case .hole(let length): content += [UInt8](repeating: 0, count: Int(length))
        }
      }
      var found: [UInt8] = []
      try archive.read(entry) { (bytes: RawSpan) throws(ArchiveError) in found += bytes.array }
      try require(found == content, "other content")
    }
    try require(try cursor.next() == nil, "more entries than there were")
  }

  /// Entries in order, made of what is left of the input.
  private static func files(_ choices: inout OptionBytes) -> [File] {
    var files: [[UInt8]: File] = [:]
    var folders: [[UInt8]] = [[]]
    while !choices.rest.isEmpty, files.count < 40 {
      let flags = choices.byte()
      let folder = folders[choices.below(folders.count)]
      let name = choices.bytes(1 + flags >> 6).map { $0 == 0 || $0 == 47 || $0 == 46 ? UInt8(ascii: "x") : $0 }
      guard !name.isEmpty else { break }
      let path = folder.isEmpty ? name : folder + [47] + name
      guard files[path] == nil, path.count < 250 else { continue }
      var file = File(entry: ArchiveEntry(path, [.file, .file, .directory, .symbolicLink][flags & 3]))
      file.entry.mode = file.entry.kind == .directory ? 0o755 : UInt16(choices.byte()) | 0o400
      switch file.entry.kind {
      case .directory: folders.append(path)
      case .symbolicLink: file.entry.target = choices.bytes(3).map { $0 == 0 ? 1 : $0 } + [65]
      default:
        file.rule = [.contentDefined, .whole, .pages(size: 512)][flags >> 2 & 3 == 3 ? 0 : flags >> 2 & 3]
        for _ in 0..<(flags >> 4 & 3) {
          let size = choices.short() % 700
          if size % 5 == 4 { file.pieces.append(.hole(UInt64(size * 7))) }
          let bytes = choices.bytes(size)
          file.pieces.append(.bytes(RoundTripProbe.grown(bytes, size % 4)))
        }
      }
      files[path] = file
    }
    return files.values.sorted { EntryPath.precedes($0.entry.path, $1.entry.path) }
  }
}
