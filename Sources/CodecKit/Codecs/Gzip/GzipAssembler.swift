// SPDX-License-Identifier: Apache-2.0

/// Writes gzip files of independent members, one per chunk.
final class GzipAssembler: ChunkAssembler {
  let chunkSize: Int
  private let plan: DeflatePlan
  private let firstHeader: [UInt8]
  private let header: [UInt8]

  /// - Parameters:
  ///   - plan: how chunks are compressed.
  ///   - chunkSize: how much input goes into a member.
  ///   - firstHeader: the header of the first member, which alone may carry a name.
  ///   - header: the header of the others.
  init(_ plan: DeflatePlan, chunkSize: Int, firstHeader: [UInt8], header: [UInt8]) {
    self.plan = plan
    self.chunkSize = chunkSize
    self.firstHeader = firstHeader
    self.header = header
  }

  func makePacker() throws(CodecError) -> any ChunkPacker {
    GzipPacker(try plan.makeBlockDeflater(), first: .gzip(header: firstHeader), others: .gzip(header: header))
  }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) {}

  func note(_ packed: PackedChunk, at place: ChunkPlace) {}

  func end(into output: inout ByteBuffer) {}

  func reset() {}
}

/// Packs one chunk as one gzip member.
final class GzipPacker: ChunkPacker {
  private let block: any BlockDeflater
  private let first: DeflateWrapper
  private let others: DeflateWrapper

  init(_ block: any BlockDeflater, first: DeflateWrapper, others: DeflateWrapper) {
    self.block = block
    self.first = first
    self.others = others
  }

  func packedBound(_ count: Int) -> Int {
    block.bound(count) + max(first.overhead, others.overhead)
  }

  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk
  {
    let before = output.byteCount
    var wrapper = place.index == 0 ? first : others
    try wrapper.pack(chunk, by: block, into: &output)
    return PackedChunk(contentSize: chunk.byteCount, packedSize: output.byteCount - before)
  }
}
