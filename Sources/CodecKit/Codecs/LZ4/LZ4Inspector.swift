// SPDX-License-Identifier: Apache-2.0

/// Walks an LZ4 stream from size field to size field: nothing is decoded, and block data is not even looked at.
final class LZ4Inspector: StreamInspector {
  private enum Stage { case magic, header, block, contentChecksum, legacyBlock, skippableSize, done }

  private(set) var report = StreamReport()
  private var stage = Stage.magic
  private var position: UInt64 = 0
  private var isFirst = true
  /// Whether every frame that holds content has a checksum over it.
  private var allHaveChecksums = true
  /// Whether all blocks so far can be decoded without the ones before them.
  private var allAreIndependent = true
  /// Whether all frames so far declare how much they hold.
  private var allAreSized = true
  /// How many blocks all frames have.
  private var blockCount: UInt64 = 0

  // The frame that is being walked:
  private var start: UInt64 = 0
  private var header = LZ4FrameHeader()
  private var blocks: UInt64 = 0
  private var storedBlocks: UInt64 = 0

  init() {}

  func inspect(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> InspectionStep {
    var used = 0
    while stage != .done {
      let rest = input.dropping(used)
      let needed = stage == .header ? (rest.isEmpty ? 3 : LZ4FrameHeader.length(flags: rest.byte(at: 0))) : 4
      guard rest.byteCount >= needed else {
        if isEnd { try end(with: rest) }
        return InspectionStep(used: used)
      }
      let skip = try read(rest.extracting(0..<needed))
      used += needed
      position += UInt64(needed) + skip
      guard skip <= UInt64(input.byteCount - used) else { return InspectionStep(used: used, skip: skip) }
      used += Int(skip)
    }
    return InspectionStep(used: input.byteCount)
  }

  /// Reads one field.
  ///
  /// - Returns: how many bytes behind it are of no interest.
  private func read(_ unit: RawSpan) throws(CodecError) -> UInt64 {
    switch stage {
    case .magic:
      try readMagic(unit.uint32(at: 0), at: position)
    case .header:
      header = try LZ4FrameHeader(unit, at: position)
      stage = .block
    case .block:
      let field = unit.uint32(at: 0)
      guard field != 0 else {
        if header.hasContentChecksum { stage = .contentChecksum } else { finishFrame(at: position + 4) }
        return 0
      }
      blocks += 1
      if field & LZ4Format.storedFlag != 0 { storedBlocks += 1 }
      return UInt64(field & ~LZ4Format.storedFlag) + (header.hasBlockChecksums ? 4 : 0)
    case .contentChecksum:
      finishFrame(at: position + 4)
    case .legacyBlock:
      let size = unit.uint32(at: 0)
      if size > 0, size <= LZ4Format.blockBound(LZ4Format.legacyBlockSize) {
        blocks += 1
        return UInt64(size)
      }
      finishLegacyFrame(at: position)
      try readMagic(size, at: position)
    case .skippableSize:
      let size = UInt64(unit.uint32(at: 0))
      report.append(
        .init(kind: "skippable", offset: start, packedSize: 8 + size, contentSize: 0), holdsContent: false)
      stage = .magic
      return size
    case .done: break
    }
    return 0
  }

  private func readMagic(_ magic: UInt32, at offset: UInt64) throws(CodecError) {
    start = offset
    blocks = 0
    storedBlocks = 0
    switch magic {
    case LZ4Format.frameMagic: stage = .header
    case LZ4Format.legacyMagic: stage = .legacyBlock
    case _ where LZ4Format.isMagic(magic): stage = .skippableSize
    default:
      guard !isFirst else {
        throw CodecError(
          .unknownFormat, codec: "lz4", inputOffset: offset, reason: "the data does not begin with an lz4 frame")
      }
      report.details.append(.init("trailing data", "from offset \(offset)"))
      stage = .done
    }
    isFirst = false
  }

  private func finishFrame(at end: UInt64) {
    var details: [StreamReport.Detail] = [
      .init("block size", Self.size(header.blockSize)),
      .init("blocks", header.hasIndependentBlocks ? "independent" : "linked"),
    ]
    if storedBlocks > 0 { details.append(.init("stored blocks", String(storedBlocks))) }
    details.append(.init("block checksums", header.hasBlockChecksums ? "XXH32" : "none"))
    details.append(.init("content checksum", header.hasContentChecksum ? "XXH32" : "none"))
    if let id = header.dictionaryID { details.append(.init("dictionary id", String(id))) }
    // A frame without blocks is empty, whether it says so or not.
    report.append(
      .init(
        kind: "frame", offset: start, packedSize: end - start,
        contentSize: header.contentSize ?? (blocks == 0 ? 0 : nil), blocks: blocks, details: details))
    note(hasChecksum: header.hasContentChecksum)
    noteAccess(isIndependent: header.hasIndependentBlocks, size: header.contentSize)
    stage = .magic
  }

  private func finishLegacyFrame(at end: UInt64) {
    report.append(
      .init(
        kind: "legacy frame", offset: start, packedSize: end - start, contentSize: blocks == 0 ? 0 : nil,
        blocks: blocks, details: [.init("block size", "8 MiB"), .init("content checksum", "none")]))
    note(hasChecksum: false)
    noteAccess(isIndependent: false, size: nil)
    stage = .magic
  }

  /// Takes note of what one frame means for how all of them can be decoded.
  private func noteAccess(isIndependent: Bool, size: UInt64?) {
    allAreIndependent = allAreIndependent && isIndependent
    allAreSized = allAreSized && (size != nil || blocks == 0)
    blockCount += blocks
    report.parallelBy = allAreIndependent && blockCount > 1 ? "blocks" : nil
    report.seekableBy =
      report.parallelBy != nil
      ? allAreSized ? "block sizes" : "block tokens"
      : allAreSized && report.contentFrameCount > 1 ? "frame headers" : nil
  }

  private func note(hasChecksum: Bool) {
    allHaveChecksums = allHaveChecksums && hasChecksum
    report.checksum = allHaveChecksums ? "XXH32" : nil
  }

  private func end(with rest: RawSpan) throws(CodecError) {
    switch stage {
    case .magic where !rest.isEmpty && !isFirst && !LZ4Format.couldBeginMagic(rest):
      report.details.append(.init("trailing data", "from offset \(position)"))
      stage = .done
    case .magic where rest.isEmpty && !isFirst: stage = .done
    case .legacyBlock where rest.isEmpty:
      finishLegacyFrame(at: position)
      stage = .done
    default:
      throw CodecError(
        .truncated, codec: "lz4", inputOffset: position,
        reason: isFirst && rest.isEmpty ? "the input is empty" : "the input ends inside a frame")
    }
  }

  private static func size(_ bytes: Int) -> String {
    bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes >> 10) KiB"
  }
}
