// SPDX-License-Identifier: Apache-2.0

/// Small archives with everything in them that an archive can have.
import ArchiveKit
import CodecKit
import SystemIO
import TestSupport

/// Archives in memory.
enum ArchiveSamples {
  /// A full archive with a small tree.
  static func full(_ codec: any Codec = Store(), version: Int = 0) throws -> [UInt8] {
    try written(codec, version: version, parent: nil).archive
  }

  /// A few names and nothing in them, so that most mutations meet the tree.
  static func small() throws -> [UInt8] {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output, .init { $0.codec = Store() })
    for path in ["a", "b", "b/c", "b/c/d", "e"] {
      try writer.add(ArchiveEntry(Array(path.utf8), path == "a" || path == "e" ? .fifo : .directory))
    }
    _ = try writer.finish()
    return output.bytes
  }

  /// What increments are made upon.
  static let base: [UInt8] = (try? full(Zstd())) ?? []

  /// Finds the base, also as damaged as an input says.
  static let finder = Finder(archives: [("base.cka", base)])

  /// An increment upon the base, and its index.
  static func increment(_ codec: any Codec = Store(), version: Int = 1) throws -> (archive: [UInt8], index: [UInt8]) {
    try written(codec, version: version, parent: try ArchiveReader(MemoryArchiveSource(base)))
  }

  /// Archives by name.
  struct Finder: AncestorFinder {
    let archives: [(name: String, bytes: [UInt8])]

    func find(
      _ ancestor: Ancestor, accept: (any ArchiveSource, String) throws(ArchiveError) -> Bool
    ) throws(ArchiveError) {
      for archive in archives {
        if try accept(MemoryArchiveSource(archive.bytes), archive.name) { return }
      }
    }
  }

  /// An entry.
  static func entry(_ path: String, _ kind: ArchiveEntry.Kind = .file, mode: UInt16 = 0o644) -> ArchiveEntry {
    var entry = ArchiveEntry(Array(path.utf8), kind)
    entry.mode = mode
    entry.modificationTime = Timestamp(seconds: 1_700_000_000, nanoseconds: 5)
    return entry
  }

  private static func written(
    _ codec: any Codec, version: Int, parent: ArchiveReader?
  ) throws -> (archive: [UInt8], index: [UInt8]) {
    let output = MemoryArchiveOutput()
    let index = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output, index: index,
      ArchiveWriterOptions {
        $0.codec = codec
        $0.isReproducible = true
        $0.created = Int64(version) * 1_000_000_000
        $0.blockSize = 64 << 10
        $0.cutSizes = CutSizes(minimum: 64, average: 256, maximum: 1024) ?? .standard
        $0.parent = parent
        $0.parentName = parent == nil ? "" : "base.cka"
        $0.fields = [.init(Superblock.Field.name, Array("sample".utf8))]
      })
    try writer.add(entry("", .directory, mode: 0o755))
    try writer.add(entry("d", .directory, mode: 0o750))
    var linked = entry("d/a")
    linked.linkGroup = .init(ordinal: 0, number: 1)
    linked.attributes = [ExtendedAttribute(name: Array("user.a".utf8), value: [1, 2])]
    try add(linked, Array("some text of version \(version)".utf8), writer)
    linked.path = Array("d/b".utf8)
    try writer.add(linked)
    var symbolic = entry("d/l", .symbolicLink)
    symbolic.target = Array("../x".utf8)
    try writer.add(symbolic)
    try add(entry("e"), [], writer)
    // Four kibibytes, of which versions share most.
    let shared = TestInputs.bytes(.random, 300) + Array("version \(version)".utf8) + TestInputs.bytes(.rows, 500)
    var holes = entry("h")
    holes.birthTime = Timestamp(seconds: 7)
    try writer.beginFile(holes)
    try append(shared, writer)
    try writer.append(hole: 10_000)
    try append(Array(shared.prefix(200)), writer)
    try writer.endFile(holes)
    try add(entry("n\(version)"), Array("new".utf8), writer)
    var device = entry("v", .blockDevice)
    device.device = (1, 2)
    try writer.add(device)
    _ = try writer.finish()
    return (output.bytes, index.bytes)
  }

  static func add(_ entry: ArchiveEntry, _ content: [UInt8], _ writer: ArchiveWriter, _ rule: CutRule = .contentDefined)
    throws(ArchiveError)
  {
    try writer.beginFile(entry)
    try append(content, writer, rule)
    try writer.endFile(entry)
  }

  static func append(_ content: [UInt8], _ writer: ArchiveWriter, _ rule: CutRule = .contentDefined)
    throws(ArchiveError)
  {
    var position = 0
    try writer.append(rule) { (room: inout OutputRawSpan) throws(ArchiveError) -> Int in
      let count = unsafe room.append(prefixOf: content.span.bytes.dropping(position))
      position += count
      return count
    }
  }
}
