// SPDX-License-Identifier: Apache-2.0

// Drives a stream with chosen sizes of input and output, and watches whether each step keeps the contract.

public import CodecKit

/// A sequence of sizes.
public enum Sizes: Sendable, CustomStringConvertible {
  /// As much as there is.
  case whole
  /// Always the same.
  case fixed(Int)
  /// So much first, then the rest.
  case cut(Int)
  /// From 1 to a limit, mostly small, by a seed.
  case random(seed: UInt64, upTo: Int)

  /// A short text for messages.
  public var description: String {
    switch self {
    case .whole: "whole"
    case .fixed(let size): "\(size)"
    case .cut(let size): "cut \(size)"
    case .random(let seed, let limit): "random \(seed) to \(limit)"
    }
  }
}

/// What came of a stream.
public struct StreamOutcome: Sendable {
  /// Everything that was delivered, also before an error.
  public var output: [UInt8] = []
  /// How many bytes were consumed.
  public var consumed = 0
  /// What was thrown.
  public var error: CodecError?
  /// What the decoder met that is no error, where whoever drives it has asked.
  public var notices: [StreamNotice] = []
  /// Whether the stream said that it had ended.
  public var finished = false
  /// How many calls it took.
  public var steps = 0
  /// How often the contract was broken, in words; empty when all is well.
  public var violations: [String] = []

  /// A short text for messages.
  public var summary: String {
    "\(output.count) bytes, "
      + (error.map { "error: \($0)" } ?? (finished ? "finished" : "not finished"))
      + (violations.isEmpty ? "" : ", violations: \(violations)")
  }
}

/// Drives streams.
public struct StreamDriver: Sendable {
  /// One step of whatever is driven.
  public typealias Step = (RawSpan, inout OutputRawSpan, Flush) throws(CodecError) -> StreamStep

  /// How input arrives.
  public var pieces: Sizes
  /// How much room each step gets.
  public var rooms: Sizes
  /// Whether `.finish` comes with the last piece or in a call of its own.
  public var finishesWithData: Bool
  /// How the pieces are flushed before the end.
  public var flush: Flush = .none
  /// After so much output the driver stops and complains.
  public var maximumOutput: Int
  /// Whether the stream is called again after its end or failure, to see that it refuses.
  public var probesEnd = true

  /// Makes a driver.
  public init(
    pieces: Sizes = .whole, rooms: Sizes = .whole, finishesWithData: Bool = true, maximumOutput: Int = 1 << 30
  ) {
    self.pieces = pieces
    self.rooms = rooms
    self.finishesWithData = finishesWithData
    self.maximumOutput = maximumOutput
  }

  /// A short text for messages.
  public var summary: String { "pieces \(pieces), rooms \(rooms), finish \(finishesWithData ? "with" : "after") data" }

  /// Drives an engine from start to end.
  public func run(_ engine: any StreamEngine, _ input: [UInt8], ends: Bool = true) -> StreamOutcome {
    run(input, ends: ends) { (piece, room, flush) throws(CodecError) in
      try engine.step(piece, into: &room, flush: flush)
    }
  }

  /// Drives a compressor from start to end.
  public func run(_ stream: inout Compressor, _ input: [UInt8], ends: Bool = true) -> StreamOutcome {
    run(input, ends: ends) { (piece, room, flush) throws(CodecError) in
      try stream.step(piece, into: &room, flush: flush)
    }
  }

  /// Drives a decompressor from start to end.
  public func run(_ stream: inout Decompressor, _ input: [UInt8], ends: Bool = true) -> StreamOutcome {
    run(input, ends: ends) { (piece, room, flush) throws(CodecError) in
      try stream.step(piece, into: &room, flush: flush)
    }
  }

  /// Drives anything that takes steps.
  ///
  /// - Parameters:
  ///   - input: everything to be taken in.
  ///   - ends: whether `.finish` is said at the end; without it the stream stays open.
  ///   - step: one step.
  public func run(_ input: [UInt8], ends: Bool = true, step: Step) -> StreamOutcome {
    var run = Run(driver: self, input: input, ends: ends)
    run.go(step)
    return run.outcome
  }
}

/// One stream being driven.
private struct Run {
  let driver: StreamDriver
  let input: [UInt8]
  let ends: Bool
  var outcome = StreamOutcome()

  private var pieces: SizeSource
  private var rooms: SizeSource
  private var position = 0
  private var windowEnd = 0
  private var stalls = 0
  private var lastState: StreamStep.State?

  init(driver: StreamDriver, input: [UInt8], ends: Bool) {
    self.driver = driver
    self.input = input
    self.ends = ends
    pieces = SizeSource(driver.pieces, whole: max(1, input.count))
    rooms = SizeSource(driver.rooms, whole: max(64 << 10, min(input.count * 2, 1 << 20)))
  }

  mutating func go(_ step: StreamDriver.Step) {
    while outcome.violations.isEmpty {
      if windowEnd == position || driver.pieces.isRandom, windowEnd < input.count {
        windowEnd = min(input.count, position + pieces.next())
      }
      let atEnd = windowEnd == input.count && (driver.finishesWithData || position == input.count)
      let flush: Flush = atEnd && ends ? .finish : driver.flush
      guard let answer = call(step, position..<windowEnd, flush) else { break }
      judge(answer, offered: windowEnd - position, flush)
      guard answer.consumed >= 0, answer.consumed <= windowEnd - position else { return }
      position += answer.consumed
      outcome.consumed = position
      if answer.state == .finished {
        outcome.finished = true
        break
      }
      if !ends, answer.state == .needsInput, position == input.count { return }
    }
    if driver.probesEnd, outcome.violations.isEmpty { probe(step) }
  }

