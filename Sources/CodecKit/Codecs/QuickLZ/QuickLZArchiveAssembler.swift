// SPDX-License-Identifier: Apache-2.0

/// Writes a qpress archive with one file: its header, the file's name, a block for each chunk, and the file's end.
final class QuickLZArchiveAssembler: ChunkAssembler {
  let chunkSize: Int
  private let level: Int
  private let fileName: [UInt8]

  init(level: Int, chunkSize: Int, fileName: [UInt8]) {
    self.level = level
    self.chunkSize = chunkSize
    self.fileName = fileName
  }

  func makePacker() throws(CodecError) -> any ChunkPacker { QuickLZBlockPacker(level: level) }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) throws(CodecError) {
    var bytes = QuickLZArchiveFormat.magic
    bytes.append(littleEndian: UInt64(chunkSize))
    bytes.append(UInt8(ascii: "F"))
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: fileName.count))
    bytes += fileName
    bytes.append(0)
    output.append(bytes)
  }

  func note(_ packed: PackedChunk, at place: ChunkPlace) throws(CodecError) {}

  func end(into output: inout ByteBuffer) throws(CodecError) {
    output.append(QuickLZArchiveFormat.trailerMarker + [UInt8](repeating: 0, count: 8))
  }

  func reset() {}
}

/// Makes blocks: marker, position, checksum and a packet.
final class QuickLZBlockPacker: ChunkPacker {
  private let encoder: QuickLZPacketEncoder

  init(level: Int) { encoder = QuickLZPacketEncoder(level: level) }

  static func bound(_ count: Int) -> Int { QuickLZArchiveFormat.blockHeaderSize + QuickLZPacketEncoder.bound(count) }

  func packedBound(_ count: Int) -> Int { Self.bound(count) }

  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk
  {
    // A file without content has no block.
    guard chunk.byteCount > 0 else { return PackedChunk(contentSize: 0, packedSize: 0) }
    let header = QuickLZArchiveFormat.blockHeaderSize
    let size = unsafe try output.appendWritten { (room) throws(CodecError) in
      let packetRoom = unsafe UnsafeMutableRawBufferPointer(rebasing: room[header...])
      var packet = unsafe OutputRawSpan(buffer: packetRoom, initializedCount: 0)
      let size = try encoder.encode(chunk, into: &packet)
      let checksum = Adler32.of(packet.bytes)
      _ = unsafe packet.finalize(for: packetRoom)
      for (offset, byte) in QuickLZArchiveFormat.blockMarker.enumerated() { unsafe room[offset] = byte }
      unsafe room.storeBytes(of: place.offset.littleEndian, toByteOffset: 8, as: UInt64.self)
      unsafe room.storeBytes(
        of: checksum.littleEndian, toByteOffset: QuickLZArchiveFormat.checksumOffset, as: UInt32.self)
      return header + size
    }
    return PackedChunk(contentSize: chunk.byteCount, packedSize: size)
  }
}

extension QuickLZArchiveFormat {
  /// Whether an archive may carry a name that any reader will take.
  static func isStorable(_ name: [UInt8]) -> Bool {
    (1...longestName).contains(name.count) && !name.contains(0) && isSafe(name)
  }

  /// A name without folders, if there is one that can be stored.
  static func lastComponent(_ name: [UInt8]) -> [UInt8]? {
    let last = Array(name.split(separator: UInt8(ascii: "/")).last ?? [])
    return isStorable(last) ? last : nil
  }
}

extension [UInt8] {
  /// Appends a number, lowest byte first.
  fileprivate mutating func append(littleEndian number: some FixedWidthInteger) {
    for shift in stride(from: 0, to: number.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
  }
}
