// SPDX-License-Identifier: Apache-2.0

/// Reads a source that can be read anywhere in order, from a position on.
struct SourceCursor<Source: RandomAccessSource>: ByteSource {
  private let source: Source
  private var position: UInt64

  init(_ source: Source, at position: UInt64) {
    self.source = source
    self.position = position
  }

  mutating func read(into room: inout OutputRawSpan) throws(Source.Failure) -> Int {
    let before = room.byteCount
    _ = try source.read(at: position, into: &room)
    let count = room.byteCount - before
    position += UInt64(count)
    return count
  }

  /// What is not there at once never comes.
  mutating func wouldWait() -> Bool { false }
}
