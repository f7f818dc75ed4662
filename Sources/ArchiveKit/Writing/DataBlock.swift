// SPDX-License-Identifier: Apache-2.0

/// A block of chunks while it is filled and packed.
internal import CodecKit

/// Chunks on their way into a data block. Used by one thread at a time.
final class DataBlock: @unchecked Sendable {
  /// The bytes of all chunks.
  var raw = ByteBuffer()
  var chunks: [(length: Int, id: SHA256Digest)] = []
  var firstChunk: UInt64 = 0
  /// Whether it is worth compressing.
  var isCompressible = true

  /// The body of its frame, once it has been packed.
  private(set) var body = ByteBuffer()
  private(set) var codec: UInt8 = 0
  private(set) var checksum: UInt64 = 0

  func removeAll() {
    raw.removeAll()
    chunks.removeAll(keepingCapacity: true)
    body.removeAll()
    isCompressible = true
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
    let compressible = isCompressible && !IncompressibleProbe.isIncompressible(raw.bytes)
    codec = try packer.pack(raw.bytes, isCompressible: compressible, to: &body).codec
    checksum = XXH3.of(body.bytes)
  }
}
