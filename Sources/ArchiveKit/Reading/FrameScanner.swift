// SPDX-License-Identifier: Apache-2.0

/// Walks the frames of an archive front to back, and finds the next one behind damage.
internal import CodecKit

/// What a walk over an archive meets.
enum ScannedFrame: Sendable {
  /// A sound frame, of a kind that is known.
  case frame(Frame)
  /// A sound frame that may be skipped.
  case unknown(FrameHeader)
  /// A frame whose header is sound and whose body is not.
  case damagedBody(FrameHeader, ArchiveError)
  /// Bytes that are no frame.
  case damage(Range<UInt64>, ArchiveError)
  /// The end of the archive.
  case footer(Footer)
}

/// Visits all frames in order.
struct FrameScanner {
  private let frames: FrameReader
  private let source: any ArchiveSource
  /// Where the next thing begins; nothing before it is read again.
  private(set) var offset = UInt64(Superblock.size)
  private var isAtEnd = false
  /// Bytes of damaged bodies that have been searched for frames. Headers that are sound and lie about what follows could
  /// have each byte read as often as there are such headers.
  private var searched: UInt64 = 0
  /// How many times the size of the archive is searched.
  private static let searches: UInt64 = 16
  /// How much is searched at once.
  private static let window = 1 << 20

  /// - Parameter tag: how frames of the archive begin.
  init(_ source: any ArchiveSource, tag: UInt64) {
    self.source = source
    frames = FrameReader(source: source, tag: tag)
  }

  /// The next thing; `nil` after the footer, or where the archive ends without one.
  ///
  /// - Throws: what reading throws, and what this version does not support.
  mutating func next() throws(ArchiveError) -> ScannedFrame? {
    guard !isAtEnd, offset < source.size else { return nil }
    let start = offset
    let header: FrameHeader
    do throws(ArchiveError) {
      if let footer = try footer(at: offset) {
        isAtEnd = true
        return .footer(footer)
      }
      header = try frames.header(at: offset)
    } catch {
      guard error.isDamage else { throw error }
      offset = try resume(after: start)
      return .damage(start..<offset, error)
    }
    do throws(ArchiveError) {
      guard let kind = try header.checkedKind() else {
        offset = min(header.end, source.size)
        return .unknown(header)
      }
      let body = try source.bytes(at: start + UInt64(FrameHeader.size), count: Int(header.storedLength))
      offset = min(header.end, source.size)
      return .frame(try frames.checked(Frame(header: header, kind: kind, body: body)))
    } catch {
      guard error.isDamage else { throw error }
      offset = min(header.end, source.size)
      // A length may be right and the body not there in full: what follows may then lie within.
      if let next = try? frames.header(at: offset), next.offset == offset { return .damagedBody(header, error) }
      if (try footer(at: offset)) != nil { return .damagedBody(header, error) }
      searched &+= UInt64(header.storedLength)
      if searched / Self.searches <= source.size { offset = try resume(after: start) }
      return .damagedBody(header, error)
    }
  }

  private func footer(at offset: UInt64) throws(ArchiveError) -> Footer? {
    let bytes = try source.bytes(at: offset, count: Footer.size)
    return Footer(decoding: bytes, at: offset)
  }

  /// The next place where a frame or the footer is known to be.
  private func resume(after start: UInt64) throws(ArchiveError) -> UInt64 {
    var tag = FieldWriter()
    tag.fixed(frames.tag)
    var place = start + 1
    while place < source.size {
      let bytes = try source.bytes(at: place, count: Self.window)
      let end = bytes.count - 8
      if end < 0 { break }
      for index in 0...end {
        let first = bytes[index]
        guard first == tag.bytes[0] || first == Footer.magic[0] else { continue }
        let eight = bytes[index..<(index + 8)]
        let found = place + UInt64(index)
        if eight.elementsEqual(tag.bytes), (try? frames.header(at: found)) != nil { return found }
        if eight.elementsEqual(Footer.magic), try footer(at: found) != nil { return found }
      }
      place += UInt64(end + 1)
    }
    return source.size
  }
}
