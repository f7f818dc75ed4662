// SPDX-License-Identifier: Apache-2.0

/// Reads S2 and Snappy streams, chunk by chunk: from the caller's input when that holds the whole chunk, into the caller's
/// output when that has room for it.
final class S2Decoder: StreamEngine {
  private enum Stage: Hashable {
    case start, chunk
    /// So many bytes of a chunk are still to be dropped.
    case skipping(Int)
    case ended, failed
  }

  let rules: S2ReadingRules
  private let requiresIdentifier: Bool
  private let handler: (@Sendable (S2.UserChunk) -> Void)?

  private var stage: Stage
  /// What the last identifier allows.
  private(set) var largestBlock = S2Format.maximumBlock
  /// Where the next chunk stands in the stream.
  private var position: UInt64 = 0
  /// The beginning of a chunk that the input did not hold as a whole.
  private var held = ByteBuffer()
  /// Content that did not fit into the caller's output.
  private var decoded = ByteBuffer()

  var pausesAtBorders = false

  private(set) var preferredInputSize = 256 << 10
  private(set) var preferredOutputSize = 1 << 20

  init(
    _ rules: S2ReadingRules, requiresIdentifier: Bool = true, _ handler: (@Sendable (S2.UserChunk) -> Void)? = nil
  ) {
    self.rules = rules
    self.requiresIdentifier = requiresIdentifier
    self.handler = handler
    stage = requiresIdentifier ? .start : .chunk
  }

  /// Whether a stream identifier must come next.
  var isAtStart: Bool { stage == .start }

  var isAtBorder: Bool { held.isEmpty && decoded.isEmpty && (stage == .chunk || stage == .start) }

  func accept(_ piece: RawSpan, content: RawSpan, digest: (any PieceDigest)?) { position += UInt64(piece.byteCount) }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let before = output.byteCount
    var used = 0
    do throws(CodecError) {
      let answer = try work(input, &used, into: &output, isEnd: flush == .finish)
      return StreamStep(consumed: used, produced: output.byteCount - before, state: answer)
    } catch {
      stage = .failed
      throw error
    }
  }

  func reset() {
    stage = requiresIdentifier ? .start : .chunk
    largestBlock = S2Format.maximumBlock
    position = 0
    held.removeAll()
    decoded.removeAll()
  }

  /// Begins in the middle of a stream, at a chunk.
  func resume(at offset: UInt64, largestBlock: Int) {
    reset()
    position = offset
    self.largestBlock = largestBlock
    stage = .chunk
  }

  private func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, isEnd: Bool
  ) throws(CodecError) -> StreamStep.State {
    var hasRead = false
    while true {
      if decoded.drain(into: &output) > 0 { hasRead = true }
      guard decoded.isEmpty else { return .needsOutput }
      let rest = input.byteCount - used
      if pausesAtBorders, isAtBorder, used > 0, rest > 0 { return .needsOutput }
      switch stage {
      case .failed:
        throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
      case .ended:
        guard rest == 0 else {
          throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
        }
        return .finished
      case .skipping(let left):
        let skipped = min(rest, left)
        used += skipped
        position += UInt64(skipped)
        stage = left > skipped ? .skipping(left - skipped) : .chunk
        guard stage == .chunk else {
          if isEnd { throw cut() }
          return .needsInput
        }
        continue
      case .start, .chunk: break
      }

      if held.isEmpty {
        let next = input.dropping(used)
        let (needed, room) = try look(next)
        if next.byteCount >= needed {
          // A caller that empties its output saves a copy.
          if hasRead, room > output.freeCapacity { return .needsOutput }
          try read(next.extracting(0..<needed), into: &output)
          used += needed
        } else if isEnd {
          try end(with: next)
          return .finished
        } else {
          // A caller that tops its input up saves a copy.
          if hasRead, rest > 0 { return .needsOutput }
          held.append(next)
          used = input.byteCount
          return .needsInput
        }
      } else {
        var chunk = held.take()
        defer { swap(&chunk, &held) }
        var (needed, room) = try look(chunk.bytes)
        while chunk.count < needed, used < input.byteCount {
          let taken = min(needed - chunk.count, input.byteCount - used)
          chunk.append(input.extracting(used..<used + taken))
          used += taken
          (needed, room) = try look(chunk.bytes)
        }
        guard chunk.count >= needed else {
          guard isEnd else { return .needsInput }
          try end(with: chunk.bytes)
          return .finished
        }
        if hasRead, room > output.freeCapacity { return .needsOutput }
        try read(chunk.bytes, into: &output)
        chunk.removeAll()
      }
      hasRead = true
    }
  }

  /// How many bytes to look at next, as far as the first ones tell: a whole chunk, or the header of one to be skipped. And
  /// how much room its content takes.
  private func look(_ bytes: RawSpan) throws(CodecError) -> (needed: Int, room: Int) {
    if stage == .start { return (S2Format.identifier.count, 0) }
    guard let chunk = try S2Chunk.front(of: bytes, at: position, largestBlock: largestBlock, rules) else {
      return (4, 0)
    }
    switch chunk.kind {
    case .padding: return (4, 0)
    case .skippable: return (handler == nil ? 4 : chunk.size, 0)
    default:
      // The declared size is looked at before the rest of the chunk is gathered.
      guard let size = chunk.contentSize else { return (min(chunk.size, S2Chunk.headSize), 0) }
      if chunk.size > preferredInputSize { preferredInputSize = chunk.size + 4096 }
      if size > preferredOutputSize { preferredOutputSize = size }
      return (chunk.size, size)
    }
  }

  private func read(_ bytes: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    if stage == .start { return try readIdentifier(bytes) }
    guard let chunk = try S2Chunk.front(of: bytes, at: position, largestBlock: largestBlock, rules) else { return }
    switch chunk.kind {
    case .identifier: return try readIdentifier(bytes)
    case .padding: stage = .skipping(chunk.size - 4)
    case .skippable:
      guard let handler else {
        stage = .skipping(chunk.size - 4)
        break
      }
      handler(S2.UserChunk(kind: chunk.tag, bytes: bytes.dropping(4).array))
    default:
      let size = chunk.contentSize ?? 0
      if output.freeCapacity >= size {
        try chunk.decode(bytes, at: position, rules, into: &output)
      } else {
        var aside = decoded.take()
        defer { swap(&aside, &decoded) }
        aside.reserve(size)
        var room = aside.room()
        try chunk.decode(bytes, at: position, rules, into: &room)
        aside.didAppend(size)
      }
    }
    position += UInt64(bytes.byteCount)
  }

  private func readIdentifier(_ bytes: RawSpan) throws(CodecError) {
    guard let largest = S2Chunk.largestBlock(bytes) else {
      throw CodecError(
        stage == .start ? .unknownFormat : .corrupt, inputOffset: position,
        reason: stage == .start
          ? "the data does not begin with a stream identifier of S2 or Snappy" : "a stream identifier has another text")
    }
    largestBlock = largest
    position += UInt64(bytes.byteCount)
    stage = .chunk
  }

  /// The input ends with less than a chunk.
  private func end(with bytes: RawSpan) throws(CodecError) {
    if bytes.isEmpty {
      // Nothing at all is a stream without content.
      stage = .ended
      return
    }
    if stage == .start {
      let beginning = bytes.array
      let isCut = [S2Format.identifier, SnappyFormat.identifier].contains { $0.starts(with: beginning) }
      if !isCut { try readIdentifier(bytes) }
    }
    throw cut()
  }

  private func cut() -> CodecError {
    CodecError(.truncated, inputOffset: position, reason: "the input ends inside a chunk")
  }
}
