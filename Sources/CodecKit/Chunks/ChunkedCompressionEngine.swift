// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream into chunks, has each packed, and puts the results together.
///
/// The cutting depends on input and options alone, never on the sizes in which input arrives or on threads: a chunk ends
/// after `chunkSize` bytes or where the format's cutter says, at a flush, or at the end. A full chunk is held until it is
/// known whether something follows it, because formats mark their last piece.
///
/// Input that holds a whole chunk and at least one byte more is packed where it lies, and into the caller's output when
/// there is room: the fast path copies nothing. For its sake the engine answers `needsOutput` after a chunk, so that the
/// caller can top its input up.
final class ChunkedCompressionEngine: StreamEngine {
  private let assembler: any ChunkAssembler
  private let packer: any ChunkPacker
  private let cutting: ChunkCutting

  /// The start of the next chunk, and with a cutter perhaps more.
  private var gathered = ByteBuffer()
  /// How many of the gathered bytes are known to hold no border.
  private var searched = 0
  private var history = ByteBuffer()
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
    cutting = ChunkCutting(assembler)
  }

  var preferredInputSize: Int {
    // Small chunks are taken several at a time.
    max(1, (128 << 10) / cutting.maximumSize) * cutting.maximumSize + Self.lookAhead
  }

  var preferredOutputSize: Int {
    max(1, (128 << 10) / cutting.maximumSize) * packer.packedBound(cutting.maximumSize) + 1024
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
    searched = 0
    history.removeAll()
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
      if gathered.isEmpty, rest > cutting.maximumSize {
        if packedInPlace, output.freeCapacity < packer.packedBound(cutting.maximumSize) { return .needsOutput }
        let size = cutting.border(in: input.dropping(used), searched: 0) ?? cutting.maximumSize
        try pack(input.extracting(used..<used + size), isLast: false, into: &output)
        used += size
        packedInPlace = true
      } else if flush == .none {
        // What is left is less than a chunk: the caller may have more of it ready than was given.
        if packedInPlace, rest > 0 { return .needsOutput }
        if try gather(input, &used, into: &output) { continue }
        return .needsInput
      } else {
        if cutting.cutter == nil, gathered.isEmpty {
          if rest > 0 || (flush == .finish && index == 0) {
            try pack(input.dropping(used), isLast: flush == .finish, into: &output)
          }
          used = input.byteCount
        } else {
          if try gather(input, &used, into: &output) { continue }
          if !gathered.isEmpty || (flush == .finish && index == 0) {
            try packGathered(gathered.count, isLast: flush == .finish, into: &output)
          }
        }
        if flush == .finish {
          try end()
        } else {
          _ = pending.drain(into: &output)
          return pending.isEmpty ? .needsInput : .needsOutput
        }
      }
    }
  }

  /// Adds input to the gathered bytes, packing a chunk when it is full and more follows.
  ///
  /// - Returns: whether a chunk was packed, so that the caller looks at the rest anew.
  private func gather(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan
  ) throws(CodecError) -> Bool {
    let rest = input.byteCount - used
    let size = cutting.maximumSize
    let taken = min(rest, size - gathered.count)
    if taken > 0 {
      gathered.reserve(gathered.isEmpty && rest < size ? min(size, max(taken, 64 << 10)) : taken)
      gathered.append(input.extracting(used..<used + taken))
      used += taken
    }
    guard let border = cutting.border(in: gathered.bytes, searched: searched) else {
      searched = gathered.count
      return false
    }
    guard border < gathered.count || used < input.byteCount else { return false }
    try packGathered(border, isLast: false, into: &output)
    return true
  }

  private func packGathered(_ size: Int, isLast: Bool, into output: inout OutputRawSpan) throws(CodecError) {
    var held = gathered.take()
    try pack(held.bytes.extracting(0..<size), isLast: isLast, into: &output)
    held.removeFirst(size)
    swap(&held, &gathered)
    searched = 0
  }

  /// Packs a chunk into the output when that has room for the worst case, else into the pending bytes.
  private func pack(_ chunk: RawSpan, isLast: Bool, into output: inout OutputRawSpan) throws(CodecError) {
    let place = ChunkPlace(index: index, isLast: isLast, offset: offset)
    if index == 0 {
      try assembler.begin(place, into: &pending)
    }
    assembler.precede(place, into: &pending)
    if !pending.isEmpty { _ = pending.drain(into: &output) }
    assembler.see(chunk)
    let bound = packer.packedBound(chunk.byteCount)
    let packed: PackedChunk
    var before = history.take()
    defer { swap(&before, &history) }
    if pending.isEmpty, output.freeCapacity >= bound {
      packed = try packer.pack(chunk, after: before.bytes, at: place, into: &output)
    } else {
      var held = pending.take()
      held.reserve(bound)
      var room = held.room()
      packed = try packer.pack(chunk, after: before.bytes, at: place, into: &room)
      held.didAppend(packed.packedSize)
      swap(&held, &pending)
    }
    try assembler.note(packed, at: place)
    before.keepEnd(of: chunk, assembler.historySize)
    index += 1
    offset += UInt64(chunk.byteCount)
  }

  private func end() throws(CodecError) {
    try assembler.end(into: &pending)
    state = .ended
  }
}

extension ByteBuffer {
  /// Adds a chunk to the history, and forgets all but its last bytes.
  fileprivate mutating func keepEnd(of chunk: RawSpan, _ size: Int) {
    guard size > 0 else { return }
    if chunk.byteCount >= size { removeAll() }
    append(chunk.dropping(max(0, chunk.byteCount - size)))
    removeFirst(max(0, count - size))
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
  return ParallelCompressionEngine(assembler, workers: workers)
}
