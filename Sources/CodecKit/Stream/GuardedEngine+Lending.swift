// SPDX-License-Identifier: Apache-2.0

// The same rules for an engine that is driven through the memory that it lends.

extension GuardedEngine {
  /// Whether the engine lends memory: then ``lendRoom(_:)``, ``work(_:)`` and ``lendOutput(_:)`` take the place of
  /// ``step(_:into:flush:)``.
  var lends: Bool { lender != nil }

  /// Lends room for input.
  ///
  /// - Returns: how many bytes were appended to it.
  mutating func lendRoom<Failure: Error>(
    _ body: (inout OutputRawSpan) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    guard let lender, phase == .open else { return 0 }
    let count = try lender.lendRoom(body)
    totalIn += UInt64(count)
    return count
  }

  /// Works on what was filled in.
  mutating func work(_ flush: Flush) throws(CodecError) -> StreamStep.State {
    guard let lender, try isOpen(offered: 0) else { return .finished }
    do throws(CodecError) {
      if let excessError { throw excessError }
      try checkContentSize(0, flush)
      let state = try lender.work(flush)
      let waiting = lender.waitingOutput
      let isStall = waiting == 0 && (state == .needsOutput || (state == .needsInput && flush == .finish))
      stalls = isStall ? stalls + 1 : 0
      guard stalls < Self.patience else {
        throw CodecError(.internalInconsistency, reason: "the engine makes no progress")
      }
      if state == .finished, waiting == 0 { phase = .ended }
      return waiting > 0 ? .needsOutput : state
    } catch {
      phase = .failed
      throw error.completed(codec: codec, inputOffset: origin + lender.position)
    }
  }

  /// Lends the output that waits, as far as the limits allow; ``work(_:)`` tells when they do not.
  mutating func lendOutput<Failure: Error>(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
    guard let lender, phase == .open, excessError == nil else { return }
    var count = lender.waitingOutput
    if let excess = limits?.excess(totalIn: origin + lender.position, totalOut: totalOut + UInt64(count)) {
      count -= Int(min(UInt64(count), excess.byteCount))
      excessError = excess.error
    }
    guard count > 0 else { return }
    totalOut += UInt64(count)
    try lender.lendOutput(atMost: count, body)
  }
}
