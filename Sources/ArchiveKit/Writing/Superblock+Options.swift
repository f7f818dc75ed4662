// SPDX-License-Identifier: Apache-2.0

/// The superblock of an archive that is to be written.
internal import CodecKit

extension Superblock {
  /// Makes the superblock that options ask for.
  ///
  /// - Parameter original: that of the archive whose place is taken: all it says stays, but for the codec.
  init(
    _ options: ArchiveWriterOptions, _ payload: PayloadCodec, like original: Superblock?
  ) throws(ArchiveError) {
    self = original ?? Superblock()
    fields.removeAll { $0.type == Field.codec }
    if original == nil {
      created = options.created
      cutSizes = options.cutSizes
      blockTarget = UInt32(options.blockSize)
      fields = options.fields
      if let parent = options.parent { try follow(parent) }
    }
    if let spec = payload.spec { fields.append(Field(Field.codec, [payload.number] + Array(spec.utf8))) }
    if original != nil { return }
    if options.isReproducible {
      let digest = SHA256.hash(try encoded())
      uuid = ArchiveUUID(high: digest.prefix, low: SHA256.hash(digest.bytes).prefix)
      tag = SHA256.hash(uuid.bytes).prefix
    } else {
      var generator = SystemRandomNumberGenerator()
      uuid = options.uuid ?? .random()
      tag = generator.next()
    }
    if tag == Footer.magicNumber { tag = ~tag }
  }
}