  /// One call; `nil` after an error.
  private mutating func call(_ step: StreamDriver.Step, _ range: Range<Int>, _ flush: Flush) -> StreamStep? {
    outcome.steps += 1
    let wanted = rooms.next()
    // Every other call gets an output that holds something already: engines append.
    let held = outcome.steps % 2 == 0 ? 3 : 0
    let (answer, bytes, broken) = Self.step(input, range, room: wanted, held: held, flush, step, &outcome.error)
    if let broken { outcome.violations.append("step \(outcome.steps): \(broken)") }
    outcome.output += bytes
    if outcome.output.count > driver.maximumOutput {
      outcome.violations.append("more than \(driver.maximumOutput) bytes of output")
    }
    if let answer, answer.produced != bytes.count {
      outcome.violations.append("step \(outcome.steps): \(answer.produced) said, \(bytes.count) bytes produced")
    }
    return answer
  }

  private mutating func judge(_ answer: StreamStep, offered: Int, _ flush: Flush) {
    var complaint: String?
    if answer.consumed < 0 || answer.consumed > offered { complaint = "consumed \(answer.consumed) of \(offered)" }
    if answer.state == .needsInput, answer.consumed < offered {
      complaint = "needs input, but left \(offered - answer.consumed) bytes"
    }
    if answer.state == .needsInput, flush == .finish { complaint = "needs input after the end" }
    if answer.state == .finished, answer.consumed < offered {
      complaint = "finished, but left \(offered - answer.consumed) bytes"
    }
    if answer.consumed == 0, answer.produced == 0, answer.state == lastState, offered > 0 || flush != .none {
      stalls += 1
      if stalls > 2 { complaint = "no progress" }
    } else {
      stalls = 0
    }
    lastState = answer.state
    if let complaint { outcome.violations.append("step \(outcome.steps): \(complaint)") }
  }

  /// After the end or a failure nothing may come, and input must be refused.
  private mutating func probe(_ step: StreamDriver.Step) {
    guard outcome.finished || outcome.error != nil else { return }
    for (offered, flush) in [(0, Flush.finish), (1, Flush.none), (1, Flush.finish)] {
      var error: CodecError?
      let (answer, bytes, _) = Self.step([0x55], 0..<offered, room: 64, held: 0, flush, step, &error)
      if !bytes.isEmpty { outcome.violations.append("output after the end") }
      let refused = error?.code == .streamFinished
      let quiet = outcome.error == nil && offered == 0 && answer?.state == .finished
      if !refused, !quiet {
        let text = error.map { "\($0)" } ?? "\(String(describing: answer))"
        outcome.violations.append("a call after \(outcome.error == nil ? "the end" : "a failure") gave \(text)")
      }
    }
  }

  /// Memory behind the room that must not change.
  private static let fence = 16

  /// One step with a private copy of the input and a fenced output.
  private static func step(
    _ input: [UInt8], _ range: Range<Int>, room: Int, held: Int, _ flush: Flush, _ step: StreamDriver.Step,
    _ failure: inout CodecError?
  ) -> (StreamStep?, [UInt8], String?) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: held + room + fence, alignment: 16)
    defer { unsafe memory.deallocate() }
    unsafe memory.prefix(held).initializeMemory(as: UInt8.self, repeating: 0xA7)
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[(held + room)...])
      .initializeMemory(as: UInt8.self, repeating: 0xF3)
    let place = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<(held + room)])
    var output = unsafe OutputRawSpan(buffer: place, initializedCount: held)
    var answer: StreamStep?
    do throws(CodecError) {
      if range.count <= 4096 {
        // An engine that keeps the input is found out: this copy dies after the call.
        let copy = Array(input[range])
        answer = try unsafe step(copy.span.bytes, &output, flush)
      } else {
        answer = try unsafe step(input.span.bytes.extracting(range), &output, flush)
      }
    } catch {
      failure = error
    }
    let filled = output.byteCount
    var broken: String?
    if filled < held || filled > held + room {
      return (answer, [], "the output holds \(filled) bytes")
    }
    if unsafe !memory[..<held].allSatisfy({ $0 == 0xA7 }) { broken = "bytes before the output were changed" }
    if unsafe !memory[(held + room)...].allSatisfy({ $0 == 0xF3 }) { broken = "bytes after the output were changed" }
    return (answer, unsafe Array(memory[held..<filled]), broken)
  }
}

/// Hands out sizes.
private struct SizeSource {
  private let sizes: Sizes
  private let whole: Int
  private var random: SplitMix
  private var isFirst = true

  init(_ sizes: Sizes, whole: Int) {
    self.sizes = sizes
    self.whole = whole
    if case .random(let seed, _) = sizes { random = SplitMix(seed: seed) } else { random = SplitMix(seed: 0) }
  }

  mutating func next() -> Int {
    defer { isFirst = false }
    switch sizes {
    case .whole: return whole
    case .fixed(let size): return max(1, size)
    case .cut(let size): return isFirst && size > 0 ? size : whole
    case .random(_, let limit):
      let bits = max(1, Int.bitWidth - limit.leadingZeroBitCount)
      return 1 + random.below(min(limit, 1 << random.below(bits + 1)))
    }
  }
}

extension Sizes {
  fileprivate var isRandom: Bool {
    if case .random = self { true } else { false }
  }
}
