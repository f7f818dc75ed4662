// SPDX-License-Identifier: Apache-2.0

/// Reads parts of the decoded data of a compressed stream, and decodes only what it must.
///
/// ```swift
/// var reader = try PartReader(Zstd.default, source: file)
/// try reader.read(from: 5 << 30, count: 4096, to: &sink)
/// ```
///
/// The bytes are those that decoding from the start brings, whatever the stream claims. A reader works with every codec;
/// how much it saves is up to the format:
///
/// | format | decoding begins at | found by |
/// |---|---|---|
/// | zstd | the frame | frame and block headers; the seek table with ``DecompressionOptions/trustsIndex`` |
/// | lz4, independent blocks | the block | size fields, and the declared size of the frame; without that, the tokens |
/// | lz4, linked blocks | the frame | its declared size |
/// | snappy | the chunk | chunk headers |
/// | s2 | the chunk | chunk headers; the index with ``DecompressionOptions/trustsIndex``, or ``S2/seekIndex`` |
/// | gzip with `IG`, `BC` or `MZ` fields | the member | these fields, and the size at the end of each member |
/// | none | the byte | |
/// | everything else | the start | |
///
/// Frames of zstd that do not declare their size, linked blocks of lz4 without a declared size and members of gzip without
/// a size field end the search: from there on everything up to the part is decoded.
///
/// **What is checked.** What a walk passes over is not decoded, so damage in it goes unnoticed. What a piece says it holds is
/// believed when the seek table says the same, or when another piece has been decoded that holds as much; any other piece is
/// decoded to see. A size field of a gzip member is believed when it leads to another member with such a field; one that
/// was made to lead past a whole member, with the right size at its end, is not found out. From the beginning of the first piece on everything is decoded, and every
/// checksum is checked, up to the end of the piece in which the part ends. Two checksums cannot be: the one over a whole
/// lz4 frame that was entered in the middle or is left before its end, and the one at the end of a piece that is unknown
/// or more than 32 MiB away. The part is delivered as it is decoded: an error may come after it.
///
/// **Limits.** All of ``DecompressionLimits`` hold as if everything before the part had been decoded too: a part behind
/// ``DecompressionLimits/maximumOutputSize`` is refused.
///
/// Points that were found are remembered, at most half a megabyte of them, so that later reads find theirs at once.
public struct PartReader<Source: RandomAccessSource>: ~Copyable {
  private let codec: any Codec
  private let options: DecompressionOptions
  private let box: SourceBox<Source>
  private let input: SalvageInput
  private let walker: (any SeekWalker)?
  /// Looks for the end of the piece in which a part ends, without the care that is needed to begin somewhere.
  private let endWalker: (any SeekWalker)?
  private var points = SeekPointList()

  /// Prepares to read parts; reads nothing yet.
  ///
  /// - Parameters:
  ///   - codec: the codec of the stream.
  ///   - options: limits, dictionary, what to do with bytes after the end, and whether an index is trusted.
  ///   - source: the stream. It must not change as long as the reader is used.
  /// - Throws: ``CodecError`` with `invalidOption` or `outOfMemory`.
  public init(
    _ codec: some Codec, _ options: DecompressionOptions = .init(), source: Source
  ) throws(CodecError) {
    var trusting = options
    trusting.trustsIndex = true
    let walker = try codec.makeSeekWalker(options)
    let endWalker = try codec.makeSeekWalker(trusting)
    self.codec = codec
    self.options = options
    self.walker = walker
    self.endWalker = endWalker
    box = SourceBox(source)
    input = box.input()
  }

  /// Whether the codec can begin anywhere but at the start. A stream may still give it no opportunity.
  public var canSeek: Bool { walker != nil }

