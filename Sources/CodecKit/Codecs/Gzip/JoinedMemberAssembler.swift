// SPDX-License-Identifier: Apache-2.0

/// Writes a single gzip member from chunks: each may refer to the 32 KiB before it, and all but the last end on a byte
/// border, so that the pieces join to one deflate stream. A single chunk becomes what the codec gzip makes of it.
final class JoinedMemberAssembler: ChunkAssembler {
  let chunkSize: Int
  let cutter: (any ChunkCutter)?
  private let plan: DeflatePlan
  private let whole: WholeMember

  private var isWhole = false
  private var hasEnded = false
  private var checksum: UInt32 = 0
  private var contentSize: UInt64 = 0

  /// - Parameters:
  ///   - plan: how chunks are compressed; one that streams.
  ///   - whole: writes a single chunk.
  ///   - chunkSize: how much input goes into a piece.
  ///   - cutter: chooses the borders instead.
  init(_ plan: DeflatePlan, _ whole: WholeMember, chunkSize: Int, cutter: (any ChunkCutter)?) {
    self.plan = plan
    self.whole = whole
    self.chunkSize = chunkSize
    self.cutter = cutter
  }

  /// The window of deflate.
  var historySize: Int { 32 << 10 }

  func makePacker() throws(CodecError) -> any ChunkPacker { JoinedMemberPacker(try plan.makeDeflater(), whole) }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) {
    isWhole = first.isOnly
    if !isWhole { output.append(whole.header) }
  }

  func note(_ packed: PackedChunk, at place: ChunkPlace) {
    checksum = CRC32.joined(checksum, packed.checksum, secondSize: UInt64(packed.contentSize))
    contentSize += UInt64(packed.contentSize)
    hasEnded = place.isLast
  }

  func end(into output: inout ByteBuffer) {
    guard !isWhole else { return }
    // After a flush nothing may have come that could be marked as the last: an empty block is.
    if !hasEnded { output.append([3, 0]) }
    let size = UInt32(truncatingIfNeeded: contentSize)
    output.append([checksum, size].flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } })
  }

  func reset() {
    isWhole = false
    hasEnded = false
    checksum = 0
    contentSize = 0
  }
}

/// Compresses one piece of a deflate stream.
final class JoinedMemberPacker: ChunkPacker {
  private let deflater: any RawDeflater
  private let whole: WholeMember

  init(_ deflater: any RawDeflater, _ whole: WholeMember) {
    self.deflater = deflater
    self.whole = whole
  }

  func packedBound(_ count: Int) -> Int { whole.bound(count) }

  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk
  {
    try pack(chunk, after: RawSpan(), at: place, into: &output)
  }

  func pack(
    _ chunk: RawSpan, after history: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan
  ) throws(CodecError) -> PackedChunk {
    let before = output.byteCount
    if place.isOnly {
      try whole.write(chunk, into: &output)
    } else {
      try deflate(chunk, after: history, place.isLast ? .finish : .sync, into: &output)
    }
    return PackedChunk(
      contentSize: chunk.byteCount, packedSize: output.byteCount - before, checksum: CRC32.of(chunk))
  }

  private func deflate(
    _ chunk: RawSpan, after history: RawSpan, _ flush: DeflateFlush, into output: inout OutputRawSpan
  ) throws(CodecError) {
    try deflater.reset()
    if !history.isEmpty { try deflater.prime(history) }
    // Always the same room, because some libraries choose by the room that they are given.
    let bound = packedBound(chunk.byteCount)
    _ = try unsafe output.appendWritten { (room) throws(CodecError) in
      var (consumed, written) = (0, 0)
      while true {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: room[written..<bound])
        let step = try unsafe deflater.run(chunk.dropping(consumed), into: rest, flush)
        consumed += step.consumed
        written += step.produced
        if flush == .finish ? step.ended : consumed == chunk.byteCount && written < bound { return written }
        guard step.consumed + step.produced > 0 else { throw .deflateRoomTooSmall }
      }
    }
  }
}
