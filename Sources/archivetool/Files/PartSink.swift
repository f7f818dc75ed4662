// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

/// Lets a part of what is written through: from an offset, for a length.
struct PartSink: ByteSink, ~Copyable {
  /// Why a pump into a part stops: an error, or that the part is complete.
  typealias Failure = IOError

  private var base: OutputSink
  private var skip: UInt64
  private var rest: UInt64?

  init(_ base: consuming OutputSink, offset: UInt64, length: UInt64?) {
    self.base = base
    skip = offset
    rest = length
  }

  /// Whether all of the part has been written, and that is why writing stopped.
  private(set) var isComplete = false

  mutating func write(_ bytes: RawSpan) throws(IOError) {
    let skipped = Int(min(skip, UInt64(bytes.byteCount)))
    skip -= UInt64(skipped)
    var part = bytes.extracting(last: bytes.byteCount - skipped)
    if let rest { part = part.extracting(first: Int(min(rest, UInt64(part.byteCount)))) }
    if part.byteCount > 0 { try base.write(part) }
    guard let rest else { return }
    self.rest = rest - UInt64(part.byteCount)
    // The end of the part ends the pump; nobody needs the rest decoded.
    isComplete = self.rest == 0
    if isComplete { throw IOError("go on", errno: .noData) }
  }

  consuming func finish() throws(IOError) {
    _ = try base.finish(replacing: false, attributes: FileAttributes(), sync: false)
  }
}
