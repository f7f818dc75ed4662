// SPDX-License-Identifier: Apache-2.0

/// Gathers the small pieces of a tar archive, and counts.
internal import CodecKit

/// Writes to an output in pieces worth a call.
final class TarOutput {
  private static let pieceSize = 128 << 10

  private let output: any ArchiveOutput
  private var buffer = ByteBuffer()
  /// How many bytes have been given.
  private(set) var count: UInt64 = 0

  init(_ output: any ArchiveOutput) { self.output = output }

  func write(_ bytes: RawSpan) throws(ArchiveError) {
    count += UInt64(bytes.byteCount)
    if buffer.count + bytes.byteCount > Self.pieceSize { try flush() }
    if bytes.byteCount >= Self.pieceSize {
      try output.write(bytes)
    } else {
      buffer.append(bytes)
    }
  }

  func write(_ bytes: [UInt8]) throws(ArchiveError) { try unsafe write(bytes.span.bytes) }

  func write(zeros: UInt64) throws(ArchiveError) {
    let piece = [UInt8](repeating: 0, count: Int(min(zeros, 16 << 10)))
    var rest = zeros
    while rest > 0 {
      let length = Int(min(rest, UInt64(piece.count)))
      try unsafe write(piece.span.bytes.extracting(0..<length))
      rest -= UInt64(length)
    }
  }

  /// Fills up with zeros to a multiple of a size.
  func pad(to size: Int) throws(ArchiveError) {
    let rest = count % UInt64(size)
    if rest > 0 { try write(zeros: UInt64(size) - rest) }
  }

  func flush() throws(ArchiveError) {
    guard !buffer.isEmpty else { return }
    let output = output
    try buffer.lend { (bytes: inout ByteBuffer) throws(ArchiveError) in
      try output.write(bytes.bytes)
      bytes.removeAll()
    }
  }
}
