// SPDX-License-Identifier: Apache-2.0

// Archives that no honest writer makes: every checksum and root is right, and a rule is broken.

import CodecKit
import SystemIO
import TestSupport

@testable import ArchiveKit

/// Parts of an archive, put together as they are.
struct ForgedArchive {
  /// A frame before the tables.
  struct Item {
    var kind: UInt8
    var codec: UInt8 = 0
    var flags: FrameHeader.Flags = []
    var rawLength: Int
    var count: Int
    var first: UInt64
    var body: [UInt8]
    /// Of the raw bytes, for blocks of the index.
    var digest = SHA256Digest.zero
  }

  var superblock = Superblock()
  var items: [Item] = []
  var leaves: [LeafRecord] = []
  var ids: [SHA256Digest] = []
  var dataBytes: UInt64 = 0
  private(set) var indexBlocks: UInt64 = 0

  // What is changed before the checksums are made.
  var editSuperblock: (inout [UInt8]) -> Void = { _ in }
  var editHeader: (inout FrameHeader) -> Void = { _ in }
  var editBlocks: (inout [BlockRecord]) -> Void = { _ in }
  var editIndex: (inout [IndexRecord]) -> Void = { _ in }
  var editFooter: (inout Footer) -> Void = { _ in }

  init() {
    superblock.tag = 0x1122_3344_5566_7788
    superblock.uuid = ArchiveUUID(high: 1, low: 2)
  }

  /// A tree of two files, a directory and a link, in one block.
  static func sample() -> ForgedArchive {
    var forged = ForgedArchive()
    let chunks = [content(100, 1), content(200, 2), content(300, 3)]
    forged.addBlock(chunks)
    var second = file("d/b", 500, [.chunks(ordinal: 0, first: 1, count: 2, length: 500)])
    var digest = ContentDigest()
    for chunk in chunks[1...] { digest.add(SHA256.hash(chunk), length: chunk.count) }
    second.digest = digest.value
    var link = ArchiveEntry(Array("d/link".utf8), .symbolicLink)
    link.target = Array("a".utf8)
    forged.addTree([
      ArchiveEntry(Array("d".utf8), .directory),
      file("d/a", 100, [.chunks(ordinal: 0, first: 0, count: 1, length: 100)]),
      second, link,
    ])
    forged.dataBytes = 600
    return forged
  }

  /// The same, with another tree over the same chunks.
  static func tree(_ entries: [ArchiveEntry], dataBytes: UInt64 = 0) -> ForgedArchive {
    var forged = ForgedArchive()
    forged.addBlock([content(100, 1), content(200, 2), content(300, 3)])
    forged.addTree(entries)
    forged.dataBytes = dataBytes
    return forged
  }

  static func content(_ count: Int, _ seed: UInt64) -> [UInt8] { SampleTree.bytes(count, seed) }

  static func file(_ path: String, _ size: UInt64, _ runs: [ContentRun] = []) -> ArchiveEntry {
    var entry = ArchiveEntry(Array(path.utf8), .file)
    entry.mode = 0o644
    entry.size = size
    entry.content = .runs(runs)
    return entry
  }

  mutating func addBlock(
    _ chunks: [[UInt8]], codec: UInt8 = 0, payload: [UInt8]? = nil, rawLength: Int? = nil, lengths: [Int]? = nil
  ) {
    var table = FieldWriter()
    let first = UInt64(ids.count)
    for (index, chunk) in chunks.enumerated() {
      table.varint(lengths?[index] ?? chunk.count)
      let id = SHA256.hash(chunk)
      table.digest(id)
      ids.append(id)
    }
    let raw = Array(chunks.joined())
    items.append(
      Item(
        kind: FrameKind.data.rawValue, codec: codec, rawLength: rawLength ?? raw.count, count: chunks.count,
        first: first, body: table.bytes + (payload ?? raw)))
  }

  static func encoded(_ entries: [ArchiveEntry]) -> [UInt8] {
    var encoder = TreeBlockEncoder()
    for entry in entries { encoder.add(entry) }
    return encoder.bytes
  }

  mutating func addTree(_ entries: [ArchiveEntry], separator: String = "") {
    addTree(raw: Self.encoded(entries), count: entries.count, separator: separator)
  }

  mutating func addTree(raw: [UInt8], count: Int, separator: String = "") {
    let block = addIndex(.tree, raw, count: count)
    leaves.append(
      LeafRecord(
        separator: Array(separator.utf8), entries: UInt64(count), ordinal: 0, block: block, digest: SHA256.hash(raw)))
  }

  @discardableResult
  mutating func addIndex(_ kind: FrameKind, _ raw: [UInt8], count: Int) -> UInt64 {
    items.append(
      Item(
        kind: kind.rawValue, rawLength: raw.count, count: count, first: indexBlocks, body: raw,
        digest: SHA256.hash(raw)))
    indexBlocks += 1
    return indexBlocks - 1
  }

