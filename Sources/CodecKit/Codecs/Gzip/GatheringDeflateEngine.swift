// SPDX-License-Identifier: Apache-2.0

/// Writes one wrapped deflate stream: by libdeflate when all input fits a chunk, else by a streaming compressor.
///
/// libdeflate is several times faster and smaller than zlib but must see everything at once. Which of the two writes
/// depends on the size of the input and on flushes, never on how the input arrives.
final class GatheringDeflateEngine: StreamEngine {
  private let block: any BlockDeflater
  private let stream: DeflateStreamEngine
  private let limit: Int
  private var wrapper: DeflateWrapper
  private var gathered = ByteBuffer()
  private var pending = ByteBuffer()
  private var state = State.gathering

  private enum State { case gathering, streaming, ended, failed }

  init(_ block: any BlockDeflater, _ stream: DeflateStreamEngine, _ wrapper: DeflateWrapper, limit: Int) {
    self.block = block
    self.stream = stream
    self.wrapper = wrapper
    self.limit = limit
  }

  var preferredInputSize: Int { stream.preferredInputSize }

  var preferredOutputSize: Int { stream.preferredOutputSize }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let before = output.byteCount
    do throws(CodecError) {
      switch state {
      case .failed: throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
      case .gathering:
        let fits = input.byteCount <= limit - gathered.count
        if fits, flush == .none {
          gathered.append(input)
          return StreamStep(consumed: input.byteCount, produced: 0, state: .needsInput)
        }
        if fits, flush == .finish {
          try packWhole(input, into: &output)
          _ = pending.drain(into: &output)
          return StreamStep(
            consumed: input.byteCount, produced: output.byteCount - before,
            state: pending.isEmpty ? .finished : .needsOutput)
        }
        state = .streaming
      case .ended:
        guard input.byteCount == 0 else {
          throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
        }
        let moved = pending.drain(into: &output)
        return StreamStep(consumed: 0, produced: moved, state: pending.isEmpty ? .finished : .needsOutput)
      case .streaming: break
      }
      if !gathered.isEmpty {
        var held = gathered.take()
        let step = try stream.step(held.bytes, into: &output, flush: .none)
        held.removeFirst(step.consumed)
        swap(&held, &gathered)
        guard gathered.isEmpty else { return StreamStep(consumed: 0, produced: step.produced, state: .needsOutput) }
        // The memory is not needed any more.
        gathered = ByteBuffer()
      }
      let step = try stream.step(input, into: &output, flush: flush)
      return StreamStep(consumed: step.consumed, produced: output.byteCount - before, state: step.state)
    } catch {
      state = .failed
      throw error
    }
  }

  func reset() throws(CodecError) {
    try stream.reset()
    wrapper.reset()
    gathered.removeAll()
    pending.removeAll()
    state = .gathering
  }

  private func packWhole(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    // Input that comes in one call is packed where it lies.
    if gathered.isEmpty {
      try pack(input, into: &output)
    } else {
      gathered.append(input)
      var whole = gathered.take()
      try pack(whole.bytes, into: &output)
      whole.removeAll()
      swap(&whole, &gathered)
    }
    state = .ended
  }

  private func pack(_ content: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    if output.freeCapacity >= block.bound(content.byteCount) + wrapper.overhead {
      try wrapper.pack(content, by: block, into: &output)
    } else {
      var held = pending.take()
      held.reserve(block.bound(content.byteCount) + wrapper.overhead)
      var room = held.room()
      try wrapper.pack(content, by: block, into: &room)
      let packedSize = room.byteCount
      held.didAppend(packedSize)
      swap(&held, &pending)
    }
  }
}

extension DeflateWrapper {
  /// Writes header, content and trailer. The output has room for the bound and ``overhead``.
  mutating func pack(
    _ content: RawSpan, by block: any BlockDeflater, into output: inout OutputRawSpan
  ) throws(CodecError) {
    update(content)
    unsafe _ = output.append(prefixOf: header.span.bytes)
    if content.isEmpty {
      // libdeflate would take 5 bytes for an empty stream.
      output.append(3)
      output.append(0)
    } else {
      _ = try unsafe output.appendWritten { (room) throws(CodecError) in
        try unsafe block.compress(content, into: room)
      }
    }
    let trailer = self.trailer
    unsafe _ = output.append(prefixOf: trailer.span.bytes)
  }
}
