// SPDX-License-Identifier: Apache-2.0

/// Writes one wrapped deflate stream of any length by a streaming compressor.
///
/// The compressor gets its input in slices of a fixed size, and always the same room: what ISA-L writes depends on how it
/// is fed, and the output must depend on input, options and flushes alone. Slices are taken from the caller's input and
/// written to the caller's output where both are large enough.
final class DeflateStreamEngine: StreamEngine {
  private enum State { case new, open, ended, failed }

  private static let slice = 256 << 10
  /// A slice of stored blocks and what the compressor held back before it fit in here.
  private static let room = slice + (256 << 10)

  private let deflater: any RawDeflater
  private var wrapper: DeflateWrapper
  private var gathered = ByteBuffer()
  private var pending = ByteBuffer()
  private var state = State.new
  private var isFlushed = true

  init(_ deflater: any RawDeflater, _ wrapper: DeflateWrapper) {
    self.deflater = deflater
    self.wrapper = wrapper
  }

  var preferredInputSize: Int { Self.slice }

  var preferredOutputSize: Int { Self.room }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    guard state != .failed else {
      throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
    }
    let before = output.byteCount
    var used = 0
    do throws(CodecError) {
      let answer = try work(input, &used, into: &output, flush)
      return StreamStep(consumed: used, produced: output.byteCount - before, state: answer)
    } catch {
      state = .failed
      throw error
    }
  }

  func reset() throws(CodecError) {
    try deflater.reset()
    wrapper.reset()
    gathered.removeAll()
    pending.removeAll()
    state = .new
    isFlushed = true
  }

  private func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, _ flush: Flush
  ) throws(CodecError) -> StreamStep.State {
    while true {
      _ = pending.drain(into: &output)
      guard pending.isEmpty else { return .needsOutput }
      let rest = input.byteCount - used
      switch state {
      case .new:
        pending.append(wrapper.header)
        state = .open
        continue
      case .ended, .failed:
        guard rest == 0 else {
          throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
        }
        return .finished
      case .open: break
      }
      if rest > 0 {
        isFlushed = false
        try take(input, &used, into: &output)
        continue
      }
      switch flush {
      case .none: return .needsInput
      case .block:
        if isFlushed { return .needsInput }
        try runGathered(.sync, into: &output)
        isFlushed = true
      case .finish:
        try runGathered(.finish, into: &output)
        pending.append(wrapper.trailer)
        state = .ended
      }
    }
  }

  /// Compresses the next slice, or gathers what there is of it.
  private func take(_ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan) throws(CodecError) {
    let rest = input.byteCount - used
    if gathered.isEmpty, rest >= Self.slice {
      try run(input.extracting(used..<used + Self.slice), .none, into: &output)
      used += Self.slice
      return
    }
    let taken = min(rest, Self.slice - gathered.count)
    gathered.append(input.extracting(used..<used + taken))
    used += taken
    if gathered.count == Self.slice { try runGathered(.none, into: &output) }
  }

  private func runGathered(_ flush: DeflateFlush, into output: inout OutputRawSpan) throws(CodecError) {
    var slice = gathered.take()
    try run(slice.bytes, flush, into: &output)
    slice.removeAll()
    swap(&slice, &gathered)
  }

  /// Compresses a slice into the output when that has the room, else into the pending bytes.
  private func run(_ slice: RawSpan, _ flush: DeflateFlush, into output: inout OutputRawSpan) throws(CodecError) {
    wrapper.update(slice)
    var rest = slice
    while true {
      let step: DeflateProgress
      if pending.isEmpty, output.freeCapacity >= Self.room {
        step = try runOnce(rest, flush, into: &output)
      } else {
        var held = pending.take()
        held.reserve(Self.room)
        var room = held.room()
        step = try runOnce(rest, flush, into: &room)
        held.didAppend(step.produced)
        swap(&held, &pending)
      }
      rest = rest.dropping(step.consumed)
      if flush == .finish ? step.ended : rest.byteCount == 0 && step.produced < Self.room { return }
      guard step.consumed + step.produced > 0 else {
        throw CodecError(.internalInconsistency, reason: "the compressor makes no progress")
      }
    }
  }

  private func runOnce(
    _ slice: RawSpan, _ flush: DeflateFlush, into output: inout OutputRawSpan
  ) throws(CodecError) -> DeflateProgress {
    var step = DeflateProgress(consumed: 0, produced: 0, ended: false)
    _ = try unsafe output.appendWritten { (memory) throws(CodecError) in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<Self.room])
      step = try unsafe deflater.run(slice, into: room, flush)
      return step.produced
    }
    return step
  }
}
