// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// Cuts a stream into chunks, has them packed by several workers at once, and puts the results together in order.
///
/// Writes the same bytes as ``ChunkedCompressionEngine``, from the same assembler: the cutting depends on input and
/// options alone. Memory is bounded by a ring of one slot more than there are workers: while all of them work, the next
/// slot fills. When the ring is full, the stream waits for its oldest slot; so a slow reader of the output holds the
/// workers back. The first error in order wins; a stream that fails or goes away waits for its workers.
final class ParallelCompressionEngine: StreamEngine {
  private let assembler: any ChunkAssembler
  private let chunkSize: Int
  private let slotSize: Int
  private let slots: [PackingSlot]
  private let queue = DispatchQueue(label: "CodecKit.compress", attributes: .concurrent)

  /// The slot that takes input.
  private var filling = 0
  /// How many slots before it are with workers, the oldest first.
  private var working = 0
  private var nextIndex: UInt64 = 0
  private var nextOffset: UInt64 = 0
  private var pending = ByteBuffer()
  private var state = State.open

  private enum State { case open, lastSlotStarted, ended, failed }

  /// Less than this is not worth waking a worker: small chunks go several to a slot.
  private static let smallestSlot = 512 << 10

  init(_ assembler: any ChunkAssembler, workers: Int) throws(CodecError) {
    self.assembler = assembler
    chunkSize = assembler.chunkSize
    slotSize = max(1, Self.smallestSlot / chunkSize) * chunkSize
    var slots: [PackingSlot] = []
    for _ in 0...workers { slots.append(PackingSlot(try assembler.makePacker())) }
    self.slots = slots
  }

  deinit { takeAllBack() }

  var preferredInputSize: Int { 256 << 10 }
  var preferredOutputSize: Int { 1 << 20 }

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
      takeAllBack()
      throw error
    }
  }

  func reset() {
    takeAllBack()
    assembler.reset()
    for slot in slots { slot.clear() }
    pending.removeAll()
    filling = 0
    nextIndex = 0
    nextOffset = 0
    state = .open
  }

  private func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, _ flush: Flush
  ) throws(CodecError) -> StreamStep.State {
    while true {
      _ = pending.drain(into: &output)
      guard pending.isEmpty else { return .needsOutput }
      switch state {
      case .failed, .ended:
        guard used == input.byteCount else {
          throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
        }
        return .finished
      case .lastSlotStarted:
        if try collect(waiting: true, into: &output) { continue }
        try assembler.end(into: &pending)
        state = .ended
      case .open:
        if try collect(waiting: working == slots.count - 1, into: &output) { continue }
        fill(input, &used)
        if used < input.byteCount {
          startFilled(endsStream: false)
        } else if flush == .finish {
          if !slots[filling].input.isEmpty || nextIndex == 0 { startFilled(endsStream: true) }
          state = .lastSlotStarted
        } else if flush == .block {
          if !slots[filling].input.isEmpty {
            startFilled(endsStream: false)
          } else if try !collect(waiting: true, into: &output) {
            return .needsInput
          }
        } else {
          return .needsInput
        }
      }
    }
  }

  /// Adds input to the slot that takes it, until it is full. A full slot stays until something follows it: its last chunk
  /// may be the stream's last.
  private func fill(_ input: RawSpan, _ used: inout Int) {
    let slot = slots[filling]
    let taken = min(input.byteCount - used, slotSize - slot.input.count)
    guard taken > 0 else { return }
    slot.input.reserve(slot.input.isEmpty && taken < slotSize ? min(slotSize, max(taken, 256 << 10)) : taken)
    slot.input.append(input.extracting(used..<used + taken))
    used += taken
  }

  private func startFilled(endsStream: Bool) {
    let slot = slots[filling]
    slot.firstIndex = nextIndex
    slot.firstOffset = nextOffset
    slot.endsStream = endsStream
    nextIndex += UInt64(max(1, (slot.input.count + chunkSize - 1) / chunkSize))
    nextOffset += UInt64(slot.input.count)
    slot.start(chunkSize: chunkSize, on: queue)
    filling = (filling + 1) % slots.count
    working += 1
  }

  /// Takes the oldest slot back and its results out.
  ///
  /// - Parameter waiting: whether to wait for it, or to take it only when it is done.
  /// - Returns: whether there was one.
  private func collect(waiting: Bool, into output: inout OutputRawSpan) throws(CodecError) -> Bool {
    guard working > 0 else { return false }
    let slot = slots[(filling + slots.count - working) % slots.count]
    if waiting { slot.wait() } else if !slot.tryWait() { return false }
    working -= 1
    if let failure = slot.failure { throw failure }
    if slot.firstIndex == 0 {
      let isOnly = slot.endsStream && slot.packed.count == 1
      try assembler.begin(ChunkPlace(index: 0, isLast: isOnly), into: &pending)
    }
    try slot.forEachChunk(chunkSize: chunkSize) { (chunk, packed, place) throws(CodecError) in
      try assembler.note(chunk, packed: packed, at: place)
    }
    if pending.isEmpty { _ = slot.output.drain(into: &output) }
    if !slot.output.isEmpty {
      // What does not fit now waits in the slot's own memory, which is exchanged for the emptied one.
      if pending.isEmpty { swap(&pending, &slot.output) } else { pending.append(slot.output.bytes) }
    }
    slot.clear()
    return true
  }

  private func takeAllBack() {
    while working > 0 {
      slots[(filling + slots.count - working) % slots.count].wait()
      working -= 1
    }
  }
}
