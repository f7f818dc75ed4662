// SPDX-License-Identifier: Apache-2.0

/// A decompression stream: compressed bytes in, bytes out, in constant memory, with any sizes of either, within limits.
///
/// All frames, members or streams that are joined end to end are decoded as one. It owns its native state and frees it
/// when it goes out of scope.
public struct Decompressor: ~Copyable {
  /// How many bytes were taken in.
  public var totalIn: UInt64 { engine.totalIn }
  /// How many bytes were put out, never more than the limits allow.
  public var totalOut: UInt64 { engine.totalOut }

  /// The codec's name, for errors.
  public var codec: CodecID { engine.codec }

  private var engine: GuardedEngine

  /// Starts a stream.
  ///
  /// - Parameters:
  ///   - codec: the codec; ``CodecRegistry/detect(_:fileName:)`` finds it from the first bytes.
  ///   - options: limits, dictionary, and what to do with bytes after the end.
  /// - Throws: ``CodecError`` with `invalidOption` or `outOfMemory`.
  public init(_ codec: some Codec, _ options: DecompressionOptions = .init()) throws(CodecError) {
    engine = try GuardedEngine(decompressing: codec, options)
  }

  /// How much input at a time suits the codec best, in bytes. Any size works.
  public var preferredInputSize: Int { engine.preferredInputSize }

  /// How much room for output at a time suits the codec best, in bytes. Any size works.
  public var preferredOutputSize: Int { engine.preferredOutputSize }

  /// What was met so far that is no error: bytes after the end, a missing end mark.
  public var notices: [StreamNotice] { engine.notices }

  /// Decompresses a prefix of `input`.
  ///
  /// - Parameters:
  ///   - input: the next bytes; what the answer does not count as consumed must be given again.
  ///   - output: where decompressed bytes are appended.
  /// - Returns: what was consumed and produced, and whether more room or more input is needed. The state is `finished`
  ///   only when nothing that follows could belong to the stream.
  /// - Throws: ``CodecError`` with `corrupt`, `checksumMismatch`, `unsupportedFeature`, `dictionaryRequired`,
  ///   `contentSizeMismatch`, `limitExceeded` or `outOfMemory`; what was appended before the throw is valid data.
  public mutating func update(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> StreamStep {
    try step(input, into: &output, flush: .none)
  }

  /// Says that the input has ended.
  ///
  /// - Parameter sink: gets what was still held back, in zero or more calls.
  /// - Throws: ``CodecError`` with `truncated` when the data goes on, further codes as ``update(_:into:)``, and what
  ///   `sink` throws.
  public consuming func finish(_ sink: (RawSpan) throws(CodecError) -> Void) throws(CodecError) {
    _ = try finishReporting(sink)
  }

  /// Says that the input has ended, and reports what was met on the way.
  ///
  /// - Parameter sink: gets what was still held back, in zero or more calls.
  /// - Returns: the notices of the whole stream.
  /// - Throws: as ``finish(_:)``.
  public consuming func finishReporting(
    _ sink: (RawSpan) throws(CodecError) -> Void
  ) throws(CodecError) -> [StreamNotice] {
    var buffer = ByteBuffer()
    buffer.reserve(64 << 10)
    while true {
      var room = buffer.room()
      let step = try step(RawSpan(), into: &room, flush: .finish)
      buffer.didAppend(step.produced)
      if step.produced > 0 { try sink(buffer.bytes) }
      buffer.removeAll()
      if step.state == .finished { return engine.notices }
    }
  }

  /// The general form of a step; `.finish` says that no input follows what is given.
  ///
  /// After the stream has answered `finished`, or after an error, it takes nothing but ``reset()``: further input throws
  /// `streamFinished`.
  ///
  /// - Parameters:
  ///   - input: the next bytes.
  ///   - output: where decompressed bytes are appended.
  ///   - flush: `.finish` at the end of the input. Before it, `.none`, or `.block` to have all that the input so far
  ///     holds, where several threads might hold some of it back.
  /// - Returns: what was consumed and produced, and what the stream waits for.
  /// - Throws: as ``update(_:into:)`` and ``finish(_:)``.
  public mutating func step(
    _ input: RawSpan, into output: inout OutputRawSpan, flush: Flush
  ) throws(CodecError) -> StreamStep {
    try engine.step(input, into: &output, flush: flush)
  }

  /// Back to the beginning of a new stream with the same options, keeping allocations.
  ///
  /// - Throws: ``CodecError`` with `outOfMemory`.
  public mutating func reset() throws(CodecError) {
    try engine.reset()
  }
}
