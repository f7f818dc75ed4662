// SPDX-License-Identifier: Apache-2.0

/// Makes the seek index of a stream that has none, from the headers of its chunks; nothing is decoded.
///
/// ```swift
/// var scanner = S2IndexScanner()
/// while let part = read() { try scanner.scan(part.span.bytes) }
/// let index = try scanner.finish()
/// ```
public struct S2IndexScanner: Sendable {
  private var index = S2Index(blockSize: 0)
  private var position: UInt64 = 0
  private var content: Int64 = 0
  private var largestBlock = S2Format.maximumBlock
  private var hasStarted = false
  /// The beginning of a chunk.
  private var head: [UInt8] = []
  /// How much of the current chunk is still to be passed over.
  private var left = 0
  private let rules = S2ReadingRules(.init())

  /// A scanner at the start of a stream.
  public init() {}

  /// Looks at the next part of the stream, of any size.
  ///
  /// - Throws: ``CodecError`` with `unknownFormat`, `corrupt` or `unsupportedFeature`; also when another stream is joined
  ///   to the first, because an index can describe only one.
  public mutating func scan(_ part: RawSpan) throws(CodecError) {
    var used = 0
    while used < part.byteCount {
      if left > 0 {
        let passed = min(left, part.byteCount - used)
        left -= passed
        used += passed
        position += UInt64(passed)
        continue
      }
      head.append(part.byte(at: used))
      used += 1
      try lookAtHead()
    }
  }

  /// The index of all that was scanned.
  ///
  /// - Throws: ``CodecError`` with `truncated` when the stream ended inside a chunk.
  public func finish() throws(CodecError) -> S2Index {
    guard left == 0, head.isEmpty else {
      throw CodecError(.truncated, codec: S2.id, inputOffset: position, reason: "the input ends inside a chunk")
    }
    var index = index
    index.totalUncompressed = content
    index.totalCompressed = Int64(clamping: position)
    index.thin()
    return index
  }

  private mutating func lookAtHead() throws(CodecError) {
    guard hasStarted else {
      guard head.count == S2Format.identifier.count else { return }
      guard let largest = unsafe S2Chunk.largestBlock(head.span.bytes) else {
        throw CodecError(
          .unknownFormat, codec: S2.id, inputOffset: 0,
          reason: "the data does not begin with a stream identifier of S2 or Snappy")
      }
      largestBlock = largest
      hasStarted = true
      position = UInt64(head.count)
      head = []
      return
    }
    let front: S2Chunk?
    do throws(CodecError) {
      front = unsafe try S2Chunk.front(of: head.span.bytes, at: position, largestBlock: largestBlock, rules)
    } catch {
      throw error.completed(codec: S2.id, inputOffset: position)
    }
    guard let chunk = front, let size = chunk.contentSize else { return }
    guard chunk.kind != .identifier else {
      throw CodecError(
        .unsupportedFeature, codec: S2.id, inputOffset: position, reason: "several joined streams cannot have one index"
      )
    }
    if size > 0 {
      if index.blockSize == 0 { index.blockSize = Int64(size) }
      index.add(compressed: Int64(clamping: position), uncompressed: content)
      content += Int64(size)
    }
    left = chunk.size - head.count
    position += UInt64(head.count)
    head = []
  }
}
