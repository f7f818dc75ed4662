// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Reads any zstd stream.
///
/// A frame that lies in the input as a whole, and whose content fits the output, is decoded in one call, straight from
/// one to the other. Every other frame is streamed block by block, which costs a copy out of the window. A frame that
/// fails in one call is streamed too: that delivers what comes before the damage, and finds the block at fault.
final class ZstdDecoder: StreamEngine {
  let options: DecompressionOptions
  private let dictionaryNumber: UInt32?
  private let frame: ZstdFrameStream
  private var state = State.boundary
  /// The bytes of a header that is being gathered.
  private var lead: [UInt8] = []
  /// How many bytes were consumed in all.
  private var position: UInt64 = 0
  /// Where the header starts that is being gathered.
  private var leadOffset: UInt64 = 0
  private var framesSeen: UInt64 = 0
  private(set) var notices: [StreamNotice] = []
  var pausesAtBorders = false

  private enum State: Equatable {
    case boundary, frame, trailing, ended, failed
    case skipping(UInt64)
  }

  init(_ options: DecompressionOptions) throws(CodecError) {
    self.options = options
    dictionaryNumber = options.dictionary.flatMap { Zstd.identifier(of: $0) }
    frame = try ZstdFrameStream(dictionary: options.dictionary)
  }

