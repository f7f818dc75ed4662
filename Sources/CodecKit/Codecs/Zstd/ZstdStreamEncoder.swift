// SPDX-License-Identifier: Apache-2.0

/// Writes everything as one frame, streaming: the classic form, for large windows and for those who ask for it.
///
/// The library's output depends on how its end is announced, so that is always done in the same way: all input goes in
/// without a directive (a first call with all input and the end would declare its size), and the frame is ended or
/// flushed by calls that bring none. The bytes are then the same however the input arrives.
final class ZstdStreamEncoder: StreamEngine {
  private let plan: ZstdPlan
  private let context: ZstdCompressionContext
  private let verifier: ZstdStreamVerifier?
  private var state = State.fresh
  private var total: UInt64 = 0

  private enum State { case fresh, open, flushing, ending, ended, failed }

  init(_ plan: ZstdPlan) throws(CodecError) {
    self.plan = plan
    context = try ZstdCompressionContext(plan)
    verifier = plan.verifies ? try ZstdStreamVerifier(dictionary: plan.dictionary) : nil
  }

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
    do throws(CodecError) {
      var used = 0
      let answer = try work(input, &used, into: &output, flush)
      return StreamStep(consumed: used, produced: output.byteCount - before, state: answer)
    } catch {
      state = .failed
      throw error
    }
  }

  func reset() throws(CodecError) {
    try context.reset()
    verifier?.reset()
    state = .fresh
    total = 0
  }

  private func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, _ flush: Flush
  ) throws(CodecError) -> StreamStep.State {
    if state == .fresh {
      if let size = plan.contentSize { try context.pledge(size) }
      state = .open
    }
    while true {
      switch state {
      case .open:
        let step = try advance(input.dropping(used), .proceed, into: &output)
        used += step.consumed
        if used < input.byteCount {
          if output.freeCapacity == 0 { return .needsOutput }
        } else {
          switch flush {
          case .none: return .needsInput
          case .block: state = .flushing
          case .finish: state = .ending
          }
        }
      case .flushing:
        guard output.freeCapacity > 0 else { return .needsOutput }
        let step = try advance(RawSpan(), .flush, into: &output)
        if step.held == 0 {
          state = .open
          // More input, or a wish to finish, may have come while flushing.
          if used == input.byteCount, flush != .finish { return .needsInput }
        }
      case .ending:
        guard used == input.byteCount else {
          throw CodecError(.streamFinished, codec: Zstd.id, reason: "the stream is ending and takes no more input")
        }
        guard output.freeCapacity > 0 else { return .needsOutput }
        let step = try advance(RawSpan(), .end, into: &output)
        if step.held == 0 {
          try verifier?.finish()
          state = .ended
          return .finished
        }
      case .fresh, .ended, .failed:
        return .finished
      }
    }
  }

  private func advance(
    _ input: RawSpan, _ directive: ZstdCompressionContext.Directive, into output: inout OutputRawSpan
  ) throws(CodecError) -> ZstdCompressionContext.Step {
    if let declared = plan.contentSize, UInt64(input.byteCount) > declared - min(total, declared) {
      throw CodecError(
        .contentSizeMismatch, codec: Zstd.id, inputOffset: declared,
        reason: "the input is longer than the \(declared) bytes that were declared")
    }
    let start = output.byteCount
    let step = try context.step(input, into: &output, directive)
    total += UInt64(step.consumed)
    guard let verifier else { return step }
    verifier.noteInput(input.extracting(0..<step.consumed))
    let seam = plan.codec.seam
    var failure: CodecError?
    unsafe output.withUnsafeMutableBytes { memory, initialized in
      let written = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<initialized])
      if unsafe seam.damagedFrame == 0 && !written.isEmpty { unsafe written[written.count - 1] ^= 1 }
      do throws(CodecError) {
        try unsafe verifier.noteOutput(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(written)))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return step
  }
}