  mutating func addMap(_ runs: [ContentRun], length: UInt64? = nil) -> MapReference {
    let raw = MapBlock.encode(runs)
    let block = addIndex(.map, raw, count: runs.count)
    return MapReference(
      ordinal: 0, block: block, length: length ?? runs.reduce(0) { $0 + $1.length }, digest: SHA256.hash(raw))
  }

  mutating func addFrame(kind: UInt8, flags: FrameHeader.Flags = [], _ body: [UInt8]) {
    items.append(Item(kind: kind, flags: flags, rawLength: body.count, count: 1, first: 0, body: body))
  }

  // MARK: - Assembly

  /// The archive.
  func bytes() throws -> [UInt8] {
    var head = try superblock.encoded()
    editSuperblock(&head)
    var sum = FieldWriter()
    sum.fixed(XXH3.of(Array(head[..<4088])))
    head.replaceSubrange(4088..., with: sum.bytes)
    var writer = Assembly(bytes: head, tag: superblock.tag, edit: editHeader)
    var blocks: [BlockRecord] = []
    var index: [IndexRecord] = []
    var footer = Footer()
    for item in items {
      let offset = UInt64(writer.bytes.count)
      writer.add(item)
      let (stored, raw) = (UInt32(item.body.count), UInt32(item.rawLength))
      switch FrameKind(rawValue: item.kind) {
      case .data:
        blocks.append(BlockRecord(offset: offset, firstChunk: item.first, storedLength: stored, rawLength: raw))
        footer.storedBytes += UInt64(stored)
        footer.rawBytes += UInt64(raw)
      case .tree, .map, .stamps:
        index.append(IndexRecord(offset: offset, storedLength: stored, rawLength: raw, digest: item.digest))
      default: break
      }
    }
    editBlocks(&blocks)
    editIndex(&index)
    var directory = FieldWriter()
    for leaf in leaves { leaf.write(to: &directory) }
    footer.directory = writer.add(.directory, directory.bytes, count: leaves.count)
    var table = FieldWriter()
    for id in ids { table.digest(id) }
    footer.ids = writer.add(.ids, table.bytes, count: ids.count)
    var root = ContentRoot(parent: superblock.parentRoot, chunks: UInt64(ids.count))
    if !ids.isEmpty { root.addIDs(table.bytes) }
    footer.contentRoot = root.finish(directory: SHA256.hash(directory.bytes))
    table = FieldWriter()
    for record in blocks { record.write(to: &table) }
    footer.blocks = writer.add(.blocks, table.bytes, count: blocks.count)
    table = FieldWriter()
    for record in index { record.write(to: &table) }
    footer.index = writer.add(.index, table.bytes, count: index.count)
    footer.superblockCopy = UInt64(writer.bytes.count)
    _ = writer.add(.superblockCopy, head, count: 1)
    footer.tag = superblock.tag
    footer.uuid = superblock.uuid
    footer.depth = superblock.depth
    footer.offset = UInt64(writer.bytes.count)
    footer.frames = writer.frames
    footer.entries = leaves.reduce(0) { $0 &+ $1.entries }
    footer.chunks = UInt64(ids.count)
    footer.dataBytes = dataBytes
    footer.layoutRoot = writer.layout.finish()
    editFooter(&footer)
    return writer.bytes + footer.encoded()
  }

  /// Frames, one behind the other.
  private struct Assembly {
    var bytes: [UInt8]
    let tag: UInt64
    let edit: (inout FrameHeader) -> Void
    var frames: UInt64 = 0
    var layout = HeaderDigest()

    mutating func add(_ item: Item) {
      var header = FrameHeader(
        tag: tag, kind: item.kind, codec: item.codec, flags: item.flags, storedLength: UInt32(item.body.count),
        rawLength: UInt32(item.rawLength), count: UInt32(item.count), number: frames, offset: UInt64(bytes.count),
        first: item.first, bodyChecksum: XXH3.of(item.body))
      edit(&header)
      layout.bytes += header.bytes
      bytes += header.bytes + item.body
      frames += 1
    }

    mutating func add(_ kind: FrameKind, _ body: [UInt8], count: Int) -> Footer.Run {
      let start = UInt64(bytes.count)
      if count > 0 { add(Item(kind: kind.rawValue, rawLength: body.count, count: count, first: 0, body: body)) }
      return Footer.Run(offset: start, length: UInt64(bytes.count) - start)
    }
  }

  /// The headers of all frames.
  struct HeaderDigest {
    var bytes: [UInt8] = []
    func finish() -> SHA256Digest { SHA256.hash(bytes) }
  }
}
