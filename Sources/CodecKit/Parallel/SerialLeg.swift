// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// The stretch of a stream that its engine decodes alone, on a worker, while the stream's thread reads and writes.
///
/// It has one owner at a time, as a ``DecodingSlot``.
final class SerialLeg: @unchecked Sendable {
  /// What is to be decoded; what is left of it after a run comes first in the next.
  var input = ByteBuffer()
  /// What has been decoded.
  var output = ByteBuffer()
  /// What the engine waits for.
  private(set) var state = StreamStep.State.needsInput
  /// What stopped the engine, behind what is in the output.
  private(set) var failure: CodecError?
  /// Whether pieces begin at what is left of the input.
  private(set) var hasReachedPieces = false
  /// How many bytes the last run took.
  private(set) var taken = 0
  /// How many bytes to take at least before pieces are looked for.
  var patience = 0

  private let engine: any StreamEngine
  private let pieces: (any PiecewiseEngine)?
  private let largestPiece: Int
  private let outputSize: Int
  private let done = DispatchSemaphore(value: 0)

  init(_ engine: any StreamEngine, largestPiece: Int) {
    self.engine = engine
    pieces = engine as? any PiecewiseEngine
    self.largestPiece = largestPiece
    outputSize = max(512 << 10, engine.preferredOutputSize)
  }

  /// Has the engine go on, on a worker.
  func start(_ flush: Flush, on queue: DispatchQueue) {
    queue.async { [self] in
      run(flush)
      done.signal()
    }
  }

  /// Takes the leg back, once the worker is done.
  func wait() { done.wait() }

  /// Takes the leg back if the worker is done.
  func tryWait() -> Bool { done.wait(timeout: .now()) == .success }

  /// Back to a new stream, keeping memory.
  func clear() {
    input.removeAll()
    output.removeAll()
    state = .needsInput
    failure = nil
    hasReachedPieces = false
    taken = 0
    patience = 0
  }

  /// Goes on until the input is used up, the output is full, pieces begin, or the stream ends.
  func run(_ flush: Flush) {
    var packed = input.take()
    var content = output.take()
    defer {
      swap(&packed, &input)
      swap(&content, &output)
    }
    taken = 0
    hasReachedPieces = false
    // What ends here has nothing to say any more.
    content.reserve(packed.isEmpty && flush == .finish ? 4096 : outputSize)
    do throws(CodecError) {
      while true {
        if meetsPieces(packed.bytes) { break }
        let step = try advance(packed.bytes, into: &content, flush)
        packed.removeFirst(step.consumed)
        taken += step.consumed
        patience = max(0, patience - step.consumed)
        state = step.state
        guard step.state == .needsOutput, content.freeRoom > 0 else { break }
        // A border, or too little room for the next block: then the rest of the room is not worth a smaller one.
        let isBorder = pieces?.isAtBorder == true
        if !isBorder, content.count >= outputSize / 2 { break }
      }
    } catch {
      failure = error
    }
  }

  /// One step of the engine. What it appended counts, also when it throws.
  private func advance(
    _ rest: RawSpan, into content: inout ByteBuffer, _ flush: Flush
  ) throws(CodecError) -> StreamStep {
    var room = content.room()
    let step: StreamStep
    do throws(CodecError) { step = try engine.step(rest, into: &room, flush: flush) } catch {
      let count = room.byteCount
      content.didAppend(count)
      throw error
    }
    content.didAppend(step.produced)
    return step
  }

  private func meetsPieces(_ rest: RawSpan) -> Bool {
    guard patience == 0, !rest.isEmpty, let pieces, pieces.isAtBorder else { return false }
    hasReachedPieces = pieces.makeScanner(largestPiece: largestPiece).next(rest) != .serial
    return hasReachedPieces
  }
}
