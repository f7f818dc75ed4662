// SPDX-License-Identifier: Apache-2.0

/// Decodes payloads of several archives.
internal import CodecKit

/// An unpacker for each way in which archives name codecs: nearly always one for all.
final class UnpackerSet {
  private var unpackers: [[Superblock.Field]: PayloadUnpacker] = [:]

  /// The unpacker for the blocks of an archive.
  func unpacker(for superblock: Superblock, _ registry: CodecRegistry) -> PayloadUnpacker {
    let names = superblock.fields.filter { $0.type == Superblock.Field.codec }
    if let known = unpackers[names] { return known }
    let unpacker = PayloadUnpacker(superblock, registry)
    unpackers[names] = unpacker
    return unpacker
  }
}
