// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

// Files as the ends of a pump.

/// Reads a file from its present position, and computes a checksum of what it delivers when that is wanted.
struct FileSource: ByteSource, ~Copyable {
  private let file: FileHandle
  private var hash: XXH3Wide?

  init(_ file: consuming FileHandle) { self.file = file }

  mutating func read(into room: inout OutputRawSpan) throws(IOError) -> Int {
    let count = try file.read(into: &room)
    hash?.update(room.bytes.extracting(last: count))
    return count
  }

  /// Computes a checksum from here on.
  mutating func startHashing() { hash = XXH3Wide() }

  /// The checksum since then.
  var hashValue: UInt128? { hash?.value }

  func status() throws(IOError) -> FileStatus { try file.status() }
}

/// Takes everything and keeps nothing.
struct NullSink: ByteSink {
  mutating func write(_ bytes: RawSpan) throws(IOError) {}
}

/// Keeps a checksum only.
struct HashingSink: ByteSink, ~Copyable {
  var hash = XXH3Wide()

  mutating func write(_ bytes: RawSpan) throws(IOError) { hash.update(bytes) }
}
