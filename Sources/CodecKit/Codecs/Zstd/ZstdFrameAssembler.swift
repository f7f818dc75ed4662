// SPDX-License-Identifier: Apache-2.0

/// Puts independent frames together and writes the seek table behind them. A single frame gets no table.
final class ZstdFrameAssembler: ChunkAssembler {
  let chunkSize: Int
  private let plan: ZstdPlan
  private var table = ZstdSeekTable()
  private var fitsTable = true
  private var total: UInt64 = 0

  private let maximumFrames: Int

  init(_ plan: ZstdPlan, maximumFrames: Int = ZstdSeekTable.maximumFrames) {
    self.plan = plan
    self.maximumFrames = maximumFrames
    chunkSize = plan.frameSize ?? ZstdFormat.frameSizeRange.upperBound
  }

  func makePacker() throws(CodecError) -> any ChunkPacker { try ZstdFramePacker(plan) }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) {}

  func note(_ packed: PackedChunk, at place: ChunkPlace) {
    total += UInt64(packed.contentSize)
    guard fitsTable else { return }
    guard table.entries.count < maximumFrames else {
      // Still a valid stream, only without random access.
      fitsTable = false
      table = ZstdSeekTable()
      return
    }
    table.entries.append(
      .init(packedSize: UInt32(packed.packedSize), contentSize: UInt32(packed.contentSize)))
  }

  func end(into output: inout ByteBuffer) throws(CodecError) {
    if let declared = plan.contentSize, declared != total {
      throw CodecError(
        .contentSizeMismatch, codec: Zstd.id, inputOffset: total,
        reason: "the input has \(total) bytes, but \(declared) were declared")
    }
    if fitsTable, table.entries.count > 1 { table.write(into: &output) }
  }

  func reset() {
    table.entries.removeAll(keepingCapacity: true)
    fitsTable = true
    total = 0
  }
}