  // Large enough for few calls, small enough for what is read, decoded and written to stay in the cache: buffers for
  // whole frames of 4 MiB, which would save the copy out of the window, cost 3 to 6 % more time.
  var preferredInputSize: Int { 128 << 10 }
  var preferredOutputSize: Int { 256 << 10 }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    switch state {
    case .failed:
      throw CodecError(.streamFinished, codec: Zstd.id, reason: "the stream has failed and takes no more input")
    case .ended:
      guard input.isEmpty else {
        throw CodecError(.streamFinished, codec: Zstd.id, reason: "the stream has been finished")
      }
      return StreamStep(consumed: 0, produced: 0, state: .finished)
    default: break
    }
    let before = output.byteCount
    var cursor = ZstdCursor(start: position)
    do throws(CodecError) {
      var answer: StreamStep.State?
      while answer == nil {
        if pausesAtBorders, isAtBorder, cursor.used > 0, cursor.used < input.byteCount {
          answer = .needsOutput
          break
        }
        switch state {
        case .boundary: answer = try boundary(input, &cursor, into: &output, flush)
        case .frame: answer = try stream(input, &cursor, into: &output, flush)
        case .skipping(let rest): answer = try skip(rest, input, &cursor, flush)
        case .trailing:
          cursor.used = input.byteCount
          if flush == .finish { state = .ended }
          answer = flush == .finish ? .finished : .needsInput
        case .ended: answer = .finished
        case .failed: answer = .needsInput
        }
      }
      position = cursor.offset
      return StreamStep(
        consumed: cursor.used, produced: output.byteCount - before, state: answer ?? .needsInput)
    } catch {
      state = .failed
      throw error
    }
  }

  func reset() {
    frame.reset()
    state = .boundary
    lead.removeAll(keepingCapacity: true)
    position = 0
    leadOffset = 0
    framesSeen = 0
    notices = []
  }

  /// Begins between frames in the middle of a stream.
  func resume(at offset: UInt64) {
    reset()
    position = offset
    framesSeen = offset > 0 ? 1 : 0
  }

  // MARK: - Between frames

  var isAtBorder: Bool { state == .boundary && lead.isEmpty }

  func accept(_ piece: RawSpan, content: RawSpan, digest: (any PieceDigest)?) {
    position += UInt64(piece.byteCount)
    framesSeen += 1
  }

  private func boundary(
    _ input: RawSpan, _ cursor: inout ZstdCursor, into output: inout OutputRawSpan, _ flush: Flush
  ) throws(CodecError) -> StreamStep.State? {
    let start = lead.isEmpty ? cursor.used : nil
    if start != nil { leadOffset = cursor.offset }
    guard try gather(input, &cursor, flush) else {
      guard flush == .finish else { return .needsInput }
      return try end()
    }
    guard state == .boundary, unsafe lead.span.bytes.uint32(at: 0) == ZstdFormat.magic else { return nil }
    guard let header = unsafe ZstdFrameHeader(lead.span.bytes) else { return .needsInput }
    try check(header)
    if let start, let size = whole(header, input.dropping(start), into: &output) {
      cursor.used = start + size
      lead.removeAll(keepingCapacity: true)
      framesSeen += 1
      return nil
    }
    lead.removeAll(keepingCapacity: true)
    try frame.begin(header, at: leadOffset, bodyAt: cursor.offset)
    state = .frame
    return nil
  }

  /// Gathers the next header byte by byte, until it is complete or turns out to be none.
  ///
  /// - Returns: whether there is something to go on with.
  private func gather(
    _ input: RawSpan, _ cursor: inout ZstdCursor, _ flush: Flush
  ) throws(CodecError) -> Bool {
    while true {
      let needed: Int
      if lead.count < 4 {
        // After a frame, the first byte that fits nothing is enough; at the start, the name of the format is wanted.
        if framesSeen > 0, unsafe !ZstdFormat.canBegin(lead.span.bytes) {
          try trail()
          return true
        }
        needed = 4
      } else {
        let magic = unsafe lead.span.bytes.uint32(at: 0)
        if magic == ZstdFormat.magic {
          needed = unsafe ZstdFrameHeader.sizeNeeded(lead.span.bytes)
        } else if ZstdFormat.isSkippable(magic) {
          needed = 8
        } else if framesSeen > 0 {
          try trail()
          return true
        } else {
          throw foreign(lead, input.dropping(cursor.used))
        }
        if lead.count == needed {
          if magic != ZstdFormat.magic {
            state = unsafe .skipping(UInt64(lead.span.bytes.uint32(at: 4)))
            lead.removeAll(keepingCapacity: true)
          }
          return true
        }
      }
      guard cursor.used < input.byteCount else { return false }
      lead.append(input.byte(at: cursor.used))
      cursor.used += 1
    }
  }

  /// The input ends between frames, or within a header.
  private func end() throws(CodecError) -> StreamStep.State {
    if lead.isEmpty, framesSeen > 0 {
      state = .ended
      return .finished
    }
    if unsafe !ZstdFormat.canBegin(lead.span.bytes) { throw foreign(lead, RawSpan()) }
    throw CodecError(
      .truncated, codec: Zstd.id, inputOffset: leadOffset,
      reason: lead.isEmpty ? "the input is empty" : "the input ends within a frame header")
  }

  /// What follows the last frame is not zstd.
  private func trail() throws(CodecError) {
    state = .trailing
    lead.removeAll(keepingCapacity: true)
    switch options.trailingData {
    case .ignore: break
    case .report:
      notices.append(
        StreamNotice(.trailingData, inputOffset: leadOffset, text: "bytes follow that do not belong to the data"))
    case .reject:
      throw CodecError(
        .corrupt, codec: Zstd.id, inputOffset: leadOffset,
        reason: "bytes follow the last frame that do not belong to the data")
    }
  }

  /// The error for input that does not start as zstd does.
  private func foreign(_ lead: [UInt8], _ rest: RawSpan) -> CodecError {
    let bytes = lead + rest.extracting(0..<min(rest.byteCount, CodecRegistry.detectionLength)).array
    if let name = unsafe ForeignFormat.recognize(bytes.span.bytes) {
      let isLegacy = name.hasPrefix("legacy zstd")
      return CodecError(
        isLegacy ? .unsupportedFeature : .unknownFormat, codec: Zstd.id, inputOffset: leadOffset,
        reason: isLegacy ? "\(name) is not supported" : "the data is \(name), not zstd")
    }
    if case .codec(let codec) = unsafe CodecRegistry.builtin.detect(bytes.span.bytes) {
      return CodecError(
        .unknownFormat, codec: Zstd.id, inputOffset: leadOffset,
        reason: "the data is \(codec.descriptor.id), not zstd")
    }
    return CodecError(
      .unknownFormat, codec: Zstd.id, inputOffset: leadOffset,
      reason: "the data does not start with a zstd frame")
  }

  /// Refuses what must not or cannot be decoded, before anything is allocated for it.
  private func check(_ header: ZstdFrameHeader) throws(CodecError) {
    func refuse(_ code: CodecError.Code, _ reason: String) -> CodecError {
      CodecError(code, codec: Zstd.id, inputOffset: leadOffset, reason: reason)
    }
    if header.hasReservedBit {
      throw refuse(.unsupportedFeature, "the frame header has a reserved bit set")
    }
    let window = ZstdFormat.text(header.windowSize)
    if header.windowSize > options.limits.maximumWindowSize {
      let limit = ZstdFormat.text(options.limits.maximumWindowSize)
      throw CodecError(
        .limitExceeded, codec: Zstd.id, inputOffset: leadOffset,
        reason: "the frame needs a window of \(window), but the limit is \(limit): raise it to at least that",
        requiredLimit: header.windowSize)
    }
    if header.windowSize > 1 << UInt64(ZstdFormat.windowLogRange.upperBound) {
      throw refuse(.unsupportedFeature, "the frame needs a window of \(window), more than zstd can handle (2048 MiB)")
    }
    if let needed = header.dictionary, needed != dictionaryNumber {
      let given =
        dictionaryNumber.map { "but the one given is \($0)" }
        ?? (options.dictionary == nil ? "but none was given" : "but the one given has no number")
      throw refuse(.dictionaryRequired, "the frame needs dictionary \(needed), \(given)")
    }
  }

  // MARK: - Frames

  /// Decodes a frame in one call when it lies in the input and fits the output.
  ///
  /// - Returns: the frame's size in the input, or `nil` when it must be streamed.
  private func whole(_ header: ZstdFrameHeader, _ input: RawSpan, into output: inout OutputRawSpan) -> Int? {
    guard let extent = ZstdFrameExtent(header, in: input), extent.hasCheckedBlocks else { return nil }
    let size = header.contentSize.map { Int(exactly: $0) ?? Int.max } ?? extent.maximumContentSize
    guard size <= extent.maximumContentSize, size <= output.freeCapacity,
      case .success = frame.decompress(input.extracting(0..<extent.size), limit: size, into: &output)
    else { return nil }
    return extent.size
  }

  private func stream(
    _ input: RawSpan, _ cursor: inout ZstdCursor, into output: inout OutputRawSpan, _ flush: Flush
  ) throws(CodecError) -> StreamStep.State? {
    switch try frame.step(input, &cursor, into: &output) {
    case .ended:
      framesSeen += 1
      state = .boundary
      return nil
    case .needsOutput: return .needsOutput
    case .needsInput:
      guard flush == .finish else { return .needsInput }
      throw CodecError(
        .truncated, codec: Zstd.id, inputOffset: frame.partOffset, reason: "the input ends within a frame")
    }
  }

  private func skip(
    _ rest: UInt64, _ input: RawSpan, _ cursor: inout ZstdCursor, _ flush: Flush
  ) throws(CodecError) -> StreamStep.State? {
    let count = min(rest, UInt64(input.byteCount - cursor.used))
    cursor.used += Int(count)
    if count == rest {
      framesSeen += 1
      state = .boundary
      return nil
    }
    state = .skipping(rest - count)
    guard flush == .finish else { return .needsInput }
    throw CodecError(
      .truncated, codec: Zstd.id, inputOffset: leadOffset, reason: "the input ends within a skippable frame")
  }
}

/// How far a step has come in its input, and where that is in the stream.
struct ZstdCursor {
  let start: UInt64
  var used = 0

  var offset: UInt64 { start + UInt64(used) }
}
