// SPDX-License-Identifier: Apache-2.0

// What stands in a damaged zstd stream: frames, by the seek table where it holds, by their headers elsewhere.

extension Zstd {
  /// A walker from frame to frame. With a seek table, the size of every lost frame is known, also where bytes were
  /// inserted or left out.
  public func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)? {
    try ZstdSalvageWalker(options)
  }
}

/// Walks a zstd stream from frame to frame.
///
/// Three things are asked, in this order: the seek table, counted from the start; the seek table, counted from its end,
/// when bytes were inserted or left out before; and the frames' own headers. Behind damage of unknown extent, the next
/// frame is searched for.
final class ZstdSalvageWalker: SalvageWalker {
  let engine: any StreamEngine

  private let options: DecompressionOptions
  private var hasStarted = false
  private var table: ZstdTableReader?
  /// The entry of the frame that comes next, or the first that is not accounted for.
  private var cursor = ZstdTableReader.Cursor()
  /// How far the stream has moved against the table; `nil` when that is not known any more.
  private var shift: UInt64? = 0
  /// How many bytes were put out since the table was left.
  private var strayContent: UInt64 = 0
  /// Whether the piece that is being decoded ends for certain where it says.
  private var isCertain = false
  private var hasSeenFrame = false
  /// How many bytes frames have been looked for in where neither count of the table fits.
  private var searched: UInt64 = 0

  /// How many entries are tried to find out whether the table holds again.
  private static let attempts = 64
  /// How often the stream may be looked through for such frames, all in all: made for it, it could ask for far more.
  private static let searches: UInt64 = 16

  init(_ options: DecompressionOptions) throws(CodecError) {
    var strict = options
    strict.trailingData = .reject
    engine = try ZstdDecoder(strict)
    self.options = options
  }

  func next(at offset: UInt64, in input: SalvageInput) -> SalvageStep {
    if !hasStarted {
      hasStarted = true
      table = ZstdTableReader(input)
      guard input.size > 0 else {
        return .gap(to: 0, contentSize: nil, fault: fault(.truncated, 0, "the input is empty"))
      }
    }
    guard offset < input.size else { return .end }
    if let table, let step = byTable(table, offset, input) { return step }
    return byHeader(offset, input)
  }

  // MARK: - By the table

  private func byTable(_ table: ZstdTableReader, _ offset: UInt64, _ input: SalvageInput) -> SalvageStep? {
    if shift == nil, let step = realign(table, offset, input) { return step }
    guard let shift else { return nil }
    guard let entry = table.entry(cursor.index, in: input) else {
      if offset >= table.start { return .pass(to: input.size) }
      return .gap(
        to: table.start, contentSize: 0, fault: fault(.corrupt, offset, "bytes before the seek table are in no frame"))
    }
    let end = offset + entry.packed
    if end <= table.start, isTrusted(table, end, input) {
      cursor = ZstdTableReader.Cursor(index: cursor.index + 1, prefix: cursor.prefix &+ entry.packed)
      return piece(offset, end, content: entry.content, input)
    }
    // Counted from the end of the table, frames behind inserted or missing bytes are where they should be.
    let endShift = table.start &- table.total
    var candidate = cursor
    var content: UInt64 = 0
    for _ in 0..<Self.attempts where endShift != shift || candidate.index > cursor.index {
      let begin = candidate.prefix &+ endShift
      let isAhead = begin >= offset && begin <= table.start && (begin > offset || candidate.index > cursor.index)
      if isAhead, isBoundary(begin, table, input) {
        let later = Arrival(begin: begin, cursor: candidate, content: content)
        return arrive(arrival(before: later, table, offset, input) ?? later, offset, input)
      }
      guard let next = table.entry(candidate.index, in: input) else { break }
      content += next.content
      candidate = ZstdTableReader.Cursor(index: candidate.index + 1, prefix: candidate.prefix &+ next.packed)
    }
    // The frame itself agrees with its entry, even if nothing behind it does.
    if end <= table.start, let header = header(at: offset, input),
      case .whole(end, _) = walk(header, offset, table.start, input)
    {
      cursor = ZstdTableReader.Cursor(index: cursor.index + 1, prefix: cursor.prefix &+ entry.packed)
      return piece(offset, end, content: entry.content, input)
    }
    self.shift = nil
    strayContent = 0
    return nil
  }

