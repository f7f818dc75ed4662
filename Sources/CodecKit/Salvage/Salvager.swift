// SPDX-License-Identifier: Apache-2.0

/// Decompresses what can be read of a damaged stream: what comes before and after the damage, at the offsets where it
/// was, with zeros between.
///
/// ```swift
/// var salvager = try Salvager(Zstd.default, source: file)
/// let summary = try salvager.run(to: &sink) { loss in print(loss) }
/// ```
///
/// Where it is not known how much is lost, nothing is written, and what follows moves forward; the report says so. Data
/// from a piece that fails its checksum is delivered as far as it decodes, and reported as unverified. An undamaged
/// stream comes out as any decoder delivers it, and without a report. Memory is constant.
public struct Salvager<Source: RandomAccessSource>: ~Copyable {
  private let source: SourceBox<Source>
  private let input: SalvageInput
  private let walker: any SalvageWalker
  private let codec: CodecID
  private let limits: LimitEnforcer
  private var decoder: PieceDecoder
  private var summary = SalvageSummary()
  private var pending: SalvageLoss?

  /// Prepares to salvage a stream.
  ///
  /// - Parameters:
  ///   - codec: the codec; not every one can.
  ///   - options: limits, dictionary, and what to do with bytes after the end.
  ///   - source: the stream.
  /// - Throws: ``CodecError`` with `unsupportedFeature` when streams of this codec cannot be entered in the middle, or
  ///   `invalidOption` or `outOfMemory`.
  public init(
    _ codec: some Codec, _ options: DecompressionOptions = .init(), source: Source
  ) throws(CodecError) {
    self.codec = codec.descriptor.id
    guard let walker = try codec.makeSalvageWalker(options) else {
      throw CodecError(
        .unsupportedFeature, codec: codec.descriptor.id,
        reason: "data of this format cannot be read behind damage: its parts depend on each other")
    }
    self.walker = walker
    self.source = SourceBox(source)
    input = self.source.input()
    limits = LimitEnforcer(options.limits, codec: self.codec)
    decoder = PieceDecoder(walker.engine, codec: self.codec)
  }

  /// A walker that stays where it is so many times is stuck.
  private static var patience: Int { 64 }

  /// Salvages the stream.
  ///
  /// - Parameters:
  ///   - sink: gets what can be read, and zeros.
  ///   - progress: is called from time to time; what is read and taken in is the position in the stream.
  ///   - onLoss: is told of each damaged place, in order, neighbouring ones as one.
  /// - Returns: what came of it.
  /// - Throws: ``PumpError``; as `codec` only for what is not damage, such as `limitExceeded` by the whole output or
  ///   `outOfMemory`.
  public mutating func run<Sink: ByteSink & ~Copyable>(
    to sink: inout Sink, progress: (PumpProgress) -> Void = { _ in },
    onLoss: (SalvageLoss) -> Void
  ) throws(PumpError<Source.Failure, Sink.Failure>) -> SalvageSummary {
    summary = SalvageSummary()
    summary.bytesIn = input.size
    // What was found before a failure is told all the same.
    defer { flush(onLoss) }
    try walk(
      to: &sink, { progress(PumpProgress(bytesRead: $0, bytesIn: $0, bytesOut: $1)) }, onLoss)
    flush(onLoss)
    return summary
  }

  private mutating func walk<Sink: ByteSink & ~Copyable>(
    to sink: inout Sink, _ progress: (UInt64, UInt64) -> Void, _ onLoss: (SalvageLoss) -> Void
  ) throws(PumpError<Source.Failure, Sink.Failure>) {
    var offset: UInt64 = 0
    var stays = 0
    while true {
      let step = walker.next(at: offset, in: input)
      if let failure = source.failure { throw .source(failure) }
      let before = offset
      switch step {
      case .end: return
      case .pass(let end):
        offset = max(offset, end)
      case .gap(let end, let contentSize, let fault):
        try lose(
          offset..<max(offset, end), produced: 0, contentSize: contentSize, fault, to: &sink, progress, onLoss)
        offset = max(offset, end)
      case .doubt(let start, let end, let contentSize, let fault):
        offset = max(offset, end)
        report(
          SalvageLoss(
            input: min(start, offset)..<offset, outputOffset: summary.bytesOut - min(contentSize, summary.bytesOut),
            unverified: contentSize, lost: 0, isFilled: true, fault: fault), onLoss)
      case .piece(let piece):
        offset = try decode(piece, to: &sink, progress, onLoss)
      }
      progress(offset, summary.bytesOut)
      stays = offset == before ? stays + 1 : 0
      guard stays < Self.patience else {
        throw .codec(
          CodecError(.internalInconsistency, codec: codec, inputOffset: offset, reason: "the walker is stuck"))
      }
    }
  }

