// SPDX-License-Identifier: Apache-2.0

/// An engine with everything around it that holds for every codec: totals, limits, the declared size of the content,
/// refusal after the end or a failure, and a check that its answers make sense.
///
/// All streams, pumps and sequences drive their engines through this, so that a codec's author gets these rules right by
/// doing nothing.
struct GuardedEngine {
  /// How many bytes were taken in.
  var totalIn: UInt64 = 0
  /// How many bytes were put out.
  var totalOut: UInt64 = 0
  let codec: CodecID

  private let engine: any StreamEngine
  /// The engine, if it lends its memory.
  let lender: (any LendingEngine)?
  private let contentSize: UInt64?
  let limits: LimitEnforcer?
  var phase = Phase.open
  var stalls = 0
  /// Where in the stream the engine began.
  private(set) var origin: UInt64 = 0
  /// What passing a limit owes the caller, once the output before it has been lent.
  var excessError: CodecError?

  enum Phase { case open, ended, failed }

  /// So many calls without any progress are an endless loop.
  static let patience = 16

  /// An engine that compresses.
  init(compressing codec: some Codec, _ options: CompressionOptions) throws(CodecError) {
    self.codec = codec.descriptor.id
    engine = try codec.makeCompressionEngine(options)
    lender = engine as? any LendingEngine
    contentSize = options.contentSize
    limits = nil
  }

  /// An engine that decompresses.
  init(decompressing codec: some Codec, _ options: DecompressionOptions) throws(CodecError) {
    self.codec = codec.descriptor.id
    engine = try codec.makeDecompressionEngine(options)
    lender = engine as? any LendingEngine
    contentSize = nil
    limits = LimitEnforcer(options.limits, codec: codec.descriptor.id)
  }

  /// An engine that goes on in the middle of a stream: totals and limits count what lies before as well.
  init(resuming engine: any StreamEngine, codec: CodecID, _ options: DecompressionOptions, at point: SeekPoint) {
    self.codec = codec
    self.engine = engine
    lender = engine as? any LendingEngine
    contentSize = nil
    limits = LimitEnforcer(options.limits, codec: codec)
    totalIn = point.inputOffset
    totalOut = point.outputOffset
    origin = point.inputOffset
  }

  /// An engine that has its own rules inside.
  init(_ engine: any StreamEngine, codec: CodecID) {
    self.codec = codec
    self.engine = engine
    lender = engine as? any LendingEngine
    contentSize = nil
    limits = nil
  }

  /// At least 1, whatever the engine says.
  var preferredInputSize: Int { max(1, engine.preferredInputSize) }

  /// At least 1, whatever the engine says.
  var preferredOutputSize: Int { max(1, engine.preferredOutputSize) }

  var notices: [StreamNotice] { engine.notices }

  /// One step of the engine. When it throws, what was appended to `output` is valid, and within the limits.
  mutating func step(
    _ input: RawSpan, into output: inout OutputRawSpan, flush: Flush
  ) throws(CodecError) -> StreamStep {
    guard try isOpen(offered: input.byteCount) else { return StreamStep(consumed: 0, produced: 0, state: .finished) }
    let before = output.byteCount
    do throws(CodecError) {
      try checkContentSize(input.byteCount, flush)
      let step = try engine.step(input, into: &output, flush: flush)
      try checkAnswer(step, input.byteCount, output.byteCount - before, output.freeCapacity, flush)
      totalIn += UInt64(step.consumed)
      if let excess = limits?.excess(totalIn: totalIn, totalOut: totalOut + UInt64(step.produced)) {
        output.removeLast(Int(min(UInt64(step.produced), excess.byteCount)))
        throw excess.error
      }
      totalOut += UInt64(step.produced)
      if step.state == .finished { phase = .ended }
      return step
    } catch {
      phase = .failed
      throw bounded(error, input.byteCount, before, &output).completed(codec: codec, inputOffset: totalIn)
    }
  }

  /// Whether there is something to do: not after the end, and only an error after a failure.
  func isOpen(offered: Int) throws(CodecError) -> Bool {
    switch phase {
    case .open: return true
    case .ended where offered == 0: return false
    case .ended: throw CodecError(.streamFinished, codec: codec, inputOffset: totalIn, reason: "the stream has ended")
    case .failed:
      throw CodecError(.streamFinished, codec: codec, inputOffset: totalIn, reason: "the stream has failed already")
    }
  }

  /// The error of a step, after what it appended beyond the limits has been taken back: an error that comes in the same
  /// step must not carry output past a limit, or hide that it was passed.
  private mutating func bounded(
    _ error: CodecError, _ offered: Int, _ before: Int, _ output: inout OutputRawSpan
  ) -> CodecError {
    let appended = max(0, output.byteCount - before)
    // How much input the output came from is not known any more; at most all of it.
    let excess = limits?.excess(totalIn: totalIn &+ UInt64(offered), totalOut: totalOut &+ UInt64(appended))
    let taken = excess.map { Int(min(UInt64(appended), $0.byteCount)) } ?? 0
    output.removeLast(taken)
    totalOut += UInt64(appended - taken)
    return excess?.error ?? error
  }

  /// Back to the beginning of a new stream.
  mutating func reset() throws(CodecError) {
    phase = .failed
    do throws(CodecError) { try engine.reset() } catch { throw error.completed(codec: codec) }
    phase = .open
    totalIn = 0
    totalOut = 0
    origin = 0
    stalls = 0
    excessError = nil
  }

  func checkContentSize(_ count: Int, _ flush: Flush) throws(CodecError) {
    guard let contentSize else { return }
    let seen = totalIn + UInt64(count)
    guard seen > contentSize || (flush == .finish && seen < contentSize) else { return }
    throw CodecError(
      .contentSizeMismatch, inputOffset: min(seen, contentSize),
      reason: "the input has \(seen > contentSize ? "more" : "fewer") than the \(contentSize) bytes that were declared")
  }

  /// An answer that cannot be true would have its caller read memory that nobody wrote, or loop for ever.
  private mutating func checkAnswer(
    _ step: StreamStep, _ offered: Int, _ appended: Int, _ freeRoom: Int, _ flush: Flush
  ) throws(CodecError) {
    guard (0...offered).contains(step.consumed), step.produced == appended else {
      throw CodecError(
        .internalInconsistency,
        reason: "the engine says it consumed \(step.consumed) of \(offered) bytes and produced \(step.produced), "
          + "but appended \(appended)")
    }
    let isStall =
      step.consumed == 0 && step.produced == 0 && freeRoom > 0 && step.state != .finished
      && (offered > 0 || flush == .finish || (flush == .block && step.state == .needsOutput))
    stalls = isStall ? stalls + 1 : 0
    guard stalls < Self.patience else {
      throw CodecError(.internalInconsistency, reason: "the engine makes no progress")
    }
  }
}
