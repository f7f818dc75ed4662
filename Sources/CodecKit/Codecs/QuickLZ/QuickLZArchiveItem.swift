// SPDX-License-Identifier: Apache-2.0

/// What stands at a place of a qpress archive.
enum QuickLZArchiveItem: Hashable, Sendable {
  /// The beginning of the archive: how large blocks may be.
  case header(chunkSize: Int)
  /// What follows lies in a directory.
  case directory(name: [UInt8])
  /// The directory ends.
  case up
  /// What follows is a file's blocks.
  case file(name: [UInt8])
  /// Some content of a file: where it belongs, the checksum of its packet, and the packet's header.
  case block(position: UInt64, checksum: UInt32, packet: QuickLZHeader)
  /// The file ends.
  case trailer
}

/// What may stand at a place of a qpress archive.
enum QuickLZArchivePlace: Hashable, Sendable {
  /// The header of the archive.
  case start
  /// A file, a directory, or the end of one.
  case entry
  /// A block, or the end of the file.
  case block
}

/// How far the item at a place reaches.
enum QuickLZArchiveExtent: Hashable, Sendable {
  /// So many bytes must be seen to tell.
  case unknown(needed: Int)
  /// It is known, and takes so many bytes; they need not all have been seen when it is a block.
  case known(QuickLZArchiveItem, length: Int)
}

/// The form of qpress archives.
enum QuickLZArchiveFormat {
  static let magic = Array("qpress10".utf8)
  static let blockMarker = Array("NEWBNEWB".utf8)
  static let trailerMarker = Array("ENDSENDS".utf8)
  static let headerSize = 16
  static let trailerSize = 16
  /// What stands before the packet of a block: marker, position and checksum.
  static let blockHeaderSize = 20
  /// Where the checksum stands in it.
  static let checksumOffset = 16
  static let largestChunk = 512 << 20
  static let longestName = 65535
  /// How long the names of directories inside each other may be in all: more is an attack.
  static let longestPath = 1 << 20
  /// No writer makes a packet that is so much longer than the chunk size.
  static let packetSlack = 400

  /// Finds out what stands at the front of some bytes, without looking at the content of a block.
  ///
  /// - Parameters:
  ///   - front: the archive from a place on.
  ///   - place: what may stand there.
  ///   - chunkSize: what the header says; of no use before it.
  static func extent(
    of front: RawSpan, at place: QuickLZArchivePlace, chunkSize: Int
  ) throws(QuickLZFault) -> QuickLZArchiveExtent {
    switch place {
    case .start: try header(front)
    case .entry: try entry(front)
    case .block: try block(front, chunkSize)
    }
  }

  /// The fault of an archive that ends before the item at a place does.
  static func cut(_ front: RawSpan, at place: QuickLZArchivePlace) -> QuickLZFault {
    switch place {
    case .start: .truncatedArchive
    case .entry: .truncatedEntry
    case .block:
      if front.byteCount < 8 {
        .truncatedEntry
      } else if front.byte(at: 0) == trailerMarker[0] {
        .truncatedTrailer
      } else {
        front.byteCount < blockHeaderSize ? .truncatedBlock : .truncatedPacket
      }
    }
  }

  /// Whether a name, which may be a path, stays below the place where it is put.
  static func isSafe(_ name: [UInt8]) -> Bool {
    name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { component in
      !component.isEmpty && !component.elementsEqual(".".utf8) && !component.elementsEqual("..".utf8)
    }
  }

  /// Where the next block or end of a file seems to begin: 0 when it is here, else how many bytes come before it or, when
  /// there is none, how many cannot belong to one; -1 when there are too few bytes to tell.
  static func nextMarker(_ front: RawSpan) -> Int {
    guard front.byteCount >= trailerSize else { return -1 }
    for offset in 0...front.byteCount - trailerSize {
      let first = front.byte(at: offset)
      guard first == blockMarker[0] || first == trailerMarker[0] else { continue }
      let rest = front.dropping(offset)
      if begins(rest, blockMarker, 8) { return offset }
      // Every known writer puts zeros behind it; in the middle of damage that is worth asking for.
      if begins(rest, trailerMarker, 8), rest.uint64(at: 8) == 0 { return offset }
    }
    return front.byteCount - trailerSize + 1
  }

  /// Whether a block or the end of a file seems to begin here; 8 bytes are needed.
  static func beginsWithMarker(_ front: RawSpan) -> Bool {
    begins(front, blockMarker, 8) || begins(front, trailerMarker, 8)
  }

  private static func begins(_ front: RawSpan, _ bytes: [UInt8], _ count: Int) -> Bool {
    (0..<count).allSatisfy { front.byte(at: $0) == bytes[$0] }
  }

  private static func header(_ front: RawSpan) throws(QuickLZFault) -> QuickLZArchiveExtent {
    guard front.byteCount >= headerSize else { return .unknown(needed: headerSize) }
    guard begins(front, magic, 6) else { throw .badMagic }
    // The last character is a minor version, which nobody looks at.
    guard front.byte(at: 6) == magic[6] else { throw .badVersion }
    let chunkSize = front.uint64(at: 8)
    guard chunkSize > 0, chunkSize <= UInt64(largestChunk) else { throw .badChunkSize }
    return .known(.header(chunkSize: Int(chunkSize)), length: headerSize)
  }

  private static func entry(_ front: RawSpan) throws(QuickLZFault) -> QuickLZArchiveExtent {
    guard front.byteCount >= 1 else { return .unknown(needed: 1) }
    let tag = front.byte(at: 0)
    if tag == UInt8(ascii: "U") { return .known(.up, length: 1) }
    guard tag == UInt8(ascii: "D") || tag == UInt8(ascii: "F") else { throw .badEntryTag }
    guard front.byteCount >= 5 else { return .unknown(needed: 5) }
    let count = Int(front.uint32(at: 1))
    guard (1...longestName).contains(count) else { throw .badName }
    let length = 5 + count + 1
    guard front.byteCount >= length else { return .unknown(needed: length) }
    let name = front.extracting(5..<5 + count).array
    guard !name.contains(0), front.byte(at: length - 1) == 0 else { throw .badName }
    return .known(tag == UInt8(ascii: "D") ? .directory(name: name) : .file(name: name), length: length)
  }

  private static func block(_ front: RawSpan, _ chunkSize: Int) throws(QuickLZFault) -> QuickLZArchiveExtent {
    guard front.byteCount >= 8 else { return .unknown(needed: 8) }
    if begins(front, trailerMarker, 8) {
      guard front.byteCount >= trailerSize else { return .unknown(needed: trailerSize) }
      return .known(.trailer, length: trailerSize)
    }
    guard begins(front, blockMarker, 8) else { throw .badBlockMarker }
    guard front.byteCount > blockHeaderSize else { return .unknown(needed: blockHeaderSize + 1) }
    let packet = front.dropping(blockHeaderSize)
    let needed = QuickLZHeader.size(firstByte: packet.byte(at: 0))
    guard packet.byteCount >= needed else { return .unknown(needed: blockHeaderSize + needed) }
    let header = try QuickLZHeader(packet)
    guard header.streamingBits == 0 else { throw .streamingPacket }
    guard header.contentSize <= chunkSize, header.packetSize <= chunkSize + packetSlack else { throw .blockTooBig }
    return .known(
      .block(position: front.uint64(at: 8), checksum: front.uint32(at: checksumOffset), packet: header),
      length: blockHeaderSize + header.packetSize)
  }
}
