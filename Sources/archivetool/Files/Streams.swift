// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

// Files as the ends of a pump.

/// Reads a file from its present position, and computes a checksum of what it delivers when that is wanted.
struct FileSource: ByteSource, ~Copyable {
  private let file: FileHandle
  private var hash = XXH3Wide()
  private var isHashing = false

  init(_ file: consuming FileHandle) { self.file = file }

  mutating func read(into room: inout OutputRawSpan) throws(IOError) -> Int {
    let count = try file.read(into: &room)
    if isHashing { hash.update(room.bytes.extracting(last: count)) }
    return count
  }

  /// A pipe that is only being filled is given a moment, so that its reader is not made to hurry for each piece of it.
  mutating func wouldWait() -> Bool { !file.isReadable(within: 5) }

  /// Computes a checksum from here on.
  mutating func startHashing() { isHashing = true }

  /// The checksum since then.
  var hashValue: UInt128? { isHashing ? hash.value : nil }

  func status() throws(IOError) -> FileStatus { try file.status() }

  /// Passes over bytes: by seeking in a regular file, by reading elsewhere.
  ///
  /// - Parameters:
  ///   - count: how many bytes.
  ///   - size: the file's size, when it can be sought in.
  /// - Returns: how many bytes there were to pass over.
  mutating func skip(_ count: UInt64, size: UInt64?) throws(IOError) -> UInt64 {
    if let size {
      let position = UInt64(try file.seek(to: 0, from: .current))
      let skipped = min(count, size - min(size, position))
      try file.seek(to: Int64(position + skipped))
      return skipped
    }
    var bytes = [UInt8](repeating: 0, count: Int(min(count, 256 << 10)))
    var skipped: UInt64 = 0
    while skipped < count {
      if count - skipped < UInt64(bytes.count) { bytes.removeLast(bytes.count - Int(count - skipped)) }
      let filled = try fill(&bytes)
      skipped += UInt64(filled)
      if filled < bytes.count { break }
    }
    return skipped
  }
}

/// Takes everything and keeps nothing.
struct NullSink: ByteSink {
  mutating func write(_ bytes: RawSpan) throws(IOError) {}
}

/// Compares with a file, and keeps nothing.
struct ComparingSink: ByteSink, ~Copyable {
  private var file: FileSource
  private var buffer: [UInt8] = []
  private var isSameSoFar = true

  init(_ path: Path) throws(IOError) { file = FileSource(try FileHandle.open(path, .noFollow)) }

  mutating func write(_ bytes: RawSpan) throws(IOError) {
    guard isSameSoFar else { return }
    if buffer.count != bytes.byteCount { buffer = [UInt8](repeating: 0, count: bytes.byteCount) }
    let count = try file.fill(&buffer)
    let isEqual = unsafe bytes.withUnsafeBytes { unsafe buffer.elementsEqual($0) }
    isSameSoFar = isEqual && count == bytes.byteCount
  }

  /// Whether the file holds what was written, and nothing else.
  mutating func isSame() throws(IOError) -> Bool {
    guard isSameSoFar else { return false }
    var one: [UInt8] = [0]
    return try file.fill(&one) == 0
  }
}

/// Keeps a checksum only.
struct HashingSink: ByteSink, ~Copyable {
  var hash = XXH3Wide()

  mutating func write(_ bytes: RawSpan) throws(IOError) { hash.update(bytes) }
}
