// SPDX-License-Identifier: Apache-2.0

/// Reads frames whose place is known, and checks them.
internal import CodecKit

/// A frame that is what its header says.
struct Frame: Sendable {
  var header: FrameHeader
  var kind: FrameKind
  var body: [UInt8]

  /// Where the body begins in the archive.
  var bodyOffset: UInt64 { header.offset + UInt64(FrameHeader.size) }
}

/// Reads frames of one archive.
struct FrameReader: Sendable {
  let source: any ArchiveSource
  let tag: UInt64

  /// Reads a header.
  func header(at offset: UInt64) throws(ArchiveError) -> FrameHeader {
    try parse(try source.bytes(at: offset, count: FrameHeader.size), at: offset)
  }

  /// Reads a frame.
  ///
  /// - Parameters:
  ///   - offset: where its header is.
  ///   - kind: what it must be.
  ///   - storedLength: the bytes of its body, where those are known: it is then read at once.
  ///   - ahead: bytes of the body that are read together with the header, where its length is only guessed.
  func frame(at offset: UInt64, _ kind: FrameKind, storedLength: UInt32? = nil, ahead: Int = 0) throws(ArchiveError)
    -> Frame
  {
    let known = storedLength.map { Int(min($0, UInt32(FrameHeader.maximumStoredLength))) }
    let first = try source.bytes(at: offset, count: FrameHeader.size + (known ?? ahead))
    let header = try parse(Array(first.prefix(FrameHeader.size)), at: offset)
    guard try header.checkedKind() == kind else {
      throw .corrupt("a frame has another type than is said of it", at: offset)
    }
    let length = Int(header.storedLength)
    if let known, known != length {
      throw .corrupt("a frame has another size than is said of it", at: offset)
    }
    let isRead = first.count - FrameHeader.size >= length || known != nil
    let body =
      isRead
      ? Array(first.dropFirst(FrameHeader.size).prefix(length))
      : try source.bytes(at: offset + UInt64(FrameHeader.size), count: length)
    return try checked(Frame(header: header, kind: kind, body: body))
  }

  /// Reads the copy of the superblock at the end of an archive.
  func superblockCopy(at offset: UInt64) throws(ArchiveError) -> Superblock {
    let frame = try frame(at: offset, .superblockCopy, ahead: Superblock.size)
    // Only a codec of the format itself can be known before the superblock is.
    return try Superblock(decoding: try PayloadUnpacker(Superblock(), .builtin).unpack(frame))
  }

  /// A frame whose body has been read.
  func checked(_ frame: Frame) throws(ArchiveError) -> Frame {
    guard frame.body.count == Int(frame.header.storedLength) else {
      throw ArchiveError(.truncated, "the archive ends inside a frame", offset: source.size)
    }
    guard XXH3.of(frame.body) == frame.header.bodyChecksum else {
      throw ArchiveError(.checksumMismatch, "a frame's body is not what its checksum says", offset: frame.bodyOffset)
    }
    return frame
  }

  private func parse(_ bytes: [UInt8], at offset: UInt64) throws(ArchiveError) -> FrameHeader {
    guard bytes.count == FrameHeader.size else {
      throw ArchiveError(.truncated, "the archive ends inside a frame", offset: offset + UInt64(bytes.count))
    }
    do throws(FrameHeader.Refusal) {
      return try FrameHeader(bytes, at: offset, tag: tag)
    } catch {
      switch error {
      case .notAFrame: throw .corrupt("there is no frame where one should be", at: offset)
      case .checksum:
        throw ArchiveError(.checksumMismatch, "a frame's header is not what its checksum says", offset: offset)
      case .elsewhere: throw .corrupt("a frame stands where it does not belong", at: offset)
      }
    }
  }
}
