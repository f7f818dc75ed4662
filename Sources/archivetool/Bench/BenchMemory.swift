// SPDX-License-Identifier: Apache-2.0

import CodecKit

// Memory as the ends of a pump: what is measured is the codec and its streaming, not a disk.

/// Reads memory from its beginning.
struct MemorySource: ByteSource, ~Copyable {
  private let bytes: [UInt8]
  private let stop: StopRequest
  private var position = 0

  init(_ bytes: [UInt8], _ stop: StopRequest) {
    self.bytes = bytes
    self.stop = stop
  }

  mutating func read(into room: inout OutputRawSpan) throws(Stopped) -> Int {
    if stop.isAsked { throw Stopped() }
    let count = unsafe room.append(prefixOf: bytes.span.bytes.dropping(position))
    position += count
    return count
  }

  /// More is there at once, or never.
  mutating func wouldWait() -> Bool { false }
}

/// Counts, and keeps nothing.
struct CountingSink: ByteSink {
  var count: UInt64 = 0

  mutating func write(_ bytes: RawSpan) throws(Stopped) { count += UInt64(bytes.byteCount) }
}

/// Keeps everything.
struct CollectingSink: ByteSink {
  var bytes: [UInt8] = []

  mutating func write(_ span: RawSpan) throws(Stopped) {
    unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }
}

/// Compares with what should come, and keeps nothing.
struct MatchingSink: ByteSink {
  private let expected: [UInt8]
  private var position = 0
  private var isSame = true

  init(_ expected: [UInt8]) { self.expected = expected }

  mutating func write(_ span: RawSpan) throws(Stopped) {
    let end = position + span.byteCount
    guard isSame, end <= expected.count else {
      isSame = false
      return
    }
    isSame = unsafe span.withUnsafeBytes { bytes in
      unsafe bytes.elementsEqual(expected[position..<end])
    }
    position = end
  }

  /// Whether everything came, and nothing else.
  var matches: Bool { isSame && position == expected.count }
}
