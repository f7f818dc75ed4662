// SPDX-License-Identifier: Apache-2.0

/// A stream that can be looked at before its bytes are taken.
internal import CodecKit
internal import SystemIO

/// Delivers the bytes of a stream, and lets the next ones be looked at.
final class StreamInput {
  private static let pieceLength = 64 << 10

  private let stream: any ArchiveStream
  private var buffer = ByteBuffer()
  private var isAtEnd = false
  /// How many bytes have been taken.
  private(set) var offset: UInt64 = 0
  /// What has been taken since recording began.
  private(set) var recorded: [UInt8] = []
  /// Whether what is taken as an array is kept.
  private let records: Bool

  /// - Parameters:
  ///   - stream: where the bytes come from.
  ///   - records: whether bytes that are taken as an array are kept until they are forgotten.
  init(_ stream: any ArchiveStream, records: Bool = false) {
    self.stream = stream
    self.records = records
  }

  /// Sees to it that so many bytes can be looked at, or all there are.
  ///
  /// - Returns: how many of them there are.
  @discardableResult
  func fill(_ count: Int) throws(ArchiveError) -> Int {
    let stream = stream
    while buffer.count < count, !isAtEnd {
      let wanted = max(count - buffer.count, Self.pieceLength)
      let read = try buffer.lend { (buffer: inout ByteBuffer) throws(ArchiveError) -> Int in
        buffer.reserve(wanted)
        var room = buffer.room(atMost: wanted)
        let read = try stream.read(into: &room)
        buffer.didAppend(read)
        return read
      }
      if read == 0 { isAtEnd = true }
    }
    return min(buffer.count, count)
  }

  /// The next bytes, fewer only at the end. They are not taken.
  func peek(_ count: Int) throws(ArchiveError) -> [UInt8] {
    let there = try fill(count)
    return buffer.lend { (buffer: inout ByteBuffer) in buffer.bytes.extracting(first: there).array }
  }

  /// Looks at the next bytes, fewer only at the end.
  func withBytes<Result>(_ count: Int, _ body: (RawSpan) -> Result) throws(ArchiveError) -> Result {
    let there = try fill(count)
    return buffer.lend { (buffer: inout ByteBuffer) in body(buffer.bytes.extracting(first: there)) }
  }

  /// Takes bytes, fewer only at the end.
  func take(_ count: Int) throws(ArchiveError) -> [UInt8] {
    let bytes = try peek(count)
    buffer.removeFirst(bytes.count)
    offset += UInt64(bytes.count)
    if records { recorded += bytes }
    return bytes
  }

  /// Forgets what was recorded.
  func forgetRecorded() { recorded.removeAll(keepingCapacity: true) }

  /// Takes bytes without recording them; what is in the buffer first.
  ///
  /// - Returns: how many were appended; 0 at the end only.
  func read(into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    let count: Int
    if buffer.isEmpty {
      count = isAtEnd ? 0 : try stream.read(into: &room)
      if count == 0 { isAtEnd = true }
    } else {
      count = buffer.lend { (buffer: inout ByteBuffer) in
        let count = room.append(prefixOf: buffer.bytes)
        buffer.removeFirst(count)
        return count
      }
    }
    offset += UInt64(count)
    return count
  }

  /// Passes over bytes.
  ///
  /// - Returns: how many there were.
  func skip(_ count: UInt64) throws(ArchiveError) -> UInt64 {
    var left = count
    while left > 0 {
      let there = try fill(Int(min(left, UInt64(Self.pieceLength))))
      if there == 0 { break }
      buffer.removeFirst(there)
      offset += UInt64(there)
      left -= UInt64(there)
    }
    return count - left
  }
}
