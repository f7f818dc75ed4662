// SPDX-License-Identifier: Apache-2.0

/// Sources and sinks in memory, with bounds.
import ArchiveKit
import CodecKit

/// A compressed file in memory.
final class MemoryFile: RandomAccessSource {
  private let bytes: [UInt8]
  private let piece: Int

  init(_ bytes: [UInt8], piece: Int = .max) {
    self.bytes = bytes
    self.piece = piece
  }

  var size: UInt64 { UInt64(bytes.count) }

  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(Never) -> Int {
    guard offset < size else { return 0 }
    let count = min(bytes.count - Int(offset), piece)
    let bytes = bytes
    let span = bytes.span
    return unsafe room.append(prefixOf: span.bytes.extracting(Int(offset)..<Int(offset) + count))
  }
}

/// Takes what comes, up to a bound that nothing may pass.
struct BoundedSink: ByteSink {
  private(set) var bytes: [UInt8] = []
  private(set) var isOverrun = false
  let bound: Int

  init(bound: Int) { self.bound = bound }

  mutating func write(_ span: RawSpan) throws(Never) {
    guard span.byteCount <= bound - bytes.count else {
      isOverrun = true
      return
    }
    bytes += span.array
  }
}

/// An archive that is written to memory, up to a bound; then it is refused as by a full disk.
final class BoundedOutput: ArchiveOutput {
  private(set) var bytes: [UInt8] = []
  private let bound: Int

  init(bound: Int = 4 << 20) { self.bound = bound }

  func write(_ more: RawSpan) throws(ArchiveError) {
    guard more.byteCount <= bound - bytes.count else { throw ArchiveError(.cancelled, "enough") }
    bytes += more.array
  }
}

/// An archive, or another stream, that comes in pieces.
final class PieceStream: ArchiveStream {
  private let bytes: [UInt8]
  private let piece: Int
  private var position = 0

  init(_ bytes: [UInt8], piece: Int = .max) {
    self.bytes = bytes
    self.piece = max(1, piece)
  }

  func read(into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    let count = min(piece, bytes.count - position)
    let bytes = bytes
    let span = bytes.span
    let taken = unsafe room.append(prefixOf: span.bytes.extracting(position..<position + count))
    position += taken
    return taken
  }
}
