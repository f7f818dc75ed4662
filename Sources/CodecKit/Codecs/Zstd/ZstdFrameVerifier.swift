// SPDX-License-Identifier: Apache-2.0

/// Decodes what was just written and compares it with the input, in a small buffer that is used again and again.
final class ZstdFrameVerifier {
  private let context: ZstdDecompressionContext
  private var buffer = ByteBuffer()

  private static let bufferSize = 128 << 10

  init(dictionary: CodecDictionary?) throws(CodecError) {
    context = try ZstdDecompressionContext(dictionary: dictionary)
    buffer.reserve(Self.bufferSize)
  }

  /// Whether a frame decodes to exactly these bytes.
  func matches(_ frame: RawSpan, _ content: RawSpan) -> Bool {
    context.reset()
    var used = 0
    var seen = 0
    while true {
      var room = buffer.room()
      guard case .success(let step) = context.step(frame.dropping(used), limit: Self.bufferSize, into: &room) else {
        return false
      }
      used += step.consumed
      buffer.didAppend(step.produced)
      defer { buffer.removeAll() }
      guard step.produced <= content.byteCount - seen,
        buffer.bytes.hasEqualBytes(content.extracting(seen..<seen + step.produced))
      else { return false }
      seen += step.produced
      if step.isFrameEnd { return used == frame.byteCount && seen == content.byteCount }
      // Neither side moved: the frame is cut short.
      if step.consumed == 0, step.produced == 0 { return false }
    }
  }
}

extension RawSpan {
  /// Whether two spans of equal length hold the same bytes.
  fileprivate func hasEqualBytes(_ other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    var offset = 0
    var difference: UInt64 = 0
    while offset &+ 8 <= byteCount {
      difference |= uint64(at: offset) ^ other.uint64(at: offset)
      offset &+= 8
    }
    while offset < byteCount {
      difference |= UInt64(byte(at: offset) ^ other.byte(at: offset))
      offset &+= 1
    }
    return difference == 0
  }
}

/// Decodes a stream while it is written, and compares checksums at its end: the input is gone by then.
final class ZstdStreamVerifier {
  private let context: ZstdDecompressionContext
  private var buffer = ByteBuffer()
  private var written = XXH64()
  private var decoded = XXH64()
  private var ended = false

  private static let bufferSize = 128 << 10

  init(dictionary: CodecDictionary?) throws(CodecError) {
    context = try ZstdDecompressionContext(dictionary: dictionary)
    buffer.reserve(Self.bufferSize)
  }

  /// Notes input that went into the stream.
  func noteInput(_ bytes: RawSpan) { written.update(bytes) }

  /// Decodes output of the stream.
  func noteOutput(_ bytes: RawSpan) throws(CodecError) {
    // Calls that bring nothing would count as stalling.
    guard !bytes.isEmpty else { return }
    var used = 0
    while true {
      guard !ended else {
        if used < bytes.byteCount { throw Self.mismatch }
        return
      }
      var room = buffer.room()
      guard case .success(let step) = context.step(bytes.dropping(used), limit: Self.bufferSize, into: &room) else {
        throw Self.mismatch
      }
      used += step.consumed
      buffer.didAppend(step.produced)
      decoded.update(buffer.bytes)
      buffer.removeAll()
      ended = step.isFrameEnd
      if used == bytes.byteCount, step.produced < Self.bufferSize { return }
    }
  }

  /// Compares, after the last byte of output.
  func finish() throws(CodecError) {
    guard ended, written.value == decoded.value else { throw Self.mismatch }
  }

  func reset() {
    context.reset()
    written.reset()
    decoded.reset()
    ended = false
  }

  private static let mismatch = CodecError(
    .internalInconsistency, codec: Zstd.id, reason: "what was written does not decode to the input")
}
