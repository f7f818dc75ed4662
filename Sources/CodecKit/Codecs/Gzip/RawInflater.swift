// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

// Streaming inflate by two libraries behind one interface: no header, no checksum, no buffering.

/// What one run of a decompressor did.
struct InflateProgress {
  var consumed: Int
  var produced: Int
  /// Whether the deflate stream has ended and all of it has been delivered.
  var ended: Bool
  /// What is wrong with the data behind what was produced.
  var fault: CodecError?
}

/// Decompresses one raw deflate stream (RFC 1951) at a time.
protocol RawInflater: AnyObject {
  /// Takes input and writes to `room`. More input is needed when room is left over and the stream has not ended.
  func run(_ input: RawSpan, into room: UnsafeMutableRawBufferPointer) -> InflateProgress

  /// After the end: bytes that were consumed and do not belong to the stream, at most 8, in the order of the input.
  var unread: (bytes: UInt64, count: Int) { get }

  /// Makes the stream start behind these bytes. Only before the first run.
  func setDictionary(_ bytes: [UInt8]) throws(CodecError)

  /// Back to the start of a stream.
  func reset()
}

/// What a run takes at most.
enum RawInflaterLimit {
  /// In bytes, on either side.
  static let largestRoom = Int(CK_DEFLATE_MAX_CALL)
}

/// ISA-L: more than twice as fast as zlib. It reads up to 8 bytes ahead.
@safe
final class ISALInflater: RawInflater {
  private let state: UnsafeMutableRawPointer

  init() throws(CodecError) {
    guard let state = unsafe ck_isal_inflate_create() else { throw .noMemoryForDeflate }
    unsafe self.state = state
  }

  deinit { unsafe ck_isal_inflate_free(state) }

  func run(_ input: RawSpan, into room: UnsafeMutableRawBufferPointer) -> InflateProgress {
    let step = unsafe input.withUnsafeBytes {
      unsafe ck_isal_inflate_run(state, $0.baseAddress, $0.count, room.baseAddress, room.count)
    }
    return InflateProgress(
      consumed: step.consumed, produced: step.produced, ended: step.ended != 0,
      fault: DeflateStatus.isalDecompressorError(step.status))
  }

  var unread: (bytes: UInt64, count: Int) {
    var bytes: UInt64 = 0
    let count = unsafe withUnsafeMutableBytes(of: &bytes) {
      unsafe ck_isal_inflate_unread(state, $0.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    return (UInt64(littleEndian: bytes), count)
  }

  func setDictionary(_ bytes: [UInt8]) throws(CodecError) {
    let status = unsafe bytes.withUnsafeBytes {
      unsafe ck_isal_inflate_set_dictionary(state, $0.baseAddress, $0.count)
    }
    guard status == 0 else { throw DeflateStatus.isalCompressorError(status) }
  }

  func reset() {
    unsafe ck_isal_inflate_reset(state)
  }
}

/// zlib: the portable one, and what the other is compared with.
@safe
final class ZlibInflater: RawInflater {
  private let state: UnsafeMutableRawPointer

  init() throws(CodecError) {
    guard let state = unsafe ck_zlib_inflate_create() else { throw .noMemoryForDeflate }
    unsafe self.state = state
  }

  deinit { unsafe ck_zlib_inflate_free(state) }

  func run(_ input: RawSpan, into room: UnsafeMutableRawBufferPointer) -> InflateProgress {
    let step = unsafe input.withUnsafeBytes {
      unsafe ck_zlib_inflate_run(state, $0.baseAddress, $0.count, room.baseAddress, room.count)
    }
    return InflateProgress(
      consumed: step.consumed, produced: step.produced, ended: step.ended != 0,
      fault: DeflateStatus.zlibDecompressorError(step.status))
  }

  /// zlib gives back whole bytes by itself.
  var unread: (bytes: UInt64, count: Int) { (0, 0) }

  func setDictionary(_ bytes: [UInt8]) throws(CodecError) {
    let status = unsafe bytes.withUnsafeBytes {
      unsafe ck_zlib_inflate_set_dictionary(state, $0.baseAddress, $0.count)
    }
    if let error = DeflateStatus.zlibDecompressorError(status) { throw error }
  }

  func reset() {
    unsafe ck_zlib_inflate_reset(state)
  }
}