  private mutating func decode<Sink: ByteSink & ~Copyable>(
    _ piece: SalvagePiece, to sink: inout Sink, _ progress: (UInt64, UInt64) -> Void, _ onLoss: (SalvageLoss) -> Void
  ) throws(PumpError<Source.Failure, Sink.Failure>) -> UInt64 {
    var written = summary.bytesOut
    let (limits, walker) = (limits, walker)
    let result: PieceResult
    do throws(PumpError<Source.Failure, Sink.Failure>) {
      result = try decoder.decode(piece, in: input) {
        (content: RawSpan, position: UInt64) throws(PumpError<Source.Failure, Sink.Failure>) in
        walker.note(content)
        try Self.write(content, at: position, &written, limits, to: &sink)
        progress(position, written)
      }
    } catch {
      summary.bytesOut = written
      throw error
    }
    summary.bytesOut = written
    if let failure = source.failure { throw .source(failure) }
    let isFatal = [.outOfMemory, .internalInconsistency, .streamFinished].contains(result.fault?.code)
    if let fault = result.fault, isFatal { throw .codec(fault) }
    let conclusion = walker.conclude(piece, result, in: input)
    if let failure = source.failure { throw .source(failure) }
    let end = max(piece.offset, conclusion.end)
    if let fault = result.fault {
      try lose(
        piece.offset..<end, produced: result.produced, contentSize: conclusion.contentSize, fault, to: &sink, progress,
        onLoss)
    } else if let repaired = piece.repaired {
      report(
        SalvageLoss(
          input: piece.offset..<end, outputOffset: summary.bytesOut - result.produced, unverified: 0, lost: 0,
          isFilled: true, fault: repaired), onLoss)
    }
    return end
  }

  /// Fills up what a damaged part of the stream has left open, and reports it.
  private mutating func lose<Sink: ByteSink & ~Copyable>(
    _ range: Range<UInt64>, produced: UInt64, contentSize: UInt64?, _ fault: CodecError, to sink: inout Sink,
    _ progress: (UInt64, UInt64) -> Void, _ onLoss: (SalvageLoss) -> Void
  ) throws(PumpError<Source.Failure, Sink.Failure>) {
    let lost = contentSize.map { $0 - min($0, produced) }
    let isFilled = !(fault.code == .truncated && range.upperBound >= input.size)
    var fault = fault
    if fault.code == .truncated, isFilled {
      // It is the piece that ends, not the stream.
      fault = CodecError(
        .corrupt, codec: codec, inputOffset: fault.inputOffset, reason: "a piece ends before its data does",
        native: fault.native)
    }
    report(
      SalvageLoss(
        input: range, outputOffset: summary.bytesOut - produced, unverified: produced, lost: lost, isFilled: isFilled,
        fault: fault.completed(codec: codec, inputOffset: range.lowerBound)), onLoss)
    guard var rest = lost, isFilled else { return }
    while rest > 0 {
      let count = Int(min(rest, UInt64(Self.zeros.count)))
      var written = summary.bytesOut
      defer { summary.bytesOut = written }
      try unsafe Self.write(
        Self.zeros.span.bytes.extracting(first: count), at: range.upperBound, &written, limits, to: &sink)
      rest -= UInt64(count)
      progress(range.upperBound, written)
    }
  }

  private static var zeros: [UInt8] { zeroBlock }

  /// Writes as much as the limits allow, and throws when that is not all.
  private static func write<Sink: ByteSink & ~Copyable>(
    _ bytes: RawSpan, at position: UInt64, _ written: inout UInt64, _ limits: LimitEnforcer, to sink: inout Sink
  ) throws(PumpError<Source.Failure, Sink.Failure>) {
    let excess = limits.excess(totalIn: position, totalOut: written + UInt64(bytes.byteCount))
    let count = bytes.byteCount - Int(min(UInt64(bytes.byteCount), excess?.byteCount ?? 0))
    if count > 0 {
      do throws(Sink.Failure) { try sink.write(bytes.extracting(first: count)) } catch { throw .sink(error) }
      written += UInt64(count)
    }
    if let excess { throw .codec(excess.error) }
  }

  /// Reports a loss, or joins it to the one before.
  private mutating func report(_ loss: SalvageLoss, _ onLoss: (SalvageLoss) -> Void) {
    if pending?.isContinued(by: loss) == true {
      pending?.append(loss)
    } else {
      flush(onLoss)
      pending = loss
    }
  }

  private mutating func flush(_ onLoss: (SalvageLoss) -> Void) {
    guard let loss = pending else { return }
    pending = nil
    summary.note(loss)
    onLoss(loss)
  }
}

/// What lost bytes are replaced by, again and again.
private let zeroBlock = [UInt8](repeating: 0, count: 64 << 10)
