// SPDX-License-Identifier: Apache-2.0

/// An engine with memory of its own for what comes in and what goes out, which it lends: whoever drives it reads straight
/// into that memory and writes straight from it.
///
/// Engines that hand work to other threads keep their input and output anyway; lending saves a copy on both sides. As a
/// ``StreamEngine`` such an engine works like any other, by copying.
protocol LendingEngine: StreamEngine {
  /// How much of the input has become output that was lent, or needs none. The rest is still on its way through.
  var position: UInt64 { get }

  /// How many bytes of output can be borrowed now.
  var waitingOutput: Int { get }

  /// Lends room for the next input, at least one byte of it. Only after ``work(_:)`` answered `needsInput`, or at the
  /// start.
  ///
  /// - Parameter body: appends to the room; is called once.
  /// - Returns: how many bytes were appended.
  func lendRoom<Failure: Error>(
    _ body: (inout OutputRawSpan) throws(Failure) -> Void
  ) throws(Failure) -> Int

  /// Works on the input that was filled in.
  ///
  /// With `none` it does not wait for results as long as it has room for more input. With `block` everything that can
  /// be made of the input so far becomes output before it answers `needsInput`.
  ///
  /// - Returns: `needsOutput` when there is output to borrow, and nothing else goes on before; `finished` when all has
  ///   been lent.
  /// - Throws: ``CodecError``, after all output before the fault has been lent.
  func work(_ flush: Flush) throws(CodecError) -> StreamStep.State

  /// Lends the first bytes of the waiting output; they are gone afterwards.
  ///
  /// - Parameters:
  ///   - limit: how many bytes at most.
  ///   - body: reads them; is called once.
  func lendOutput<Failure: Error>(
    atMost limit: Int, _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure)
}

extension LendingEngine {
  /// By copying in and out.
  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let before = output.byteCount
    var used = 0
    var state = StreamStep.State.needsOutput
    while true {
      while waitingOutput > 0, output.freeCapacity > 0 {
        lendOutput(atMost: output.freeCapacity) { _ = output.append(prefixOf: $0) }
      }
      guard waitingOutput == 0 else {
        state = .needsOutput
        break
      }
      if state == .needsInput, used == input.byteCount { break }
      if state == .needsInput { used += lendRoom { _ = $0.append(prefixOf: input.dropping(used)) } }
      state = try work(used == input.byteCount ? flush : .none)
      if state == .finished { break }
    }
    if state == .finished, used < input.byteCount {
      throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
    }
    return StreamStep(consumed: used, produced: output.byteCount - before, state: state)
  }
}
