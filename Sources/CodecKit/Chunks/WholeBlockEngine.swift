// SPDX-License-Identifier: Apache-2.0

/// Turns a whole buffer into another: for formats without any framing, where nothing can be done before all is there.
protocol BlockTransform: AnyObject {
  /// The most bytes of input that make sense; more are an error before they are kept.
  var maximumInputSize: Int { get }

  /// The error for more input than ``maximumInputSize``.
  func tooMuchInput() -> CodecError

  /// Looks at the beginning of the input, so that what cannot work is refused before all of it is gathered.
  ///
  /// - Parameter beginning: what there is so far.
  func check(_ beginning: RawSpan) throws(CodecError)

  /// How much room ``transform(_:into:)`` needs for an input; justified by the input, not only declared by it.
  func room(for input: RawSpan) throws(CodecError) -> Int

  /// Transforms everything.
  ///
  /// - Parameters:
  ///   - input: all bytes.
  ///   - output: has at least ``room(for:)`` free.
  /// - Returns: what is to be said of bytes behind the block, once its content has been delivered.
  func transform(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> BlockEnding
}

/// What is to be said at the end of a block.
enum BlockEnding {
  /// Nothing.
  case clean
  /// That something follows it.
  case notice(StreamNotice)
  /// That what follows it is an error.
  case failure(CodecError)

  /// The ending of a block behind which other bytes stand.
  init(trailingAt offset: Int, _ policy: DecompressionOptions.TrailingData) {
    let text = "what follows the block does not belong to it"
    switch policy {
    case .ignore: self = .clean
    case .report: self = .notice(StreamNotice(.trailingData, inputOffset: UInt64(offset), text: text))
    case .reject: self = .failure(CodecError(.corrupt, inputOffset: UInt64(offset), reason: text))
    }
  }
}

/// Gathers all input and transforms it in one go. Input that arrives as a whole is not copied, and neither is output that
/// fits into the caller's room.
final class WholeBlockEngine: StreamEngine {
  private let transform: any BlockTransform
  private var gathered = ByteBuffer()
  private var result = ByteBuffer()
  private var state = State.open
  private var failure: CodecError?
  private(set) var notices: [StreamNotice] = []

  private enum State { case open, ended, failed }

  init(_ transform: any BlockTransform) {
    self.transform = transform
  }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let before = output.byteCount
    do throws(CodecError) {
      let answer = try work(input, into: &output, flush: flush)
      return StreamStep(consumed: input.byteCount, produced: output.byteCount - before, state: answer)
    } catch {
      state = .failed
      throw error
    }
  }

  func reset() {
    gathered.removeAll()
    result.removeAll()
    state = .open
    failure = nil
    notices = []
  }

  private func work(
    _ input: RawSpan, into output: inout OutputRawSpan, flush: Flush
  ) throws(CodecError) -> StreamStep.State {
    guard state != .failed else {
      throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
    }
    if state == .open {
      guard input.byteCount <= transform.maximumInputSize - gathered.count else { throw transform.tooMuchInput() }
      if flush == .finish, gathered.isEmpty {
        try run(input, into: &output)
      } else {
        var everything = gathered.take()
        defer { swap(&everything, &gathered) }
        everything.append(input)
        guard flush == .finish else {
          try transform.check(everything.bytes)
          return .needsInput
        }
        try run(everything.bytes, into: &output)
      }
      state = .ended
    } else if !input.isEmpty {
      throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
    }
    _ = result.drain(into: &output)
    guard result.isEmpty else { return .needsOutput }
    // Only now: all content has been delivered.
    if let failure { throw failure }
    return .finished
  }

  private func run(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    let needed = try transform.room(for: input)
    if output.freeCapacity >= needed { return take(try transform.transform(input, into: &output)) }
    var held = result.take()
    defer { swap(&held, &result) }
    held.reserve(needed)
    var room = held.room()
    let ending = try transform.transform(input, into: &room)
    let count = room.byteCount
    held.didAppend(count)
    take(ending)
  }

  private func take(_ ending: BlockEnding) {
    switch ending {
    case .clean: break
    case .notice(let notice): notices.append(notice)
    case .failure(let error): failure = error
    }
  }
}