  /// Where frames and table agree again behind damage.
  private struct Arrival {
    /// The frame.
    var begin: UInt64
    /// Its entry.
    var cursor: ZstdTableReader.Cursor
    /// What the entries before it hold that are not accounted for.
    var content: UInt64
  }

  /// Goes on with a frame whose entry is known; everything before it is one piece, or missing.
  private func arrive(_ arrival: Arrival, _ offset: UInt64, _ input: SalvageInput) -> SalvageStep {
    let isInserted = arrival.cursor.index == cursor.index
    cursor = arrival.cursor
    shift = arrival.begin &- arrival.cursor.prefix
    if arrival.begin == offset || isInserted {
      return .gap(
        to: arrival.begin, contentSize: arrival.content,
        fault: fault(
          .corrupt, offset,
          arrival.begin == offset ? "frames are missing that the seek table lists" : "bytes are inserted between frames"
        ))
    }
    return piece(offset, arrival.begin, content: arrival.content, input)
  }

  /// A sound frame before the place where the table holds again, where several would be lost otherwise: bytes were
  /// inserted here and left out there, and neither count fits. It is known by its size, if only one entry has that.
  private func arrival(
    before later: Arrival, _ table: ZstdTableReader, _ offset: UInt64, _ input: SalvageInput
  ) -> Arrival? {
    guard later.cursor.index > cursor.index + 1 else { return nil }
    var position = offset
    for _ in 0..<Self.attempts {
      searched += later.begin - position
      guard searched / Self.searches < input.size else { return nil }
      position = search(from: position, later.begin, input)
      guard position < later.begin else { return nil }
      if let header = header(at: position, input),
        case .whole(let end, _) = walk(header, position, later.begin, input)
      {
        var found: [Arrival] = []
        var candidate = Arrival(begin: position, cursor: cursor, content: 0)
        while candidate.cursor.index < later.cursor.index, let entry = table.entry(candidate.cursor.index, in: input) {
          if entry.packed == end - position, (header.contentSize ?? entry.content) == entry.content {
            found.append(candidate)
          }
          candidate.content += entry.content
          candidate.cursor = ZstdTableReader.Cursor(
            index: candidate.cursor.index + 1, prefix: candidate.cursor.prefix &+ entry.packed)
        }
        // The next frame is the one that is in doubt.
        if found.count == 1, position > offset || found[0].cursor.index > cursor.index { return found[0] }
      }
      position += 1
    }
    return nil
  }

  /// Goes back to the table where a frame stands at the place that the table gives it, counted from the end.
  private func realign(_ table: ZstdTableReader, _ offset: UInt64, _ input: SalvageInput) -> SalvageStep? {
    let endShift = table.start &- table.total
    var candidate = cursor
    var content: UInt64 = 0
    while candidate.prefix &+ endShift != offset {
      guard let next = table.entry(candidate.index, in: input) else { return nil }
      // Sums wrap where more was left out than stood before: a distance tells what lies behind.
      guard offset &- (candidate.prefix &+ endShift) < UInt64(Int64.max) else { return nil }
      content += next.content
      candidate = ZstdTableReader.Cursor(index: candidate.index + 1, prefix: candidate.prefix &+ next.packed)
    }
    cursor = candidate
    shift = endShift
    guard content > strayContent else { return nil }
    return .gap(
      to: offset, contentSize: content - strayContent,
      fault: fault(.corrupt, offset, "frames are missing that the seek table lists"))
  }

  /// Whether an entry of the table holds: it, or one of the next, leads to a frame.
  private func isTrusted(
    _ table: ZstdTableReader, _ end: UInt64, _ input: SalvageInput
  ) -> Bool {
    if isBoundary(end, table, input) { return true }
    guard var later = table.advanced(cursor, in: input) else { return false }
    let shift = end &- later.prefix
    for _ in 0..<4 {
      guard let next = table.advanced(later, in: input) else { return false }
      later = next
      let begin = later.prefix &+ shift
      if begin > table.start { return false }
      if isBoundary(begin, table, input) { return true }
    }
    return false
  }

