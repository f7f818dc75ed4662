// SPDX-License-Identifier: Apache-2.0

/// Two engines in a row: what the first puts out goes into the second. Decoding and coding again in one pass.
final class ChainedEngine: StreamEngine {
  /// The engine at the input.
  private(set) var first: GuardedEngine
  private var second: GuardedEngine
  private var between = ByteBuffer()
  private var firstIsFinished = false

  init(_ first: GuardedEngine, _ second: GuardedEngine) {
    self.first = first
    self.second = second
    between.reserve(max(first.preferredOutputSize, second.preferredInputSize))
  }

  var preferredInputSize: Int { first.preferredInputSize }
  var preferredOutputSize: Int { second.preferredOutputSize }
  var notices: [StreamNotice] { first.notices + second.notices }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let before = output.byteCount
    var used = 0
    while true {
      var waitsForInput = false
      if !firstIsFinished {
        let step = try decode(input.dropping(used), flush)
        used += step.consumed
        firstIsFinished = step.state == .finished && (flush == .finish || used < input.byteCount)
        waitsForInput = step.state != .needsOutput
      }
      let state = try encode(into: &output, flush, isLast: firstIsFinished)
      let produced = output.byteCount - before
      switch state {
      case .finished: return StreamStep(consumed: used, produced: produced, state: .finished)
      case .needsOutput where output.freeCapacity == 0 || between.freeRoom == 0:
        return StreamStep(consumed: used, produced: produced, state: .needsOutput)
      case .needsInput where waitsForInput && !firstIsFinished:
        return StreamStep(consumed: used, produced: produced, state: .needsInput)
      default: break
      }
    }
  }

  func reset() throws(CodecError) {
    try first.reset()
    try second.reset()
    between.removeAll()
    firstIsFinished = false
  }

  private func decode(_ input: RawSpan, _ flush: Flush) throws(CodecError) -> StreamStep {
    var buffer = between.take()
    defer { swap(&buffer, &between) }
    if buffer.freeRoom == 0 { buffer.reserve(buffer.capacity - buffer.count) }
    guard buffer.freeRoom > 0 else { return StreamStep(consumed: 0, produced: 0, state: .needsOutput) }
    var room = buffer.room()
    let step = try first.step(input, into: &room, flush: flush)
    buffer.didAppend(step.produced)
    return step
  }

  private func encode(
    into output: inout OutputRawSpan, _ flush: Flush, isLast: Bool
  ) throws(CodecError) -> StreamStep.State {
    var buffer = between.take()
    defer { swap(&buffer, &between) }
    let step = try second.step(buffer.bytes, into: &output, flush: isLast ? .finish : flush == .finish ? .none : flush)
    buffer.removeFirst(step.consumed)
    return step.state
  }
}
