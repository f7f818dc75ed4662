// SPDX-License-Identifier: Apache-2.0

/// A block of chunks while it is filled and packed.
internal import CodecKit

/// Chunks on their way into a data block. Used by one thread at a time.
final class DataBlock: @unchecked Sendable {
  /// The bytes of all chunks.
  var raw = ByteBuffer()
  var chunks: [(length: Int, id: SHA256Digest)] = []
  var firstChunk: UInt64 = 0

  /// The body of its frame, once it has been packed.
  var body = ByteBuffer()
  private(set) var codec: UInt8 = 0
  private(set) var checksum: UInt64 = 0

  func removeAll() {
    raw.removeAll()
    chunks.removeAll(keepingCapacity: true)
    body.removeAll()
  }

  func add(_ bytes: RawSpan, id: SHA256Digest) {
    raw.append(bytes)
    chunks.append((bytes.byteCount, id))
  }

  /// Makes the body.
  func pack(_ packer: PayloadPacker) throws(CodecError) {
    var table = FieldWriter(capacity: chunks.count * 36)
    for chunk in chunks {
      table.varint(chunk.length)
      table.raw(chunk.id.bytes)
    }
    body.reserve(table.count + raw.count, isFinal: true)
    body.append(table.bytes)
    codec = try raw.lend { (raw: inout ByteBuffer) throws(CodecError) -> UInt8 in
      let isCompressible = !IncompressibleProbe.isIncompressible(raw.bytes)
      return try packer.pack(raw.bytes, isCompressible: isCompressible, to: &body).codec
    }
    checksum = body.lend { XXH3.of($0.bytes) }
  }
}
