// SPDX-License-Identifier: Apache-2.0

/// Reads deflate streams with what a format puts around them.
///
/// Content is inflated from the caller's input into the caller's output. The one exception are bytes that the inflater
/// took before it knew that its stream had ended: the few that came in earlier calls are carried to the framing.
class InflateEngine: StreamEngine {
  private enum Phase { case framing, content, foreign, ended, failed }

  private let inflater: any RawInflater
  private let framing: any DeflateFraming
  private let trailingData: DecompressionOptions.TrailingData
  private var phase = Phase.framing
  /// The offset of the next byte to look at.
  final var position: UInt64 = 0
  private var carried: [UInt8] = []
  final private(set) var notices: [StreamNotice] = []

  init(_ inflater: any RawInflater, _ framing: any DeflateFraming, trailingData: DecompressionOptions.TrailingData) {
    self.inflater = inflater
    self.framing = framing
    self.trailingData = trailingData
  }

  /// Whether the framing reads what comes next, and nothing waits to be read by it.
  final var isInFraming: Bool { phase == .framing && carried.isEmpty }

  final var preferredInputSize: Int { 128 << 10 }

  final var preferredOutputSize: Int { 512 << 10 }

  final func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    guard phase != .failed else {
      throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
    }
    let before = output.byteCount
    var used = 0
    do throws(CodecError) {
      let answer = try work(input, &used, into: &output, flush)
      return StreamStep(consumed: used, produced: output.byteCount - before, state: answer)
    } catch {
      phase = .failed
      throw error
    }
  }

  final func reset() {
    inflater.reset()
    framing.reset()
    phase = .framing
    position = 0
    carried.removeAll(keepingCapacity: true)
    notices.removeAll()
  }

  /// Begins in the middle of a stream, where the framing expects to.
  final func resume(at offset: UInt64) { position = offset }

  private final func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, _ flush: Flush
  ) throws(CodecError) -> StreamStep.State {
    if phase == .ended {
      guard input.byteCount == 0 else {
        throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
      }
      return .finished
    }
    var answer: StreamStep.State
    repeat {
      while !carried.isEmpty {
        let bytes = carried
        var taken = 0
        carried.removeAll(keepingCapacity: true)
        let answer = try unsafe advance(bytes.span.bytes, &taken, into: &output)
        carried.append(contentsOf: bytes[taken...])
        if answer == .needsOutput { return .needsOutput }
      }
      answer = try advance(input, &used, into: &output)
    } while !carried.isEmpty
    guard answer == .needsInput, flush == .finish else { return answer }
    if phase == .content || phase == .framing {
      if let notice = try framing.inputEnded(at: position) {
        if notice.kind == .trailingData {
          try meetForeign(at: notice.inputOffset)
        } else {
          notices.append(notice)
        }
      }
    }
    phase = .ended
    return .finished
  }

  /// Works on bytes until they are used up or room is lacking, or until there are carried bytes to work on first.
  private final func advance(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan
  ) throws(CodecError) -> StreamStep.State {
    while true {
      switch phase {
      case .framing:
        let start = position - UInt64(used)
        defer { position = start + UInt64(used) }
        switch try framing.read(input, &used, at: start) {
        case .input: return .needsInput
        case .border: return .needsOutput
        case .content:
          if let dictionary = framing.dictionary { try inflater.setDictionary(dictionary.bytes) }
          phase = .content
        case .foreign(let offset):
          try meetForeign(at: offset)
        }
      case .content:
        if let answer = try inflate(input, &used, into: &output) { return answer }
        guard carried.isEmpty else { return .needsInput }
      case .foreign:
        position += UInt64(input.byteCount - used)
        used = input.byteCount
        return .needsInput
      case .ended, .failed: return .needsInput
      }
    }
  }

  /// Inflates once.
  ///
  /// - Returns: what is lacking to go on, `nil` when nothing is, or the deflate stream has ended.
  private final func inflate(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan
  ) throws(CodecError) -> StreamStep.State? {
    guard output.freeCapacity > 0 else { return .needsOutput }
    var progress = InflateProgress(consumed: 0, produced: 0, ended: false)
    _ = try unsafe output.appendWritten { (room) throws(CodecError) in
      progress = unsafe inflater.run(input.dropping(used), into: room)
      let content = unsafe UnsafeRawBufferPointer(rebasing: room[..<progress.produced])
      unsafe framing.note(content.bytes)
      return progress.produced
    }
    used += progress.consumed
    position += UInt64(progress.consumed)
    if let fault = progress.fault {
      let place = framing.place.isEmpty ? "" : framing.place + ": "
      // What was read ahead of the fault was not understood either.
      let offset = position - min(position, UInt64(inflater.unread.count))
      throw CodecError(fault.code, inputOffset: offset, reason: place + fault.reason, native: fault.native)
    }
    if progress.ended {
      giveBack(&used)
      inflater.reset()
      framing.contentEnded()
      phase = .framing
      return nil
    }
    if output.freeCapacity == 0 { return .needsOutput }
    // The libraries count in 32 bits and are given a part of what is larger.
    let wasCut = used < input.byteCount || progress.produced >= RawInflaterLimit.largestRoom
    return wasCut && progress.consumed + progress.produced > 0 ? nil : .needsInput
  }

  /// Returns what the inflater read beyond its end: to the input where it came from there, else by carrying it.
  private final func giveBack(_ used: inout Int) {
    let (bytes, count) = inflater.unread
    position -= UInt64(count)
    if count <= used {
      used -= count
    } else {
      // They are followed by what is left of the input, so none of it may be skipped.
      let old = count - used
      carried = (0..<old).map { UInt8(truncatingIfNeeded: bytes >> UInt64(8 * $0)) }
      used = 0
    }
  }

  private final func meetForeign(at offset: UInt64) throws(CodecError) {
    phase = .foreign
    let text = "bytes follow the end of the data that do not belong to it"
    switch trailingData {
    case .reject: throw CodecError(.corrupt, inputOffset: offset, reason: text)
    case .report: notices.append(StreamNotice(.trailingData, inputOffset: offset, text: text))
    case .ignore: break
    }
  }
}