  private func isBoundary(_ offset: UInt64, _ table: ZstdTableReader?, _ input: SalvageInput) -> Bool {
    offset == (table?.start ?? input.size) || offset == input.size || isHeader(at: offset, input)
  }

  /// A piece whose borders the table knows.
  private func piece(_ offset: UInt64, _ end: UInt64, content: UInt64, _ input: SalvageInput) -> SalvageStep {
    isCertain = true
    var piece = SalvagePiece(
      offset: offset, end: end, contentSize: content <= Self.largestContent(end - offset) ? content : nil)
    piece.expectedSize = piece.contentSize
    repair(&piece, input)
    return .piece(piece)
  }

  /// 128 KiB come of as little as four bytes.
  private static func largestContent(_ packed: UInt64) -> UInt64 {
    (packed / 4 + 1).multipliedReportingOverflow(by: UInt64(ZstdFormat.maximumBlockSize)).partialValue
  }

  /// A frame without its magic number is a frame all the same, when everything else of it fits.
  private func repair(_ piece: inout SalvagePiece, _ input: SalvageInput) {
    guard let end = piece.end, header(at: piece.offset, input) == nil else { return }
    let begin = input.bytes(at: piece.offset, count: 4)
    guard begin.count == 4, unsafe !ZstdFormat.isSkippable(begin.span.bytes.uint32(at: 0)),
      let header = header(at: piece.offset, input, ignoringMagic: true),
      case .whole(end, _) = walk(header, piece.offset, end, input)
    else { return }
    piece.prologue = ZstdFormat.magicBytes
    piece.replaced = 4
    piece.repaired = fault(.corrupt, piece.offset, "the frame's magic number is damaged; nothing else of it is")
  }

  // MARK: - By headers

  private func byHeader(_ offset: UInt64, _ input: SalvageInput) -> SalvageStep {
    let limit = table?.start ?? input.size
    guard offset < limit else { return .pass(to: input.size) }
    guard let header = header(at: offset, input) else {
      if let end = skippableEnd(at: offset, limit, input) { return .pass(to: end) }
      if let bare = self.header(at: offset, input, ignoringMagic: true),
        case .whole(let end, _) = walk(bare, offset, limit, input), isBoundary(end, table, input)
      {
        var piece = SalvagePiece(offset: offset, end: end)
        repair(&piece, input)
        isCertain = true
        return .piece(piece)
      }
      let next = search(from: offset + 1, limit, input)
      if next == limit, hasSeenFrame, options.trailingData == .ignore { return .pass(to: next) }
      let isCut = input.size - offset < 4 && input.withBytes(at: offset, count: 4) { ZstdFormat.canBegin($0) }
      return .gap(
        to: next, contentSize: nil,
        fault: fault(
          isCut ? .truncated : .corrupt, offset,
          isCut ? "the input ends within a frame header" : "no frame begins where one must"))
    }
    var piece = SalvagePiece(offset: offset, end: limit)
    isCertain = false
    if case .whole(let end, let blocks) = walk(header, offset, limit, input) {
      piece.end = end
      isCertain = isBoundary(end, table, input)
      if let size = header.contentSize, size <= blocks * UInt64(header.maximumBlockSize) { piece.contentSize = size }
    }
    return .piece(piece)
  }

  func conclude(_ piece: SalvagePiece, _ result: PieceResult, in input: SalvageInput) -> PieceConclusion {
    let isSound = result.fault == nil
    hasSeenFrame = hasSeenFrame || isSound
    var end = piece.end ?? input.size
    var size = isSound ? result.produced : piece.contentSize
    if let fault = result.fault, !isCertain, fault.code != .truncated || end < (table?.start ?? input.size) {
      // A wrong checksum says that the frame is damaged somewhere before.
      let begin = fault.code == .checksumMismatch ? piece.offset : fault.inputOffset ?? piece.offset
      let limit = table?.start ?? input.size
      end = search(from: max(piece.offset + 4, begin), limit, input)
      if size == nil, let header = header(at: piece.offset, input), let declared = header.contentSize {
        size = declared <= Self.largestContent(end - piece.offset) ? declared : nil
      }
    } else if result.fault?.code == .truncated, size == nil {
      size = header(at: piece.offset, input)?.contentSize
    }
    // The frame was decoded to its end: what came of it is all there is.
    let reachedEnd = result.fault?.code == .checksumMismatch || result.fault?.code == .contentSizeMismatch
    if reachedEnd, isCertain, table == nil || shift == nil { size = result.produced }
    if shift == nil { strayContent += max(size ?? 0, result.produced) }
    return PieceConclusion(end: end, contentSize: size)
  }

