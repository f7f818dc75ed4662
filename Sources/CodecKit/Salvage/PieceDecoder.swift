// SPDX-License-Identifier: Apache-2.0

/// Decodes one piece after the other with an ordinary engine: prologue, the bytes of the stream, epilogue.
struct PieceDecoder: ~Copyable {
  private var engine: GuardedEngine
  private let codec: CodecID
  private var held = ByteBuffer()
  private var output = ByteBuffer()

  /// So much may be held back of what a piece holds beyond expectation; more, and the expectation is wrong.
  private static let largestExcess = 1 << 20

  init(_ engine: any StreamEngine, codec: CodecID) {
    self.engine = GuardedEngine(engine, codec: codec)
    self.codec = codec
  }

  /// Decodes a piece.
  ///
  /// - Parameters:
  ///   - piece: the piece.
  ///   - input: the stream.
  ///   - deliver: gets content as it comes; of a piece that is delivered as a whole, once and at the end.
  /// - Returns: how much was delivered, and what went wrong.
  /// - Throws: what `deliver` throws.
  mutating func decode<Failure: Error>(
    _ piece: SalvagePiece, in input: SalvageInput, _ deliver: (RawSpan, _ position: UInt64) throws(Failure) -> Void
  ) throws(Failure) -> PieceResult {
    try decode(piece, in: input, sample: .max, deliver)
  }

  /// Whether a piece decodes, as far as a sample of its bytes tells; delivers nothing.
  mutating func trial(_ piece: SalvagePiece, in input: SalvageInput, sample: UInt64 = .max) -> PieceResult {
    decode(piece, in: input, sample: sample) { (_, _) in }
  }

  private mutating func decode<Failure: Error>(
    _ piece: SalvagePiece, in input: SalvageInput, sample: UInt64,
    _ deliver: (RawSpan, _ position: UInt64) throws(Failure) -> Void
  ) throws(Failure) -> PieceResult {
    var result = PieceResult(produced: 0)
    do throws(CodecError) { try engine.reset() } catch {
      result.fault = error
      return result
    }
    var held = self.held.take()
    var output = self.output.take()
    defer {
      swap(&held, &self.held)
      swap(&output, &self.output)
    }
    held.removeAll()
    output.removeAll()
    held.append(piece.prologue)
    let start = piece.offset + UInt64(piece.replaced)
    let whole = min(piece.end ?? .max, input.size)
    let end = min(whole, start.addingReportingOverflow(sample).overflow ? .max : start + sample)
    var position = start
    var atEnd = false
    while true {
      // A sample ends where the engine has taken all of it.
      let isSampled = end < whole
      while !atEnd, held.count < engine.preferredInputSize {
        let wanted = Int(min(UInt64(engine.preferredInputSize - held.count), end - min(end, position)))
        var count = 0
        if wanted > 0 {
          held.reserve(wanted)
          var room = held.room(atMost: wanted)
          count = input.read(at: position, into: &room)
        }
        held.didAppend(count)
        position += UInt64(count)
        guard count == 0 else { continue }
        atEnd = true
        if !isSampled { held.append(piece.epilogue) }
      }
      output.reserve(piece.wholeSize == nil ? engine.preferredOutputSize : 64 << 10)
      var state = StreamStep.State.needsInput
      var room = output.room()
      do throws(CodecError) {
        let step = try engine.step(held.bytes, into: &room, flush: atEnd && !isSampled ? .finish : .none)
        held.removeFirst(step.consumed)
        state = step.state
      } catch {
        result.fault = located(error, piece)
      }
      let produced = room.byteCount
      output.didAppend(produced)
      if let bound = piece.wholeSize {
        if output.count > bound {
          result.fault = CodecError(
            .corrupt, codec: codec, inputOffset: piece.offset, reason: "a piece holds more than it can")
        }
        if result.fault != nil { return result }
        guard state == .finished else { continue }
        if let exact = piece.exactSize, output.count != exact {
          result.fault = CodecError(
            .contentSizeMismatch, codec: codec, inputOffset: piece.offset,
            reason: "a piece holds \(output.count) bytes instead of \(exact) as its neighbours do")
        }
      }
      let isSound = state == .finished && result.fault == nil
      var ready = min(output.count, piece.exactSize ?? .max)
      if let expected = piece.expectedSize, !isSound, output.count < Self.largestExcess || result.fault != nil {
        ready = Int(min(UInt64(ready), expected - min(expected, result.produced)))
      }
      if ready > 0 {
        try deliver(output.bytes.extracting(first: ready), position)
        result.produced += UInt64(ready)
        output.removeFirst(ready)
      }
      if result.fault != nil || state == .finished { return result }
      if atEnd, isSampled, held.isEmpty, produced == 0 { return result }
    }
  }

  /// An error with its offset counted in the stream.
  private func located(_ error: CodecError, _ piece: SalvagePiece) -> CodecError {
    let inside = error.inputOffset ?? 0
    let offset = piece.offset + UInt64(piece.replaced) + (inside - min(inside, UInt64(piece.prologue.count)))
    return CodecError(
      error.code, codec: codec, inputOffset: min(offset, piece.end ?? .max), reason: error.reason,
      native: error.native, requiredLimit: error.requiredLimit)
  }
}
