// SPDX-License-Identifier: Apache-2.0

/// What is left of an archive whose writer did not get to the end, for a writer that goes on with it.
public import CodecKit

/// The sound beginning of an archive without an end.
///
/// What stands in its tree serves like that of a parent: entries that have not changed are taken over, and chunks that
/// are there are not stored again.
public struct UnfinishedArchive: Sendable {
  /// What the archive says of itself.
  public let superblock: Superblock
  /// The bytes that are kept. What lies behind them must be cut off before a writer goes on.
  public let length: UInt64

  /// Its tree as far as it goes.
  let reader: ArchiveReader
  /// The headers of all frames.
  let headers: [FrameHeader]
  /// The file that was being read at the last checkpoint, with its content until then.
  let openFile: ArchiveEntry?

  /// Reads what is there.
  ///
  /// - Parameters:
  ///   - source: the bytes.
  ///   - ancestors: where the archives are that it is made upon.
  ///   - registry: where codecs are found.
  /// - Returns: `nil` when there is nothing that would be worth going on with.
  /// - Throws: what reading throws.
  public init?(
    _ source: some ArchiveSource, ancestors: (any AncestorFinder)? = nil, registry: CodecRegistry = .builtin
  ) throws(ArchiveError) {
    guard source.size > UInt64(Superblock.size),
      let superblock = try? Superblock(decoding: try source.bytes(at: 0, count: Superblock.size))
    else { return nil }
    self.superblock = superblock
    let (headers, end) = try Self.content(source, superblock)
    guard headers.contains(where: { $0.kind == FrameKind.data.rawValue }) else { return nil }
    self.headers = headers
    length = end
    let kept = ArchiveBeginning(source: source, size: end)
    reader = try ArchiveReader(recovering: kept, ancestors: ancestors, registry: registry)
    var decoder = reader.loose.values.first.map { TreeBlockDecoder($0, depth: superblock.depth) }
    openFile = try decoder?.next()
  }

  /// The frames of content before the first thing that is none.
  private static func content(
    _ source: some ArchiveSource, _ superblock: Superblock
  ) throws(ArchiveError) -> (headers: [FrameHeader], end: UInt64) {
    var scanner = FrameScanner(source, tag: superblock.tag)
    var headers: [FrameHeader] = []
    var end = UInt64(Superblock.size)
    scan: while let item = try scanner.next() {
      guard case .frame(let frame) = item, frame.header.number == UInt64(headers.count) else { break }
      switch frame.kind {
      case .data, .tree, .map, .stamps, .checkpoint, .ancestry, .note: break
      case .directory, .ids, .blocks, .index, .residence, .superblockCopy: break scan
      }
      headers.append(frame.header)
      end = frame.header.end
    }
    return (headers, end)
  }

  /// Its superblock, if options that would give another one are the same otherwise.
  func superblock(insteadOf fresh: Superblock) throws(ArchiveError) -> Superblock {
    var (old, new) = (superblock, fresh)
    // An update of the program, and the time, make no difference.
    old.fields.removeAll { $0.type == Superblock.Field.program }
    new.fields.removeAll { $0.type == Superblock.Field.program }
    (new.uuid, new.tag, new.created) = (old.uuid, old.tag, old.created)
    guard old == new else {
      throw ArchiveError(
        .invalidOption, "what is left of the earlier attempt was begun with other options, or upon another parent")
    }
    return superblock
  }

  /// Visits the blocks of the index that are there.
  func forEachIndexBlock(
    _ body: ((description: FrameDescription, body: [UInt8]), SHA256Digest) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    for header in headers {
      guard let kind = FrameKind(rawValue: header.kind), kind.isIndexBlock else { continue }
      let frame = try reader.frames.frame(at: header.offset, kind, storedLength: header.storedLength)
      let description = FrameDescription(
        kind: kind, codec: header.codec, flags: header.flags, rawLength: Int(header.rawLength),
        count: Int(header.count), first: header.first)
      try body((description, frame.body), try reader.index.record(header.first).digest)
    }
  }

  /// The lengths of chunks, of this archive or one below it.
  func lengths(_ ordinal: UInt32, _ chunks: Range<UInt64>) throws(ArchiveError) -> [Int] {
    let member = try reader.member(ordinal)
    var lengths: [Int] = []
    var (number, record) = try member.block(ofChunk: chunks.lowerBound)
    while true {
      let block = try member.openBlock(record)
      for chunk in chunks.clamped(to: block.numbers) {
        lengths.append(block.chunks[Int(chunk - block.numbers.lowerBound)].length)
      }
      if block.numbers.upperBound >= chunks.upperBound { return lengths }
      number += 1
      record = try member.blocks.record(number)
    }
  }
}

/// The first bytes of a source.
private struct ArchiveBeginning: ArchiveSource {
  let source: any ArchiveSource
  let size: UInt64

  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    guard offset < size else { return 0 }
    let bytes = try source.bytes(at: offset, count: Int(min(size - offset, UInt64(room.freeCapacity))))
    return unsafe room.append(prefixOf: bytes.span.bytes)
  }
}
