// SPDX-License-Identifier: Apache-2.0

/// The numbers of the LZ4 frame format.
enum LZ4Format {
  static let frameMagic: UInt32 = 0x184D_2204
  static let legacyMagic: UInt32 = 0x184C_2102
  /// The 16 magics of skippable frames differ in their low four bits.
  static let skippableMagic: UInt32 = 0x184D_2A50
  static let skippableMask: UInt32 = 0xFFFF_FFF0

  /// Set in a block's size field when the block is stored as it is.
  static let storedFlag: UInt32 = 0x8000_0000
  /// How far back a match can reach: what linked blocks and dictionaries hand on.
  static let historySize = 64 << 10
  /// What each block of a legacy frame holds at most.
  static let legacyBlockSize = 8 << 20
  /// The block sizes that a frame header can name.
  static let blockSizes = [64 << 10, 256 << 10, 1 << 20, 4 << 20]

  /// The most bytes that a block of `count` bytes becomes.
  static func blockBound(_ count: Int) -> Int { count + count / 255 + 16 }

  /// Whether a four-byte value begins a frame of any kind.
  static func isMagic(_ value: UInt32) -> Bool {
    value == frameMagic || value == legacyMagic || value & skippableMask == skippableMagic
  }

  /// Whether a size field of a legacy frame can be one: the format has no end mark, only sizes that cannot be.
  static func isLegacyBlock(_ size: UInt32) -> Bool { size > 0 && size <= blockBound(legacyBlockSize) }

  /// Whether fewer than four bytes could be the beginning of a frame's magic.
  static func couldBeginMagic(_ bytes: RawSpan) -> Bool {
    [frameMagic, legacyMagic, skippableMagic].contains { magic in
      (0..<bytes.byteCount).allSatisfy { index in
        let mask: UInt8 = index == 0 && magic == skippableMagic ? 0xF0 : 0xFF
        return (bytes.byte(at: index) ^ UInt8(truncatingIfNeeded: magic >> (8 * index))) & mask == 0
      }
    }
  }
}

/// What the header of an LZ4 frame says, between its magic and its first block.
struct LZ4FrameHeader: Hashable, Sendable {
  /// The most bytes that a block decodes to.
  var blockSize = 4 << 20
  /// Whether no block refers to the ones before it.
  var hasIndependentBlocks = true
  /// Whether each block is followed by the XXH32 of its stored form.
  var hasBlockChecksums = false
  /// Whether the end mark is followed by the XXH32 of the content.
  var hasContentChecksum = true
  /// How many bytes the frame claims to hold.
  var contentSize: UInt64?
  /// Which dictionary the frame was written with.
  var dictionaryID: UInt32?

  /// A header with the writer's defaults.
  init() {}

  /// How many bytes the header takes behind the magic, judged by its first byte.
  static func length(flags: UInt8) -> Int {
    3 + (flags & 0x08 != 0 ? 8 : 0) + (flags & 0x01 != 0 ? 4 : 0)
  }

  /// Throws `unsupportedFeature` when the flags are of another version of the format, where nothing else can be relied on.
  static func checkVersion(flags: UInt8, at offset: UInt64) throws(CodecError) {
    guard flags >> 6 == 1 else {
      throw CodecError(
        .unsupportedFeature, inputOffset: offset,
        reason: "frame version \(flags >> 6) is not supported: only version 1 is known")
    }
  }

  /// Reads a header.
  ///
  /// - Parameters:
  ///   - bytes: as many as ``length(flags:)`` says.
  ///   - offset: where they stand in the stream.
  /// - Throws: ``CodecError`` with `checksumMismatch`, `unsupportedFeature` or `corrupt`.
  init(_ bytes: RawSpan, at offset: UInt64) throws(CodecError) {
    let flags = bytes.byte(at: 0)
    try Self.checkVersion(flags: flags, at: offset)
    let last = bytes.byteCount - 1
    guard bytes.byte(at: last) == UInt8(truncatingIfNeeded: XXH32.of(bytes.extracting(0..<last)) >> 8) else {
      throw CodecError(
        .checksumMismatch, inputOffset: offset + UInt64(last), reason: "the frame header's checksum does not match it")
    }
    let blocks = bytes.byte(at: 1)
    guard flags & 0x02 == 0, blocks & 0x8F == 0 else {
      throw CodecError(
        .unsupportedFeature, inputOffset: offset + (flags & 0x02 == 0 ? 1 : 0),
        reason: "the frame header uses reserved bits")
    }
    let sizeID = Int(blocks >> 4)
    guard sizeID >= 4 else {
      throw CodecError(
        .corrupt, inputOffset: offset + 1, reason: "the frame header names block size \(sizeID), which does not exist")
    }
    blockSize = LZ4Format.blockSizes[sizeID - 4]
    hasIndependentBlocks = flags & 0x20 != 0
    hasBlockChecksums = flags & 0x10 != 0
    hasContentChecksum = flags & 0x04 != 0
    contentSize = flags & 0x08 != 0 ? bytes.uint64(at: 2) : nil
    dictionaryID = flags & 0x01 != 0 ? bytes.uint32(at: last - 4) : nil
  }

  /// The header as it is written, magic and all.
  var encoded: [UInt8] {
    var flags: UInt8 = 0x40
    if hasIndependentBlocks { flags |= 0x20 }
    if hasBlockChecksums { flags |= 0x10 }
    if contentSize != nil { flags |= 0x08 }
    if hasContentChecksum { flags |= 0x04 }
    if dictionaryID != nil { flags |= 0x01 }
    let sizeID = 4 + (LZ4Format.blockSizes.firstIndex(of: blockSize) ?? 3)
    var descriptor = [flags, UInt8(sizeID << 4)]
    if let contentSize { descriptor += (0..<8).map { UInt8(truncatingIfNeeded: contentSize >> (8 * $0)) } }
    if let dictionaryID { descriptor += (0..<4).map { UInt8(truncatingIfNeeded: dictionaryID >> (8 * $0)) } }
    let checksum = UInt8(truncatingIfNeeded: XXH32.of(descriptor) >> 8)
    return (0..<4).map { UInt8(truncatingIfNeeded: LZ4Format.frameMagic >> (8 * $0)) } + descriptor + [checksum]
  }
}