  /// Where the next frame begins, or the limit.
  private func search(from offset: UInt64, _ limit: UInt64, _ input: SalvageInput) -> UInt64 {
    guard offset < limit else { return limit }
    return input.firstOffset(in: offset..<limit, lookahead: 4) { bytes in
      guard bytes.byteCount == 4 else { return false }
      let magic = bytes.uint32(at: 0)
      return magic == ZstdFormat.magic || ZstdFormat.isSkippable(magic)
    } sure: {
      isHeader(at: $0, input)
    } ?? limit
  }

  /// The end of a skippable frame, when something plausible follows it.
  private func skippableEnd(at offset: UInt64, _ limit: UInt64, _ input: SalvageInput) -> UInt64? {
    let bytes = input.bytes(at: offset, count: 8)
    guard bytes.count == 8, unsafe ZstdFormat.isSkippable(bytes.span.bytes.uint32(at: 0)) else { return nil }
    let end = unsafe offset + 8 + UInt64(bytes.span.bytes.uint32(at: 4))
    return end <= limit && isBoundary(end, table, input) ? end : nil
  }

  /// Whether a frame or a skippable frame may begin at a position: the header makes sense, and so does what follows it.
  private func isHeader(at offset: UInt64, _ input: SalvageInput) -> Bool {
    if header(at: offset, input) != nil { return true }
    return input.withBytes(at: offset, count: 8) {
      $0.byteCount == 8 && ZstdFormat.isSkippable($0.uint32(at: 0))
        && UInt64($0.uint32(at: 4)) <= input.size - offset - 8
    }
  }

  /// The header of a frame whose first block makes sense as well.
  private func header(at offset: UInt64, _ input: SalvageInput, ignoringMagic: Bool = false) -> ZstdFrameHeader? {
    let count = ZstdFrameHeader.maximumSize + ZstdBlockHeader.size
    return input.withBytes(at: offset, count: count) { bytes -> ZstdFrameHeader? in
      guard bytes.byteCount >= 5, ignoringMagic || bytes.uint32(at: 0) == ZstdFormat.magic,
        let header = ZstdFrameHeader(bytes), !header.hasReservedBit,
        header.windowSize <= 1 << UInt64(ZstdFormat.windowLogRange.upperBound)
      else { return nil }
      // A stream may be cut behind a header.
      guard bytes.byteCount >= header.size + ZstdBlockHeader.size else { return header }
      return Self.isPlausible(ZstdBlockHeader(bytes, at: header.size), header) ? header : nil
    }
  }

  private static func isPlausible(_ block: ZstdBlockHeader, _ header: ZstdFrameHeader) -> Bool {
    block.kind < 3 && block.statedSize <= max(header.maximumBlockSize, 1)
  }

  private enum Walk {
    case whole(end: UInt64, blocks: UInt64)
    case broken
  }

  /// Goes from block to block to the end of a frame.
  private func walk(_ header: ZstdFrameHeader, _ offset: UInt64, _ limit: UInt64, _ input: SalvageInput) -> Walk {
    var position = offset + UInt64(header.size)
    var blocks: UInt64 = 0
    while true {
      let block = input.withBytes(at: position, count: ZstdBlockHeader.size) {
        $0.byteCount == ZstdBlockHeader.size ? ZstdBlockHeader($0, at: 0) : nil
      }
      guard let block, Self.isPlausible(block, header) else { return .broken }
      position += UInt64(ZstdBlockHeader.size + block.bodySize)
      blocks += 1
      guard position <= limit else { return .broken }
      if block.isLast { break }
    }
    position += header.hasChecksum ? 4 : 0
    return position <= limit ? .whole(end: position, blocks: blocks) : .broken
  }

  private func fault(_ code: CodecError.Code, _ offset: UInt64, _ reason: String) -> CodecError {
    CodecError(code, codec: Zstd.id, inputOffset: offset, reason: reason)
  }
}
