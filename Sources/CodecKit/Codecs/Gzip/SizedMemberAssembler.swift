// SPDX-License-Identifier: Apache-2.0

/// Writes gzip members that tell their own size in an extra field, `IG`, closed by an empty end member: a cut between two
/// members, which plain readers do not notice, is told by its absence. A single chunk becomes a plain member.
final class SizedMemberAssembler: ChunkAssembler {
  let chunkSize: Int
  let cutter: (any ChunkCutter)?
  private let whole: WholeMember
  private let firstHeader: [UInt8]
  private let header: [UInt8]
  private var needsEnd = false

  /// The extra field, with no size in it yet.
  static let emptyField: [UInt8] = [0x49, 0x47, 4, 0, 0, 0, 0, 0]
  /// Where the size stands in a member.
  static let sizeOffset = 16

  private static let endMember: [UInt8] = [
    0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 0xFF, 8, 0, 0x49, 0x47, 4, 0, 30, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ]

  /// - Parameters:
  ///   - whole: writes a single chunk, and knows how chunks are compressed.
  ///   - chunkSize: how much input goes into a member.
  ///   - cutter: chooses the borders instead.
  ///   - firstHeader: the header of the first member, which alone may carry a name.
  ///   - header: the header of the others.
  init(
    _ whole: WholeMember, chunkSize: Int, cutter: (any ChunkCutter)?, firstHeader: [UInt8], header: [UInt8]
  ) {
    self.whole = whole
    self.chunkSize = chunkSize
    self.cutter = cutter
    self.firstHeader = firstHeader
    self.header = header
  }

  func makePacker() throws(CodecError) -> any ChunkPacker {
    SizedMemberPacker(try whole.plan.makeBlockDeflater(), whole, first: firstHeader, others: header)
  }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) { needsEnd = !first.isOnly }

  func note(_ packed: PackedChunk, at place: ChunkPlace) {}

  func end(into output: inout ByteBuffer) {
    if needsEnd { output.append(Self.endMember) }
  }

  func reset() { needsEnd = false }
}

/// Packs one chunk as one member that tells its size.
final class SizedMemberPacker: ChunkPacker {
  private let block: any BlockDeflater
  private let whole: WholeMember
  private let first: [UInt8]
  private let others: [UInt8]

  init(_ block: any BlockDeflater, _ whole: WholeMember, first: [UInt8], others: [UInt8]) {
    self.block = block
    self.whole = whole
    self.first = first
    self.others = others
  }

  func packedBound(_ count: Int) -> Int {
    max(block.bound(count) + max(first.count, others.count) + 8, whole.bound(count))
  }

  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk
  {
    let before = output.byteCount
    if place.isOnly {
      try whole.write(chunk, by: block, into: &output)
      return PackedChunk(contentSize: chunk.byteCount, packedSize: output.byteCount - before)
    }
    let header = place.index == 0 ? first : others
    let size = unsafe try output.appendWritten { (room) throws(CodecError) in
      let size = try unsafe writeMember(chunk, header, by: block, into: room)
      unsafe room.storeBytes(
        of: UInt32(truncatingIfNeeded: size).littleEndian, toByteOffset: SizedMemberAssembler.sizeOffset,
        as: UInt32.self)
      return size
    }
    return PackedChunk(contentSize: chunk.byteCount, packedSize: size)
  }
}

/// Writes a whole member: header, content and trailer.
///
/// - Returns: its size.
func writeMember(
  _ content: RawSpan, _ header: [UInt8], by block: any BlockDeflater, into room: UnsafeMutableRawBufferPointer
) throws(CodecError) -> Int {
  unsafe room.copyBytes(from: header)
  let body = unsafe UnsafeMutableRawBufferPointer(rebasing: room[header.count..<room.count - 8])
  let end = header.count + (try unsafe block.compress(content, into: body))
  unsafe room.storeBytes(of: CRC32.of(content).littleEndian, toByteOffset: end, as: UInt32.self)
  unsafe room.storeBytes(
    of: UInt32(truncatingIfNeeded: content.byteCount).littleEndian, toByteOffset: end + 4, as: UInt32.self)
  return end + 8
}
