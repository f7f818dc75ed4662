// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Packs one piece of input into one frame, and proves the frame where the library needs watching.
final class ZstdFramePacker: ChunkPacker {
  private let plan: ZstdPlan
  private let context: ZstdCompressionContext
  private let verifier: ZstdFrameVerifier?

  init(_ plan: ZstdPlan) throws(CodecError) {
    self.plan = plan
    context = try ZstdCompressionContext(plan)
    verifier = plan.verifies ? try ZstdFrameVerifier(dictionary: plan.dictionary) : nil
  }

  func packedBound(_ count: Int) -> Int { ck_zstd_bound(count) }

  func pack(
    _ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan
  ) throws(CodecError) -> PackedChunk {
    let size = try unsafe output.appendWritten { (room) throws(CodecError) in
      var size = try unsafe context.compress(chunk, into: room)
      unsafe damage(room, size, at: place, isFirst: true)
      guard let verifier else { return size }
      if unsafe verifier.matches(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(room).prefix(size)), chunk) {
        return size
      }
      try context.setLevel(ZstdPlan.safeLevel, isSafe: true)
      size = try unsafe context.compress(chunk, into: room)
      try context.setLevel(plan.level)
      unsafe damage(room, size, at: place, isFirst: false)
      guard unsafe verifier.matches(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(room).prefix(size)), chunk) else {
        throw CodecError(
          .internalInconsistency, codec: Zstd.id, reason: "frame \(place.index) does not decode to its input")
      }
      return size
    }
    return PackedChunk(contentSize: chunk.byteCount, packedSize: size)
  }

  /// Does what the seam says.
  private func damage(_ room: UnsafeMutableRawBufferPointer, _ size: Int, at place: ChunkPlace, isFirst: Bool) {
    let seam = plan.codec.seam
    guard seam.damagedFrame == place.index, isFirst || seam.damagesAgain, size > 0 else { return }
    unsafe room[size - 1] ^= 1
  }
}