  /// Decodes a part.
  ///
  /// - Parameters:
  ///   - offset: where the part begins in the decoded data. Behind the end of it, everything from the last point on is
  ///     decoded and checked, and nothing is delivered.
  ///   - count: how many bytes it has, `nil` for all to the end. Fewer are delivered only at the end. With 0, nothing is
  ///     read at all.
  ///   - sink: gets the part, and what was delivered before an error.
  ///   - progress: is called from time to time; its offsets are those of the whole stream.
  /// - Returns: what came of it.
  /// - Throws: ``PumpError``; as `codec` what decoding from the start would throw, unless that is because of something
  ///   before the part.
  /// - Complexity: O(*n*) headers before the part, once; with a trusted index O(1).
  @discardableResult
  public mutating func read<Sink: ByteSink & ~Copyable>(
    from offset: UInt64, count: UInt64? = nil, to sink: inout Sink, progress: (PumpProgress) -> Void = { _ in }
  ) throws(PumpError<Source.Failure, Sink.Failure>) -> PartSummary {
    guard count != 0 else { return PartSummary() }
    let point = locate(offset, progress)
    if let failure = box.takeFailure() { throw .source(failure) }
    var pump: StreamPump
    do throws(CodecError) {
      pump = StreamPump(resumed: try engine(at: point, count))
    } catch {
      throw .codec(error.completed(codec: codec.descriptor.id))
    }
    if let failure = box.takeFailure() { throw .source(failure) }
    var source = SourceCursor(box.source, at: point.inputOffset)
    let end = PieceEnd(endWalker, input, from: point, behind: count.map { offset.addingReportingOverflow($0) })
    var part = PartSink(consume sink, skip: offset - point.outputOffset, count: count) { end?.find() }
    var failure: PumpError<Source.Failure, Sink.Failure>?
    var isAtEnd = true
    do throws(PumpError<Source.Failure, PartSink<Sink>.Failure>) {
      try pump.run(from: &source, to: &part, progress: progress)
    } catch {
      switch error {
      case .source(let error): failure = .source(error)
      case .codec(let error): failure = .codec(error)
      case .sink(.base(let error)): failure = .sink(error)
      case .sink(.complete): isAtEnd = false
      }
    }
    let (written, isComplete) = (part.written, part.isComplete)
    sink = part.finish()
    if let failure, !isComplete || Self.concerns(failure, end?.point) { throw failure }
    if let failure = box.takeFailure() { throw .source(failure) }
    return PartSummary(
      start: point, bytesIn: pump.totalIn - min(pump.totalIn, point.inputOffset), bytesOut: written,
      reachedEnd: isAtEnd && !isComplete, notices: isComplete ? [] : pump.notices)
  }

  /// Whether a failure behind a complete part concerns the piece in which it ends.
  private static func concerns(_ failure: PumpError<Source.Failure, some Error>, _ end: SeekPoint?) -> Bool {
    switch failure {
    case .source, .sink: return true
    case .codec(let error):
      guard let end, error.code != .limitExceeded else { return false }
      return error.inputOffset.map { $0 < end.inputOffset } ?? true
    }
  }

  /// An engine from a point on. For a small part, several threads would decode ahead in vain.
  private func engine(at point: SeekPoint, _ count: UInt64?) throws(CodecError) -> GuardedEngine {
    var options = options
    if let count, count < Self.largePart { options.threads = 1 }
    guard let walker, point.inputOffset > 0 else { return try GuardedEngine(decompressing: codec, options) }
    let engine = makeParallelDecoder(try walker.makeEngine(at: point, in: input), options)
    return GuardedEngine(resuming: engine, codec: codec.descriptor.id, options, at: point)
  }

  private static var largePart: UInt64 { 16 << 20 }

  /// The last point at or before a position, as far as there are certain ones.
  private mutating func locate(_ offset: UInt64, _ progress: (PumpProgress) -> Void) -> SeekPoint {
    guard let walker, offset > 0 else { return .start }
    if let point = walker.closestPoint(to: offset, in: input), point.outputOffset <= offset,
      point.inputOffset <= input.size
    {
      return point
    }
    var point = points.last(notBehind: offset)
    var steps = 0
    while let next = walker.sensiblePoint(after: point, in: input), next.outputOffset <= offset {
      point = next
      points.note(point)
      steps += 1
      if steps.isMultiple(of: 1024) {
        progress(PumpProgress(bytesRead: point.inputOffset, bytesIn: point.inputOffset, bytesOut: 0))
      }
    }
    return point
  }
}

/// What came of reading a part.
public struct PartSummary: Hashable, Sendable {
  /// Where decoding began.
  public var start: SeekPoint
  /// How many bytes of the compressed stream were decoded.
  public var bytesIn: UInt64
  /// How many bytes were delivered.
  public var bytesOut: UInt64
  /// Whether decoding went on to the end of the stream.
  public var reachedEnd: Bool
  /// What the decoder met that is no error.
  public var notices: [StreamNotice]

  /// Makes a summary; by default that of nothing.
  public init(
    start: SeekPoint = .start, bytesIn: UInt64 = 0, bytesOut: UInt64 = 0, reachedEnd: Bool = false,
    notices: [StreamNotice] = []
  ) {
    self.start = start
    self.bytesIn = bytesIn
    self.bytesOut = bytesOut
    self.reachedEnd = reachedEnd
    self.notices = notices
  }
}
