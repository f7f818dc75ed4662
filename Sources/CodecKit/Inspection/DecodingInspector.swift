// SPDX-License-Identifier: Apache-2.0

/// Inspects a stream of a format without structure: decodes it to nowhere, in constant memory, and counts.
///
/// Serves any codec, also one that brings no inspector of its own.
public final class DecodingInspector: StreamInspector {
  /// What was seen; the one frame is there once the stream has been decoded to its end.
  public private(set) var report = StreamReport()

  private var engine: GuardedEngine
  private var scratch = ByteBuffer()
  private var isDone = false

  /// Makes an inspector.
  ///
  /// - Parameters:
  ///   - codec: the codec that reads the stream.
  ///   - options: limits and dictionary. An output limit ends the inspection with `limitExceeded`.
  /// - Throws: ``CodecError`` with `invalidOption` or `outOfMemory`.
  public init(_ codec: some Codec, _ options: DecompressionOptions = .init()) throws(CodecError) {
    engine = try GuardedEngine(decompressing: codec, options)
    scratch.reserve(engine.preferredOutputSize)
    if codec.descriptor.capabilities.contains(.contentChecksum) { report.checksum = "stored, and checked by decoding" }
    report.details = [.init("structure", "none that can be shown without decoding")]
  }

  /// Decodes all of the input and drops the result.
  public func inspect(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> InspectionStep {
    var used = 0
    while !isDone {
      let step = try decode(input.dropping(used), isEnd: isEnd)
      used += step.consumed
      switch step.state {
      case .needsOutput: continue
      case .needsInput: return InspectionStep(used: used)
      case .finished:
        guard isEnd else { return InspectionStep(used: used) }
        isDone = true
        report.append(
          .init(kind: "stream", offset: 0, packedSize: engine.totalIn, contentSize: engine.totalOut))
      }
    }
    return InspectionStep(used: used)
  }

  private func decode(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> StreamStep {
    var buffer = scratch.take()
    defer {
      buffer.removeAll()
      swap(&buffer, &scratch)
    }
    var room = buffer.room()
    return try engine.step(input, into: &room, flush: isEnd ? .finish : .none)
  }
}
