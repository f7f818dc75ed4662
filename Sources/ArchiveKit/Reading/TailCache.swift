// SPDX-License-Identifier: Apache-2.0

/// Reads the end of an archive once, because most of what finds things is there.
internal import CodecKit

/// A source whose last bytes are kept in memory after the first of them has been asked for.
final class TailCache: ArchiveSource {
  /// Directory and tables of an archive of up to a gigabyte or so lie in this.
  private static let length: UInt64 = 64 << 10

  private let source: any ArchiveSource
  private let start: UInt64
  private let tail = Guarded<MemoryArchiveSource?>(nil)

  init(_ source: any ArchiveSource) {
    self.source = source
    start = source.size > Self.length ? source.size - Self.length : 0
  }

  var size: UInt64 { source.size }

  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    guard offset >= start else { return try source.read(at: offset, into: &room) }
    return try kept().read(at: offset - start, into: &room)
  }

  private func kept() throws(ArchiveError) -> MemoryArchiveSource {
    if let known = tail.withLock({ $0 }) { return known }
    let bytes = MemoryArchiveSource(try source.bytes(at: start, count: Int(size - start)))
    tail.withLock { $0 = bytes }
    return bytes
  }
}
