// SPDX-License-Identifier: Apache-2.0

/// A data block that has been read: its table at once, its chunks when they are wanted.
internal import CodecKit

/// A data block whose frame is sound. Its chunks are in `raw` after `decode`.
final class DecodedBlock: @unchecked Sendable {
  struct Chunk: Hashable, Sendable {
    var offset: Int
    var length: Int
    var id: SHA256Digest
  }

  let header: FrameHeader
  let chunks: [Chunk]
  private let body: [UInt8]
  private let payloadStart: Int
  private(set) var raw = ByteBuffer()

  /// The numbers of its chunks.
  var numbers: Range<UInt64> { header.first..<(header.first + UInt64(chunks.count)) }

  /// Reads the table of chunks.
  init(_ frame: Frame) throws(ArchiveError) {
    header = frame.header
    body = frame.body
    var reader = FieldReader(frame.body)
    var chunks: [Chunk] = []
    chunks.reserveCapacity(Int(frame.header.count))
    var offset = 0
    let limit = Int(frame.header.rawLength)
    do throws(ArchiveError) {
      for _ in 0..<frame.header.count {
        let length = try reader.varint()
        guard length > 0, length <= UInt64(limit - offset) else {
          throw .corrupt("a data block's table of chunks is impossible")
        }
        chunks.append(Chunk(offset: offset, length: Int(length), id: try reader.digest()))
        offset += Int(length)
      }
      guard offset == limit else { throw .corrupt("the chunks of a data block do not fill it") }
    } catch {
      throw ArchiveError(error.code, error.reason, offset: frame.bodyOffset)
    }
    let (_, overflow) = frame.header.first.addingReportingOverflow(UInt64(chunks.count))
    guard !overflow else { throw .corrupt("a data block has impossible chunks", at: frame.header.offset) }
    self.chunks = chunks
    payloadStart = reader.position
  }

  /// Unpacks the payload.
  func decode(_ unpacker: PayloadUnpacker) throws(ArchiveError) {
    let body = body
    var buffer = raw.take()
    buffer.removeAll()
    try unsafe unpacker.unpack(
      body.span.bytes.dropping(payloadStart), codec: header.codec, rawLength: Int(header.rawLength),
      offset: header.offset + UInt64(FrameHeader.size + payloadStart), to: &buffer)
    raw = consume buffer
  }

  /// Lends decoded bytes.
  func withBytes<Failure: Error>(
    _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    try raw.lend { (raw: inout ByteBuffer) throws(Failure) in try body(raw.bytes.extracting(range)) }
  }

  /// Whether a chunk's bytes are what its id says.
  func isSound(_ index: Int) -> Bool {
    let chunk = chunks[index]
    return raw.lend { SHA256.hash($0.bytes.extracting(chunk.offset..<(chunk.offset + chunk.length))) == chunk.id }
  }
}

extension ArchiveReader {
  /// The number and the record of the block that holds a chunk of this archive.
  func block(ofChunk chunk: UInt64) throws(ArchiveError) -> (number: UInt64, record: BlockRecord) {
    try own.block(ofChunk: chunk)
  }

  /// Reads a data block of this archive and its table of chunks; the payload is not decoded yet.
  func openBlock(_ record: BlockRecord) throws(ArchiveError) -> DecodedBlock { try own.openBlock(record) }
}
