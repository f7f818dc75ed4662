// SPDX-License-Identifier: Apache-2.0

/// A compression stream: bytes in, compressed bytes out, in constant memory, with any sizes of either.
///
/// ```swift
/// var stream = try Compressor(.zstd, .init { $0.level = .better })
/// _ = try stream.update(input, into: &output)
/// try stream.finish { (bytes: RawSpan) throws(CodecError) in … }
/// ```
///
/// It owns its native state and frees it when it goes out of scope. Finishing consumes it: use after finish does not
/// compile.
public struct Compressor: ~Copyable {
  /// How many bytes were taken in.
  public var totalIn: UInt64 { engine.totalIn }
  /// How many bytes were put out.
  public var totalOut: UInt64 { engine.totalOut }

  /// The codec's name, for errors.
  public var codec: CodecID { engine.codec }

  private var engine: GuardedEngine

  /// Starts a stream.
  ///
  /// - Parameters:
  ///   - codec: the codec.
  ///   - options: what it should do.
  /// - Throws: ``CodecError`` with `levelOutOfRange`, `invalidOption` or `outOfMemory`.
  public init(_ codec: some Codec, _ options: CompressionOptions = .init()) throws(CodecError) {
    engine = try GuardedEngine(compressing: codec, options)
  }

  /// How much input at a time suits the codec best, in bytes. Any size works.
  public var preferredInputSize: Int { engine.preferredInputSize }

  /// How much room for output at a time suits the codec best, in bytes. Any size works.
  public var preferredOutputSize: Int { engine.preferredOutputSize }

  /// Compresses a prefix of `input`.
  ///
  /// - Parameters:
  ///   - input: the next bytes; what the answer does not count as consumed must be given again.
  ///   - output: where compressed bytes are appended.
  /// - Returns: what was consumed and produced, and whether more room or more input is needed.
  /// - Throws: ``CodecError`` with `contentSizeMismatch` as soon as more comes than was declared, `outOfMemory` or
  ///   `internalInconsistency`.
  public mutating func update(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> StreamStep {
    try step(input, into: &output, flush: .none)
  }

  /// Makes everything given so far readable at the other end, at some cost in size.
  ///
  /// - Parameter output: where compressed bytes are appended.
  /// - Returns: a step; while its state is `needsOutput`, call again with more room.
  /// - Throws: as ``update(_:into:)``.
  public mutating func flush(into output: inout OutputRawSpan) throws(CodecError) -> StreamStep {
    try step(RawSpan(), into: &output, flush: .block)
  }

  /// Ends the stream.
  ///
  /// - Parameter sink: gets the remaining compressed bytes, in one or more calls.
  /// - Throws: ``CodecError`` with `contentSizeMismatch` when less came than was declared, and what `sink` throws.
  public consuming func finish(_ sink: (RawSpan) throws(CodecError) -> Void) throws(CodecError) {
    var buffer = ByteBuffer()
    buffer.reserve(Swift.min(engine.preferredOutputSize, 256 << 10))
    while true {
      var room = buffer.room()
      let step = try step(RawSpan(), into: &room, flush: .finish)
      buffer.didAppend(step.produced)
      if step.produced > 0 { try sink(buffer.bytes) }
      buffer.removeAll()
      if step.state == .finished { return }
    }
  }

  /// The general form of a step: input, output and how urgently, in one call.
  ///
  /// After `.finish` has answered `finished`, or after an error, the stream takes nothing but ``reset()``: further input
  /// throws `streamFinished`.
  ///
  /// - Parameters:
  ///   - input: the next bytes.
  ///   - output: where compressed bytes are appended.
  ///   - flush: how urgently output is wanted.
  /// - Returns: what was consumed and produced, and what the stream waits for.
  /// - Throws: as ``update(_:into:)``.
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
