// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream into chunks of a fixed size, has each packed, and puts the results together.
///
/// The cutting depends on input and options alone, never on the sizes in which input arrives or on threads: a chunk ends
/// after `chunkSize` bytes, at a flush, or at the end. A full chunk is held until it is known whether something follows
/// it, because formats mark their last piece.
///
/// Input that holds a whole chunk and at least one byte more is packed where it lies, and into the caller's output when
/// there is room: the fast path copies nothing. For its sake the engine answers `needsOutput` after a chunk, so that the
/// caller can top its input up.
final class ChunkedCompressionEngine: StreamEngine {
  private let assembler: any ChunkAssembler
  private let packer: any ChunkPacker
  private let chunkSize: Int

  private var gathered = ByteBuffer()
  private var pending = ByteBuffer()
  private var index: UInt64 = 0
  private var offset: UInt64 = 0
  private var state = State.open

  private enum State { case open, ended, failed }

  /// The look-ahead is a page, so that reads of whole chunks stay aligned.
  private static let lookAhead = 4096

  init(_ assembler: any ChunkAssembler) throws(CodecError) {
    self.assembler = assembler
    packer = try assembler.makePacker()
    chunkSize = assembler.chunkSize
  }

  var preferredInputSize: Int {
    // Small chunks are taken several at a time.
    max(1, (128 << 10) / chunkSize) * chunkSize + Self.lookAhead
  }

  var preferredOutputSize: Int {
    max(1, (128 << 10) / chunkSize) * packer.packedBound(chunkSize) + 1024
  }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    guard state != .failed else {
      throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
    }
    let before = output.byteCount
    var used = 0
    do throws(CodecError) {
      let answer = try work(input, &used, into: &output, flush)
      return StreamStep(consumed: used, produced: output.byteCount - before, state: answer)
    } catch {
      state = .failed
      throw error
    }
  }

  func reset() {
    assembler.reset()
    gathered.removeAll()
    pending.removeAll()
    index = 0
    offset = 0
    state = .open
  }

  private func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, _ flush: Flush
  ) throws(CodecError) -> StreamStep.State {
    var packedInPlace = false
    while true {
      _ = pending.drain(into: &output)
      guard pending.isEmpty else { return .needsOutput }
      guard state == .open else {
        if used < input.byteCount {
          throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
        }
        return .finished
      }
      let rest = input.byteCount - used
      if gathered.isEmpty, rest > chunkSize {
        if packedInPlace, output.freeCapacity < packer.packedBound(chunkSize) { return .needsOutput }
        try pack(input.extracting(used..<used + chunkSize), isLast: false, into: &output)
        used += chunkSize
        packedInPlace = true
      } else if flush == .none {
        // What is left is less than a chunk: the caller may have more of it ready than was given.
        if packedInPlace, rest > 0 { return .needsOutput }
        if try gather(input, &used, into: &output) { continue }
        return .needsInput
      } else if gathered.isEmpty {
        if flush == .finish {
          if rest > 0 || index == 0 { try pack(input.dropping(used), isLast: true, into: &output) }
          used = input.byteCount
          try end()
        } else {
          if rest > 0 { try pack(input.dropping(used), isLast: false, into: &output) }
          used = input.byteCount
          _ = pending.drain(into: &output)
          return pending.isEmpty ? .needsInput : .needsOutput
        }
      } else {
        if try gather(input, &used, into: &output) { continue }
        try packGathered(isLast: flush == .finish, into: &output)
        if flush == .finish {
          try end()
        } else {
          _ = pending.drain(into: &output)
          return pending.isEmpty ? .needsInput : .needsOutput
        }
      }
    }
  }

  /// Adds input to the gathered chunk, packing it when it is full and more follows.
  ///
  /// - Returns: whether a chunk was packed, so that the caller looks at the rest anew.
  private func gather(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan
  ) throws(CodecError) -> Bool {
    let rest = input.byteCount - used
    let taken = min(rest, chunkSize - gathered.count)
    if taken > 0 {
      gathered.reserve(gathered.isEmpty && rest < chunkSize ? min(chunkSize, max(taken, 64 << 10)) : taken)
      gathered.append(input.extracting(used..<used + taken))
      used += taken
    }
    guard used < input.byteCount else { return false }
    try packGathered(isLast: false, into: &output)
    return true
  }

  private func packGathered(isLast: Bool, into output: inout OutputRawSpan) throws(CodecError) {
    var chunk = gathered.take()
    try pack(chunk.bytes, isLast: isLast, into: &output)
    chunk.removeAll()
    swap(&chunk, &gathered)
  }

  /// Packs a chunk into the output when that has room for the worst case, else into the pending bytes.
  private func pack(_ chunk: RawSpan, isLast: Bool, into output: inout OutputRawSpan) throws(CodecError) {
    let place = ChunkPlace(index: index, isLast: isLast, offset: offset)
    if index == 0 {
      try assembler.begin(place, into: &pending)
      _ = pending.drain(into: &output)
    }
    let bound = packer.packedBound(chunk.byteCount)
    let packed: PackedChunk
    if pending.isEmpty, output.freeCapacity >= bound {
      packed = try packer.pack(chunk, at: place, into: &output)
    } else {
      var held = pending.take()
      held.reserve(bound)
      var room = held.room()
      packed = try packer.pack(chunk, at: place, into: &room)
      held.didAppend(packed.packedSize)
      swap(&held, &pending)
    }
    try assembler.note(chunk, packed: packed, at: place)
    index += 1
    offset += UInt64(chunk.byteCount)
  }

  private func end() throws(CodecError) {
    try assembler.end(into: &pending)
    state = .ended
  }
}

/// The engine for a format that consists of chunks: on the caller's thread, or with workers. Both write the same bytes.
///
/// - Parameters:
///   - assembler: the format.
///   - threads: as ``CompressionOptions/threads``.
func makeChunkedEngine(_ assembler: any ChunkAssembler, threads: Int) throws(CodecError) -> any StreamEngine {
  let workers = ThreadCount.workers(threads)
  if workers == 1 { return try ChunkedCompressionEngine(assembler) }
  return try ParallelCompressionEngine(assembler, workers: workers)
}
