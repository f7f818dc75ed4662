// SPDX-License-Identifier: Apache-2.0

/// Decodes blocks of an archive, in any order: they do not depend on each other.
final class QuickLZBlockDecoder {
  private let packets = QuickLZPacketDecoder()

  init() {}

  /// Checks and decodes a block.
  ///
  /// - Parameters:
  ///   - block: the whole block, from its marker on.
  ///   - checksum: what it says of its packet's checksum.
  ///   - header: its packet's header.
  ///   - output: has room for the content, which is appended only when all of it is right.
  /// - Returns: what is wrong, and the offset in the block of what is.
  func decode(
    _ block: RawSpan, checksum: UInt32, _ header: QuickLZHeader, into output: inout OutputRawSpan
  ) -> (fault: QuickLZFault, offset: Int)? {
    let start = QuickLZArchiveFormat.blockHeaderSize
    let packet = block.extracting(start..<start + header.packetSize)
    guard Adler32.of(packet) == checksum else { return (.checksum, QuickLZArchiveFormat.checksumOffset) }
    return packets.decode(packet, header, into: &output).map { ($0.fault, start + $0.offset) }
  }
}
