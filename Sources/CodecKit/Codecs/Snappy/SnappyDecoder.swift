// SPDX-License-Identifier: Apache-2.0

/// Reads snappy's framing format, chunk by chunk: from the caller's input when that holds the whole chunk, into the
/// caller's output when that has room for it.
final class SnappyDecoder: StreamEngine {
  private enum Stage: Hashable {
    case start, chunk
    /// So many bytes of a chunk are still to be dropped.
    case skipping(UInt64)
    case ended, failed
  }

  private var stage = Stage.start
  /// Where the next chunk stands in the stream.
  private var position: UInt64 = 0
  /// The beginning of a chunk that the input did not hold as a whole.
  private var held = ByteBuffer()
  /// A piece that did not fit into the caller's output.
  private var decoded = ByteBuffer()

  var pausesAtBorders = false

  init() {}

  /// Whether nothing has been read.
  var isAtStart: Bool { stage == .start }

  var isAtBorder: Bool { held.isEmpty && decoded.isEmpty && (stage == .chunk || stage == .start) }

  func accept(_ piece: RawSpan, content: RawSpan, digest: (any PieceDigest)?) { position += UInt64(piece.byteCount) }

  var preferredInputSize: Int { 128 << 10 }

  var preferredOutputSize: Int { 256 << 10 }

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
    stage = .start
    position = 0
    held.removeAll()
    decoded.removeAll()
  }

  /// Begins at a chunk in the middle of a stream.
  func resume(at offset: UInt64) {
    reset()
    position = offset
    if offset > 0 { stage = .chunk }
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
        let skipped = min(UInt64(rest), left)
        used += Int(skipped)
        position += skipped
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
        let needed = try chunkLength(next)
        if next.byteCount >= needed {
          let chunk = next.extracting(0..<needed)
          // A caller that empties its output saves a copy.
          if hasRead, try contentSize(chunk) > output.freeCapacity { return .needsOutput }
          try read(chunk, into: &output)
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
        var needed = try chunkLength(chunk.bytes)
        while chunk.count < needed, used < input.byteCount {
          let taken = min(needed - chunk.count, input.byteCount - used)
          chunk.append(input.extracting(used..<used + taken))
          used += taken
          needed = try chunkLength(chunk.bytes)
        }
        guard chunk.count >= needed else {
          guard isEnd else { return .needsInput }
          try end(with: chunk.bytes)
          return .finished
        }
        if hasRead, try contentSize(chunk.bytes) > output.freeCapacity { return .needsOutput }
        try read(chunk.bytes, into: &output)
        chunk.removeAll()
      }
      hasRead = true
    }
  }

  /// How many bytes to look at next, as far as the first ones tell: a whole chunk, or the header of one to be skipped.
  private func chunkLength(_ bytes: RawSpan) throws(CodecError) -> Int {
    if stage == .start { return SnappyFormat.identifier.count }
    guard bytes.byteCount >= 4 else { return 4 }
    let header = bytes.uint32(at: 0)
    let length = Int(header >> 8)
    switch SnappyFormat.ChunkKind(UInt8(truncatingIfNeeded: header)) {
    case .skippable, .padding: return 4
    case .identifier:
      guard length == 6 else { throw fault("the stream identifier has \(length) bytes instead of 6") }
      return 10
    case .stored:
      guard (4...4 + SnappyFormat.maximumPiece).contains(length) else {
        throw fault("a stored chunk of \(length) bytes: its checksum takes 4, its piece at most 65536")
      }
      return 4 + length
    case .compressed:
      guard length > 4 else { throw fault("a compressed chunk of \(length) bytes is too short") }
      // The declared size is looked at before the rest of the chunk is gathered.
      // What follows a chunk that is too short for it says nothing.
      if bytes.byteCount >= 8, let size = try declaredSize(bytes.dropping(8).extracting(first: length - 4)),
        size > SnappyFormat.maximumPiece
      {
        throw fault("a compressed chunk declares \(size) bytes; a piece has at most 65536")
      }
      return 4 + length
    case .unskippable:
      throw CodecError(
        .unsupportedFeature, inputOffset: position,
        reason: "a chunk of the reserved kind \(header & 0xFF) must not be skipped and cannot be read")
    }
  }

  private func declaredSize(_ block: RawSpan) throws(CodecError) -> UInt32? {
    do throws(CodecError) {
      return try SnappyFormat.declaredSize(block)?.value
    } catch {
      throw CodecError(error.code, inputOffset: position + 8 + (error.inputOffset ?? 0), reason: error.reason)
    }
  }

  /// How much room a complete chunk's content takes.
  private func contentSize(_ chunk: RawSpan) throws(CodecError) -> Int {
    guard stage == .chunk, chunk.byteCount > 4 else { return 0 }
    switch SnappyFormat.ChunkKind(chunk.byte(at: 0)) {
    case .compressed: return Int(try declaredSize(chunk.dropping(8)) ?? 0)
    case .stored: return chunk.byteCount - 8
    default: return 0
    }
  }

  private func read(_ chunk: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    switch SnappyFormat.ChunkKind(chunk.byte(at: 0)) {
    case _ where stage == .start: try readIdentifier(chunk)
    case .identifier: try readIdentifier(chunk)
    case .compressed: try readPiece(chunk, into: &output)
    case .stored: try take(chunk, into: &output)
    case .skippable, .padding:
      stage = .skipping(UInt64(chunk.uint32(at: 0) >> 8))
      position += 4
      return
    case .unskippable: break
    }
    position += UInt64(chunk.byteCount)
  }

  private func readIdentifier(_ chunk: RawSpan) throws(CodecError) {
    let bytes = chunk.array
    guard bytes != SnappyFormat.s2Identifier else {
      throw CodecError(
        .unsupportedFeature, inputOffset: position, reason: "this is an S2 stream, which needs the codec s2")
    }
    guard bytes == SnappyFormat.identifier else {
      throw CodecError(
        stage == .start ? .unknownFormat : .corrupt, inputOffset: position,
        reason: stage == .start
          ? "the data does not begin with snappy's stream identifier" : "a stream identifier has another text")
    }
    stage = .chunk
  }

  private func readPiece(_ chunk: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    let block = chunk.dropping(8)
    guard let size = try declaredSize(block) else { throw fault("a compressed chunk ends inside its declared size") }
    if output.freeCapacity >= Int(size) {
      let count = try decode(block, into: &output)
      do throws(CodecError) {
        try check(output.bytes.extracting(last: count), against: chunk)
      } catch {
        output.removeLast(count)
        throw error
      }
    } else {
      var aside = decoded.take()
      defer { swap(&aside, &decoded) }
      aside.reserve(Int(size))
      var room = aside.room()
      let count = try decode(block, into: &room)
      aside.didAppend(count)
      do throws(CodecError) {
        try check(aside.bytes, against: chunk)
      } catch {
        aside.removeAll()
        throw error
      }
    }
  }

  private func decode(_ block: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> Int {
    do throws(CodecError) {
      return unsafe try output.appendWritten { (room) throws(CodecError) in
        unsafe try SnappyBlock.decompress(block, into: room)
      }
    } catch {
      throw error.completed(codec: nil, inputOffset: position + 8)
    }
  }

  private func take(_ chunk: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    let piece = chunk.dropping(8)
    try check(piece, against: chunk)
    if output.freeCapacity >= piece.byteCount { _ = output.append(prefixOf: piece) } else { decoded.append(piece) }
  }

  private func check(_ piece: RawSpan, against chunk: RawSpan) throws(CodecError) {
    guard SnappyFormat.maskedChecksum(of: piece) == chunk.uint32(at: 4) else {
      throw CodecError(
        .checksumMismatch, inputOffset: position + 4, reason: "a chunk's checksum does not match its content")
    }
  }

  /// The input ends with less than a chunk.
  private func end(with bytes: RawSpan) throws(CodecError) {
    guard stage == .chunk, bytes.isEmpty else {
      if stage == .start, bytes.isEmpty {
        throw CodecError(.truncated, inputOffset: position, reason: "the input is empty")
      }
      if stage == .start, bytes.array != Array(SnappyFormat.identifier.prefix(bytes.byteCount)) {
        try readIdentifier(bytes)
      }
      throw cut()
    }
    stage = .ended
  }

  private func cut() -> CodecError {
    CodecError(.truncated, inputOffset: position, reason: "the input ends inside a chunk")
  }

  private func fault(_ reason: String) -> CodecError {
    CodecError(.corrupt, inputOffset: position, reason: reason)
  }
}
