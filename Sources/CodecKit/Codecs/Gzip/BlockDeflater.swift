// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Compresses whole buffers, each to a deflate stream of its own.
protocol BlockDeflater: AnyObject {
  /// The most bytes that `count` bytes become.
  func bound(_ count: Int) -> Int

  /// Compresses one buffer; the room has at least the bound's size. The result depends on the input alone.
  ///
  /// - Returns: how many bytes were written.
  func compress(_ input: RawSpan, into room: UnsafeMutableRawBufferPointer) throws(CodecError) -> Int
}

/// libdeflate, levels 1 to 12: better and faster than zlib at every level, but it knows whole buffers only.
@safe
final class LibdeflateBlockDeflater: BlockDeflater {
  private let state: UnsafeMutableRawPointer

  init(level: Int) throws(CodecError) {
    guard let state = unsafe ck_libdeflate_create(Int32(level)) else { throw .noMemoryForDeflate }
    unsafe self.state = state
  }

  deinit { unsafe ck_libdeflate_free(state) }

  func bound(_ count: Int) -> Int { unsafe ck_libdeflate_bound(state, count) }

  func compress(_ input: RawSpan, into room: UnsafeMutableRawBufferPointer) throws(CodecError) -> Int {
    let written = unsafe input.withUnsafeBytes {
      unsafe ck_libdeflate_compress(state, $0.baseAddress, $0.count, room.baseAddress, room.count)
    }
    guard written > 0 else { throw .deflateRoomTooSmall }
    return written
  }
}

/// Any streaming compressor, used for whole buffers.
final class StreamingBlockDeflater: BlockDeflater {
  private let deflater: any RawDeflater

  init(_ deflater: any RawDeflater) { self.deflater = deflater }

  /// Stored blocks are the worst case; the eighth leaves room for what a library adds at block borders.
  func bound(_ count: Int) -> Int { count + count / 8 + 1024 }

  func compress(_ input: RawSpan, into room: UnsafeMutableRawBufferPointer) throws(CodecError) -> Int {
    try deflater.reset()
    var consumed = 0
    var written = 0
    // The room is cut to the bound, because some libraries choose by the room that they are given.
    let end = min(room.count, bound(input.byteCount))
    while true {
      let step = try unsafe deflater.run(
        input.dropping(consumed), into: UnsafeMutableRawBufferPointer(rebasing: room[written..<end]), .finish)
      consumed += step.consumed
      written += step.produced
      if step.ended { return written }
      guard step.consumed + step.produced > 0 else { throw .deflateRoomTooSmall }
    }
  }
}
