// SPDX-License-Identifier: Apache-2.0

/// Walks frames and blocks by their headers, decoding nothing.
final class ZstdInspector: StreamInspector {
  private(set) var report = StreamReport()

  private var state = State.boundary
  private var offset: UInt64 = 0
  private var current: Current?
  private var table = ZstdTableCheck()
  /// The frame size that pzstd has announced for the next frame.
  private var announced: UInt64?
  private var announcementsHold = true
  private var announcements: UInt64 = 0
  private var checkedFrames: UInt64 = 0
  private var largestWindow: UInt64 = 0

  private enum State {
    case boundary, block, checksum
    case table(ZstdTableCheck.Reader)
    case ended
  }

  /// The frame that is being walked.
  private struct Current {
    var header: ZstdFrameHeader
    var offset: UInt64
    var blocks: UInt64 = 0
    var kinds: [UInt64] = [0, 0, 0]
  }

  init(_ options: DecompressionOptions) {}

  func inspect(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> InspectionStep {
    let step: InspectionStep?
    switch state {
    case .boundary: step = try boundary(input)
    case .block: step = try block(input)
    case .checksum: step = checksum(input)
    case .table(let reader): step = entries(input, reader)
    case .ended: return InspectionStep(used: 0)
    }
    if let step {
      offset += UInt64(step.used) + step.skip
      return step
    }
    guard isEnd else { return InspectionStep(used: 0) }
    guard case .boundary = state, input.isEmpty, report.frameCount > 0 else {
      finish()
      throw CodecError(
        .truncated, codec: Zstd.id, inputOffset: offset,
        reason: report.frameCount == 0 && input.isEmpty && offset == 0 ? "the input is empty" : "the input ends early")
    }
    finish()
    state = .ended
    return InspectionStep(used: 0)
  }

  private func boundary(_ input: RawSpan) throws(CodecError) -> InspectionStep? {
    guard input.byteCount >= 4 else {
      guard ZstdFormat.canBegin(input) else { throw stranger() }
      return nil
    }
    let magic = input.uint32(at: 0)
    if ZstdFormat.isSkippable(magic) { return skippable(magic, input) }
    guard magic == ZstdFormat.magic else { throw stranger() }
    guard let header = ZstdFrameHeader(input) else { return nil }
    guard !header.hasReservedBit else {
      throw CodecError(
        .unsupportedFeature, codec: Zstd.id, inputOffset: offset, reason: "the frame header has a reserved bit set")
    }
    current = Current(header: header, offset: offset)
    largestWindow = max(largestWindow, header.windowSize)
    state = .block
    return InspectionStep(used: header.size)
  }

  private func block(_ input: RawSpan) throws(CodecError) -> InspectionStep? {
    guard input.byteCount >= ZstdBlockHeader.size else { return nil }
    let block = ZstdBlockHeader(input, at: 0)
    guard block.kind < 3 else {
      throw CodecError(.corrupt, codec: Zstd.id, inputOffset: offset, reason: "the block is of a reserved kind")
    }
    current?.blocks += 1
    current?.kinds[Int(block.kind)] += 1
    let end = offset + UInt64(ZstdBlockHeader.size + block.bodySize)
    if block.isLast {
      if current?.header.hasChecksum == true {
        state = .checksum
      } else {
        endFrame(at: end)
      }
    }
    return InspectionStep(used: ZstdBlockHeader.size, skip: UInt64(block.bodySize))
  }

  private func checksum(_ input: RawSpan) -> InspectionStep? {
    guard input.byteCount >= 4 else { return nil }
    checkedFrames += 1
    endFrame(at: offset + 4, checksum: input.uint32(at: 0))
    return InspectionStep(used: 4)
  }

  private func endFrame(at end: UInt64, checksum: UInt32? = nil) {
    guard let frame = current else { return }
    let size = end - frame.offset
    var details = [StreamReport.Detail("window", ZstdFormat.text(frame.header.windowSize))]
    if let checksum { details.append(.init("checksum", "XXH64 \(String(checksum, radix: 16))")) }
    if let dictionary = frame.header.dictionary { details.append(.init("dictionary", String(dictionary))) }
    let names = ["raw", "repeated byte", "compressed"]
    details.append(
      .init(
        "block kinds",
        zip(frame.kinds, names).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")))
    report.append(
      .init(
        kind: "frame", offset: frame.offset, packedSize: size, contentSize: frame.header.contentSize,
        blocks: frame.blocks, details: details))
    table.note(packed: size, content: frame.header.contentSize)
    if let announced, announced != size { announcementsHold = false }
    announced = nil
    current = nil
    state = .boundary
  }

  private func skippable(_ magic: UInt32, _ input: RawSpan) -> InspectionStep? {
    guard input.byteCount >= 8 else { return nil }
    let size = UInt64(input.uint32(at: 4))
    var details: [StreamReport.Detail] = [.init("magic", "0x" + String(magic, radix: 16, uppercase: true))]
    var step = InspectionStep(used: 8, skip: size)
    if magic == ZstdFormat.sizeHintMagic, size == 4 {
      guard input.byteCount >= 12 else { return nil }
      announced = UInt64(input.uint32(at: 8))
      announcements += 1
      details.append(.init("purpose", "size of the next frame (pzstd): \(announced ?? 0)"))
    } else if magic == ZstdFormat.seekTableMagic, size >= UInt64(ZstdSeekTable.footerSize) {
      details.append(.init("purpose", "seek table"))
      step.skip = 0
      state = .table(ZstdTableCheck.Reader(payload: size))
    }
    report.append(
      .init(kind: "skippable", offset: offset, packedSize: 8 + size, contentSize: 0, details: details),
      holdsContent: false)
    if case .table = state { return step }
    table.note(packed: 8 + size, content: 0)
    return step
  }

  private func entries(_ input: RawSpan, _ reader: ZstdTableCheck.Reader) -> InspectionStep? {
    var reader = reader
    let used = reader.read(input, &table)
    guard used > 0 else { return nil }
    state = reader.isDone ? .boundary : .table(reader)
    return InspectionStep(used: used)
  }

  private func stranger() -> CodecError {
    finish()
    let isFirst = report.frameCount == 0
    return CodecError(
      isFirst ? .unknownFormat : .corrupt, codec: Zstd.id, inputOffset: offset,
      reason: isFirst
        ? "the data does not start with a zstd frame" : "bytes follow the last frame that do not belong to the data")
  }

  /// Fills in what concerns the whole stream.
  private func finish() {
    report.checksum = checkedFrames > 0 && checkedFrames == report.contentFrameCount ? "XXH64" : nil
    report.details = [.init("largest window", ZstdFormat.text(largestWindow))]
    if announcements > 0 {
      report.details.append(
        .init("frame sizes", announcementsHold ? "announced before each frame (pzstd)" : "announced wrongly"))
    }
    if let summary = table.summary { report.details.append(.init("seek table", summary)) }
    guard report.contentFrameCount > 1 else { return }
    let isAnnounced = announcementsHold && announcements == report.contentFrameCount
    report.parallelBy = isAnnounced ? "announced frames" : "frames"
    let isSized = report.contentSize != nil
    if table.isConsistent {
      report.seekableBy = isSized ? "the seek table" : "the seek table, when trusted"
    } else if isSized {
      report.seekableBy = "frame headers"
    }
  }
}
