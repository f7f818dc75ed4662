// SPDX-License-Identifier: Apache-2.0

/// The part of a stream that can still be looked at.
internal import CodecKit

/// Makes a stream readable by offset, as long as the offsets move on: what has been passed is forgotten.
///
/// One thread uses it, although sources may be used by several.
final class StreamWindow: ArchiveSource, @unchecked Sendable {
  /// A frame and what must be seen behind it fit; whoever reads farther ahead than this does not come back.
  private static let span = UInt64(FrameHeader.maximumStoredLength + (1 << 20))
  private static let pieceLength = 256 << 10

  private let stream: any ArchiveStream
  private var buffer = ByteBuffer()
  /// The offset of the first byte that is held.
  private var start: UInt64 = 0
  private var isAtEnd = false

  init(_ stream: any ArchiveStream) { self.stream = stream }

  private var end: UInt64 { start + UInt64(buffer.count) }

  /// How many bytes there are; more than any stream has until the end has been seen.
  var size: UInt64 { isAtEnd ? end : UInt64(Int64.max) }

  /// Forgets what lies before an offset.
  func release(before offset: UInt64) {
    guard offset > start else { return }
    let count = min(offset - start, UInt64(buffer.count))
    buffer.removeFirst(Int(count))
    start += count
  }

  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    if offset > start + Self.span { release(before: offset) }
    let wanted = UInt64(room.freeCapacity)
    while end < offset + wanted, !isAtEnd {
      // A jump over bytes that nobody wants.
      if offset >= end { release(before: end) }
      try fill()
      if end > offset, end - offset >= UInt64(Self.pieceLength) { break }
    }
    guard offset >= start, offset < end else { return 0 }
    let from = Int(offset - start)
    return buffer.lend { buffer in
      let count = min(buffer.count - from, room.freeCapacity)
      return room.append(prefixOf: buffer.bytes.extracting(from..<(from + count)))
    }
  }

  private func fill() throws(ArchiveError) {
    let stream = stream
    let count = try buffer.lend { (buffer: inout ByteBuffer) throws(ArchiveError) -> Int in
      buffer.reserve(Self.pieceLength)
      var room = buffer.room(atMost: Self.pieceLength)
      let count = try stream.read(into: &room)
      buffer.didAppend(count)
      return count
    }
    if count == 0 { isAtEnd = true }
  }
}
