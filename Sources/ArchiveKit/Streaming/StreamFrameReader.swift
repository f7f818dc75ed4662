// SPDX-License-Identifier: Apache-2.0

/// Frames of a stream, front to back, with everything that can be checked of them at once.
internal import CodecKit

/// What comes next in a stream.
enum StreamItem: Sendable {
  /// A sound frame.
  case frame(Frame)
  /// Something is damaged or missing: a frame whose header is known, or bytes of which nothing is.
  case lost(FrameHeader?, ArchiveError)
  /// The end of the archive.
  case footer(Footer)
}

/// Reads the frames of a stream.
final class StreamFrameReader {
  /// What the archive says of itself.
  let superblock: Superblock
  /// Its bytes, to be compared with the copy at the end; `nil` when they were damaged.
  let superblockBytes: [UInt8]?
  /// Frames so far, skipped ones included.
  private(set) var frames: UInt64 = 0
  /// What has been lost so far; `nil` when nothing has been.
  private(set) var firstDamage: ArchiveError?

  private let window: StreamWindow
  private var scanner: FrameScanner
  private var layout = SHA256()
  /// A frame that was found where another number was expected.
  private var next: StreamItem?

  /// Reads the head.
  ///
  /// - Parameters:
  ///   - stream: the archive.
  ///   - passesOverDamage: whether a damaged head is replaced by what the first frame tells.
  init(_ stream: any ArchiveStream, passesOverDamage: Bool) throws(ArchiveError) {
    window = StreamWindow(stream)
    let bytes = try window.bytes(at: 0, count: Superblock.size)
    do throws(ArchiveError) {
      superblock = try Superblock(decoding: bytes)
      superblockBytes = bytes
    } catch {
      guard passesOverDamage, error.code == .checksumMismatch else { throw error }
      let first = try window.bytes(at: UInt64(Superblock.size), count: FrameHeader.size)
      guard let header = try? FrameHeader(first, at: UInt64(Superblock.size), tag: nil) else { throw error }
      var replacement = Superblock()
      replacement.tag = header.tag
      superblock = replacement
      superblockBytes = nil
      firstDamage = error
    }
    guard superblock.depth <= Ancestry.maximumDepth else {
      throw ArchiveError(.limitExceeded, "the archive has more ancestors than any may have")
    }
    guard !superblock.isDetachedIndex else {
      throw ArchiveError(
        .unsupportedFeature, "this is an index: names and digests are in it, the data is in the archive it belongs to")
    }
    guard !superblock.isMerged else {
      throw ArchiveError(
        .unsupportedFeature, "the archive was merged, and such can be extracted from a file, not from a pipe")
    }
    scanner = FrameScanner(window, tag: superblock.tag)
  }

  /// The digest over the headers of all frames so far.
  var layoutRoot: SHA256Digest { layout.value }

  /// Where the stream ends, once that has been seen.
  var end: UInt64 { window.size }

  /// What comes next; `nil` where the stream ends without a footer.
  ///
  /// - Throws: what reading throws, and what this version does not support.
  func read() throws(ArchiveError) -> StreamItem? {
    if let item = next.take() { return item }
    while true {
      window.release(before: scanner.offset)
      guard let item = try scanner.next() else { return nil }
      switch item {
      case .frame(let frame): return note(frame.header, .frame(frame))
      case .unknown(let header):
        if let item = note(header, nil) { return item }
      case .damagedBody(let header, let error):
        firstDamage = firstDamage ?? error
        return note(header, .lost(header, error))
      case .damage(_, let error):
        firstDamage = firstDamage ?? error
        return .lost(nil, error)
      case .footer(let footer): return .footer(footer)
      }
    }
  }

  /// Counts a frame.
  ///
  /// - Returns: the item, or what says that frames before it are missing; the item is then the next one.
  private func note(_ header: FrameHeader, _ item: StreamItem?) -> StreamItem? {
    layout.update(header.bytes)
    let expected = frames
    frames = header.number &+ 1
    guard header.number != expected, firstDamage == nil else { return item }
    let error = ArchiveError.corrupt("\(expected) frames come before frame \(header.number)", at: header.offset)
    firstDamage = error
    next = item
    return .lost(nil, error)
  }

  /// Reads what follows the archive to the end of the stream.
  ///
  /// - Parameter end: the offset behind the footer.
  /// - Returns: how many bytes there are, when they are not all zero; 0 otherwise.
  func trailingBytes(from end: UInt64) throws(ArchiveError) -> UInt64 {
    var offset = end
    var areZero = true
    while true {
      window.release(before: offset)
      let bytes = try window.bytes(at: offset, count: 64 << 10)
      if bytes.isEmpty { return areZero ? 0 : offset - end }
      areZero = areZero && bytes.allSatisfy { $0 == 0 }
      offset += UInt64(bytes.count)
    }
  }
}
