// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

// Streaming deflate compressors behind one interface: no header, no checksum, no buffering.

/// How urgently a compressor is to write.
enum DeflateFlush {
  /// Hold back what helps.
  case none
  /// Write everything, and end on a byte border.
  case sync
  /// End the deflate stream.
  case finish

  fileprivate var number: Int32 {
    switch self {
    case .none: Int32(CK_DEFLATE_NONE)
    case .sync: Int32(CK_DEFLATE_SYNC)
    case .finish: Int32(CK_DEFLATE_FINISH)
    }
  }
}

/// What one run of a compressor or decompressor did.
struct DeflateProgress {
  var consumed: Int
  var produced: Int
  /// Whether the deflate stream has ended and all of it has been delivered.
  var ended: Bool
}

/// Compresses one raw deflate stream (RFC 1951).
protocol RawDeflater: AnyObject {
  /// Takes input and writes to `room`. Everything asked for is done when room is left over.
  func run(
    _ input: RawSpan, into room: UnsafeMutableRawBufferPointer, _ flush: DeflateFlush
  ) throws(CodecError) -> DeflateProgress

  /// Back to the start of a stream.
  func reset() throws(CodecError)

  /// Tells what stands before the stream, at its start: matches may reach back into it.
  func prime(_ history: RawSpan) throws(CodecError)
}

/// ISA-L: the fastest, at its levels 1 to 3. What it writes depends on how its input and room are cut, so callers that
/// promise the same bytes for the same input must cut alike.
@safe
final class ISALDeflater: RawDeflater {
  private let state: UnsafeMutableRawPointer

  /// Makes a compressor of an ISA-L level.
  init(nativeLevel: Int) throws(CodecError) {
    guard let state = unsafe ck_isal_deflate_create(Int32(nativeLevel)) else { throw .noMemoryForDeflate }
    unsafe self.state = state
  }

  deinit { unsafe ck_isal_deflate_free(state) }

  func run(
    _ input: RawSpan, into room: UnsafeMutableRawBufferPointer, _ flush: DeflateFlush
  ) throws(CodecError) -> DeflateProgress {
    let step = unsafe input.withUnsafeBytes {
      unsafe ck_isal_deflate_run(state, $0.baseAddress, $0.count, room.baseAddress, room.count, flush.number)
    }
    guard step.status == 0 else { throw DeflateStatus.isalCompressorError(step.status) }
    return DeflateProgress(consumed: step.consumed, produced: step.produced, ended: step.ended != 0)
  }

  func reset() {
    unsafe ck_isal_deflate_reset(state)
  }

  func prime(_ history: RawSpan) throws(CodecError) {
    let status = unsafe history.withUnsafeBytes {
      unsafe ck_isal_deflate_set_dictionary(state, $0.baseAddress, $0.count)
    }
    guard status == 0 else { throw DeflateStatus.isalCompressorError(status) }
  }
}

/// zlib, levels 1 to 9: the portable one, and the only one that streams at levels above 2.
@safe
final class ZlibDeflater: RawDeflater {
  private let state: UnsafeMutableRawPointer
  private let dictionary: CodecDictionary?

  /// Makes a compressor that may have been given a dictionary.
  init(level: Int, dictionary: CodecDictionary? = nil) throws(CodecError) {
    guard let state = unsafe ck_zlib_deflate_create(Int32(level)) else { throw .noMemoryForDeflate }
    unsafe self.state = state
    self.dictionary = dictionary
    try prime()
  }

  deinit { unsafe ck_zlib_deflate_free(state) }

  func run(
    _ input: RawSpan, into room: UnsafeMutableRawBufferPointer, _ flush: DeflateFlush
  ) throws(CodecError) -> DeflateProgress {
    let step = unsafe input.withUnsafeBytes {
      unsafe ck_zlib_deflate_run(state, $0.baseAddress, $0.count, room.baseAddress, room.count, flush.number)
    }
    if let error = DeflateStatus.zlibCompressorError(step.status) { throw error }
    return DeflateProgress(consumed: step.consumed, produced: step.produced, ended: step.ended != 0)
  }

  func reset() throws(CodecError) {
    unsafe ck_zlib_deflate_reset(state)
    try prime()
  }

  private func prime() throws(CodecError) {
    guard let bytes = dictionary?.bytes else { return }
    try unsafe prime(bytes.span.bytes)
  }

  func prime(_ history: RawSpan) throws(CodecError) {
    let status = unsafe history.withUnsafeBytes {
      unsafe ck_zlib_deflate_set_dictionary(state, $0.baseAddress, $0.count)
    }
    if let error = DeflateStatus.zlibCompressorError(status) { throw error }
  }
}

/// Level 0: stored blocks. Every run turns its input into whole blocks, so the room must have space for them.
final class StoredDeflater: RawDeflater {
  private static let largestBlock = 65_535

  /// The most bytes that one run over `count` bytes writes.
  static func bound(_ count: Int) -> Int {
    count + 5 * (count / largestBlock + 2)
  }

  func run(
    _ input: RawSpan, into room: UnsafeMutableRawBufferPointer, _ flush: DeflateFlush
  ) throws(CodecError) -> DeflateProgress {
    var output = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    var rest = input
    while rest.byteCount > 0 || flush != .none {
      let count = min(rest.byteCount, Self.largestBlock)
      let isLast = count == rest.byteCount
      guard output.freeCapacity >= count + 5 else { throw .deflateRoomTooSmall }
      output.append(isLast && flush == .finish ? 1 : 0)
      output.appendLittleEndian(UInt16(truncatingIfNeeded: count))
      output.appendLittleEndian(~UInt16(truncatingIfNeeded: count))
      _ = output.append(prefixOf: rest.extracting(0..<count))
      rest = rest.dropping(count)
      // A sync flush ends with an empty block, as the other compressors write it.
      if isLast, flush != .sync || count == 0 { break }
    }
    return DeflateProgress(consumed: input.byteCount, produced: output.byteCount, ended: flush == .finish)
  }

  func reset() {}

  func prime(_ history: RawSpan) {}
}
