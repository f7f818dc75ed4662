// SPDX-License-Identifier: Apache-2.0

/// Walks a snappy stream from chunk header to chunk header and counts; nothing is decoded.
final class SnappyInspector: StreamInspector {
  private var position: UInt64 = 0
  private var start: UInt64 = 0
  private var hasStarted = false
  private var counts: [SnappyFormat.ChunkKind: UInt64] = [:]
  private var contentSize: UInt64 = 0
  private var finished = StreamReport()
  private var isDone = false

  init() {}

  /// What was seen so far, with the stream that is being walked as the last frame.
  var report: StreamReport {
    var report = finished
    if hasStarted { append(to: &report) }
    report.checksum = hasStarted ? "CRC-32C" : nil
    if report.frames.reduce(0, { $0 + ($1.blocks ?? 0) }) > 1 {
      report.parallelBy = "chunks"
      report.seekableBy = "chunk headers"
    }
    return report
  }

  func inspect(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> InspectionStep {
    var used = 0
    while !isDone {
      let rest = input.dropping(used)
      // The declared size of a compressed chunk is a varint behind its checksum.
      let wanted = hasStarted ? 13 : SnappyFormat.identifier.count
      if rest.byteCount < wanted, !isEnd { return InspectionStep(used: used) }
      if rest.isEmpty, hasStarted {
        isDone = true
        break
      }
      guard rest.byteCount >= 4, hasStarted || rest.byteCount >= wanted else {
        throw CodecError(
          .truncated, codec: "snappy", inputOffset: position,
          reason: position == 0 && rest.isEmpty ? "the input is empty" : "the input ends inside a chunk")
      }
      let length = UInt64(rest.uint32(at: 0) >> 8)
      try read(rest, length: length)
      position += 4 + length
      guard 4 + length <= UInt64(rest.byteCount) else {
        return InspectionStep(used: input.byteCount, skip: 4 + length - UInt64(rest.byteCount))
      }
      used += 4 + Int(length)
    }
    return InspectionStep(used: input.byteCount)
  }

  private func read(_ chunk: RawSpan, length: UInt64) throws(CodecError) {
    let kind = SnappyFormat.ChunkKind(chunk.byte(at: 0))
    switch kind {
    case .identifier:
      guard chunk.byteCount >= 10, chunk.extracting(0..<10).array == SnappyFormat.identifier else {
        throw fault(hasStarted ? .corrupt : .unknownFormat, "this is not snappy's stream identifier")
      }
      if hasStarted { append(to: &finished) }
      counts = [:]
      contentSize = 0
      start = position
      hasStarted = true
    case _ where !hasStarted:
      throw fault(.unknownFormat, "the data does not begin with snappy's stream identifier")
    case .compressed:
      guard length > 4 else { throw fault(.corrupt, "a compressed chunk of \(length) bytes is too short") }
      guard chunk.byteCount > 8 else { throw fault(.truncated, "the input ends inside a chunk") }
      let end = Int(min(4 + length, UInt64(chunk.byteCount)))
      contentSize &+= UInt64(try declaredSize(chunk.extracting(8..<end)))
    case .stored:
      guard length >= 4 else { throw fault(.corrupt, "a stored chunk of \(length) bytes is too short") }
      contentSize &+= length - 4
    case .unskippable:
      throw fault(.unsupportedFeature, "a chunk of the reserved kind \(chunk.byte(at: 0)) cannot be read")
    case .skippable, .padding: break
    }
    counts[kind, default: 0] += 1
  }

  private func declaredSize(_ block: RawSpan) throws(CodecError) -> UInt32 {
    let size: (value: UInt32, length: Int)?
    do throws(CodecError) { size = try SnappyFormat.declaredSize(block) } catch {
      throw fault(error.code, error.reason)
    }
    guard let size else { throw fault(.corrupt, "a compressed chunk ends inside its declared size") }
    return size.value
  }

  private func append(to report: inout StreamReport) {
    let names: [(SnappyFormat.ChunkKind, String)] = [
      (.compressed, "compressed chunks"), (.stored, "stored chunks"), (.skippable, "skippable chunks"),
      (.padding, "padding chunks"),
    ]
    let details = names.compactMap { kind, name in counts[kind].map { StreamReport.Detail(name, String($0)) } }
    report.append(
      .init(
        kind: "stream", offset: start, packedSize: position - start, contentSize: contentSize,
        blocks: counts[.compressed, default: 0] + counts[.stored, default: 0], details: details))
  }

  private func fault(_ code: CodecError.Code, _ reason: String) -> CodecError {
    CodecError(code, codec: "snappy", inputOffset: position, reason: reason)
  }
}
