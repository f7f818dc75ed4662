// SPDX-License-Identifier: Apache-2.0

/// Walks a stream from chunk header to chunk header and counts; nothing is decoded. Reads the seek index.
final class S2Inspector: StreamInspector {
  private var position: UInt64 = 0
  private var start: UInt64 = 0
  private var hasStarted = false
  private var isSnappy = false
  private var largestBlock = S2Format.maximumBlock
  private var counts: [SnappyFormat.ChunkKind: UInt64] = [:]
  private var paddingSize: UInt64 = 0
  private var largestContent: Int = 0
  private var contentSize: UInt64 = 0
  private var index: String?
  private var finished = StreamReport()
  private var isDone = false
  private let rules = S2ReadingRules(DecompressionOptions { $0.limits.maximumWindowSize = .max })

  /// What is told of a stream as a whole, when it is the only one.
  private static let summary: Set = ["compressed chunks", "stored chunks", "largest block", "padding", "index"]

  init() {}

  /// What was seen so far, with the stream that is being walked as the last frame.
  var report: StreamReport {
    var report = finished
    if hasStarted { append(to: &report) }
    report.checksum = hasStarted ? "CRC-32C" : nil
    if report.frames.count == 1, let only = report.frames.first {
      report.details = only.details.filter { Self.summary.contains($0.name) }
    }
    report.parallelBy = "chunks"
    report.seekableBy = index == nil ? "chunk headers" : "chunk headers, or the index when trusted"
    return report
  }

  func inspect(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> InspectionStep {
    var used = 0
    while !isDone {
      let rest = input.dropping(used)
      let wanted = hasStarted ? S2Chunk.headSize : S2Format.identifier.count
      if rest.byteCount < wanted, !isEnd { return InspectionStep(used: used) }
      if rest.isEmpty {
        isDone = true
        break
      }
      guard hasStarted || rest.byteCount >= wanted else {
        let beginning = rest.array
        let isCut = [S2Format.identifier, SnappyFormat.identifier].contains { $0.starts(with: beginning) }
        throw isCut ? cut() : fault(.unknownFormat, "this is not a stream identifier of S2 or Snappy")
      }
      if !hasStarted {
        try readIdentifier(rest.extracting(0..<wanted))
        used += wanted
        continue
      }
      let chunk: S2Chunk
      do throws(CodecError) {
        guard let front = try S2Chunk.front(of: rest, at: position, largestBlock: largestBlock, rules) else {
          throw cut()
        }
        chunk = front
      } catch { throw error.completed(codec: S2.id, inputOffset: position) }
      if chunk.kind == .identifier {
        guard rest.byteCount >= chunk.size else { throw cut() }
        try readIdentifier(rest.extracting(0..<chunk.size))
        used += chunk.size
        continue
      }
      guard chunk.contentSize != nil else { throw cut() }
      if chunk.tag == S2Format.indexKind, chunk.size <= Self.largestIndex {
        // An index is looked at as a whole.
        guard rest.byteCount >= chunk.size || isEnd else { return InspectionStep(used: used) }
        if rest.byteCount >= chunk.size { note(rest.extracting(0..<chunk.size)) }
      }
      note(chunk)
      position += UInt64(chunk.size)
      guard chunk.size <= rest.byteCount else {
        return InspectionStep(used: input.byteCount, skip: UInt64(chunk.size - rest.byteCount))
      }
      used += chunk.size
    }
    return InspectionStep(used: input.byteCount)
  }

  /// Larger ones are counted only. Entries take 2 to 4 bytes.
  private static let largestIndex = 512 << 10

  private func readIdentifier(_ bytes: RawSpan) throws(CodecError) {
    guard let largest = S2Chunk.largestBlock(bytes) else {
      throw fault(
        hasStarted ? .corrupt : .unknownFormat, "this is not a stream identifier of S2 or Snappy")
    }
    if hasStarted { append(to: &finished) }
    counts = [:]
    paddingSize = 0
    largestContent = 0
    contentSize = 0
    index = nil
    start = position
    largestBlock = largest
    isSnappy = largest == S2Format.maximumSnappyBlock
    hasStarted = true
    position += UInt64(bytes.byteCount)
  }

  private func note(_ chunk: S2Chunk) {
    counts[chunk.kind, default: 0] += 1
    contentSize &+= UInt64(chunk.contentSize ?? 0)
    largestContent = max(largestContent, chunk.contentSize ?? 0)
    if chunk.kind == .padding { paddingSize += UInt64(chunk.size) }
  }

  private func note(_ chunk: RawSpan) {
    do throws(CodecError) {
      let found = try S2Index(chunk)
      let isRight = found.totalUncompressed == Int64(clamping: contentSize)
      index = "\(found.entries.count) entries" + (isRight ? "" : ", of another stream")
    } catch {
      if error.code != .unsupportedFeature { index = "damaged" }
    }
  }

  private func append(to report: inout StreamReport) {
    let names: [(SnappyFormat.ChunkKind, String)] = [
      (.compressed, "compressed chunks"), (.stored, "stored chunks"), (.skippable, "skippable chunks"),
    ]
    var details = [StreamReport.Detail("format", isSnappy ? "Snappy" : "S2")]
    details += names.compactMap { kind, name in counts[kind].map { StreamReport.Detail(name, String($0)) } }
    if largestContent > 0 { details.append(.init("largest block", "\(largestContent) bytes")) }
    if paddingSize > 0 { details.append(.init("padding", "\(paddingSize) bytes")) }
    if let index { details.append(.init("index", index)) }
    report.append(
      .init(
        kind: "stream", offset: start, packedSize: position - start, contentSize: contentSize,
        blocks: counts[.compressed, default: 0] + counts[.stored, default: 0], details: details))
  }

  private func cut() -> CodecError { fault(.truncated, "the input ends inside a chunk") }

  private func fault(_ code: CodecError.Code, _ reason: String) -> CodecError {
    CodecError(code, codec: S2.id, inputOffset: position, reason: reason)
  }
}
