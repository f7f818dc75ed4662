// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// Cuts a stream into chunks, has them packed by several workers at once, and puts the results together in order.
///
/// Writes the same bytes as ``ChunkedCompressionEngine``, from the same assembler: the cutting depends on input and
/// options alone. Input is read straight into the memory of the slot that fills, and output is lent straight from the
/// slots that are done.
///
/// Memory is bounded: the input of one slot more than there are workers, which is filled and waits while all of them
/// work, and the output of half as many slots more than there are workers, so that a slow one does not keep the other
/// workers waiting.
/// Nothing is allocated before it is needed, and a stream that fits one slot needs no worker at all. The first error in
/// order wins; a stream that fails or goes away waits for its workers.
final class ParallelCompressionEngine: LendingEngine {
  /// How much of the input has become output that was lent.
  private(set) var position: UInt64 = 0

  private let assembler: any ChunkAssembler
  private let workers: Int
  private let cutting: ChunkCutting
  private let historySize: Int
  private let slotSize: Int

  /// What comes next: history, then content; `nil` until something is to be filled in.
  private var filling: SlotMemory?
  /// What the next slot begins with, until there is memory for it: history, and what was read ahead.
  private var carry = ByteBuffer()
  /// How many bytes of what comes next are history.
  private var fillingHistory = 0
  /// How many bytes of its content are known to hold no border.
  private var searched = 0

  /// The slots that were handed out and whose output was not taken yet, the oldest first.
  private var handedOut: [PackingSlot] = []
  /// How many of them are with workers or wait for one, as far as it was noticed.
  private var running = 0
  private lazy var packers = Workers<any ChunkPacker>(limit: workers, label: "CodecKit.compress")
  private let completions = DispatchSemaphore(value: 0)

  private var freeInputs: [SlotMemory] = []
  private var freeOutputs: [SlotMemory] = []

  /// What stands around the chunks, and is lent before ``front``.
  private var pending = ByteBuffer()
  /// The output of the slot that was taken last, and how much content it came from.
  private var front: (memory: SlotMemory, contentSize: Int)?
  /// What stopped that slot, to be told after its output.
  private var failure: CodecError?
  private var nextIndex: UInt64 = 0
  private var nextOffset: UInt64 = 0
  private var state = State.open

  private enum State { case open, lastSlotStarted, ended, failed }

  /// Less than this is not worth waking a worker: small chunks go several to a slot.
  static let smallestSlot = 512 << 10
  /// A slot is handed out when it is known that something follows: this much of it is read ahead. It is a page, so that
  /// reads stay aligned.
  private static let lookAhead = 4096
  /// Streams begin with little memory: many are short.
  private static let firstRoom = 128 << 10
  /// Reading more at a time brings nothing.
  private static let largestRead = 1 << 20

  init(_ assembler: any ChunkAssembler, workers: Int) {
    self.assembler = assembler
    self.workers = workers
    cutting = ChunkCutting(assembler)
    historySize = assembler.historySize
    slotSize =
      cutting.cutter == nil
      ? max(1, Self.smallestSlot / cutting.maximumSize) * cutting.maximumSize : cutting.maximumSize
  }

  deinit { awaitWorkers() }

  var preferredInputSize: Int { 256 << 10 }
  var preferredOutputSize: Int { 1 << 20 }

  func reset() {
    awaitWorkers()
    while !handedOut.isEmpty { freeOutputs.append(handedOut.removeFirst().output) }
    if let front { freeOutputs.append(front.memory) }
    front = nil
    failure = nil
    for memory in freeOutputs { memory.buffer.removeAll() }
    if let filling { recycle(filling) }
    filling = nil
    carry.removeAll()
    fillingHistory = 0
    searched = 0
    assembler.reset()
    pending.removeAll()
    nextIndex = 0
    nextOffset = 0
    position = 0
    state = .open
  }

  // MARK: Lending

  var waitingOutput: Int { pending.count + (front?.memory.buffer.count ?? 0) }

  func lendRoom<Failure: Error>(
    _ body: (inout OutputRawSpan) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    guard state == .open else { return 0 }
    let memory = beginFilling()
    var buffer = memory.buffer.take()
    defer { swap(&buffer, &memory.buffer) }
    let wanted = fillingHistory + slotSize + Self.lookAhead
    if buffer.capacity < wanted {
      buffer.reserve(nextIndex == 0 && buffer.isEmpty ? min(wanted, Self.firstRoom) : wanted - buffer.count)
    }
    var room = buffer.room(atMost: min(Self.largestRead, wanted - buffer.count))
    var thrown: Failure?
    do throws(Failure) { try body(&room) } catch { thrown = error }
    let count = room.byteCount
    buffer.didAppend(count)
    if let thrown { throw thrown }
    return count
  }

  func lendOutput<Failure: Error>(
    atMost limit: Int, _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    if !pending.isEmpty {
      var bytes = pending.take()
      defer { swap(&bytes, &pending) }
      try bytes.lend(atMost: limit, body)
    } else if let front {
      var bytes = front.memory.buffer.take()
      defer {
        swap(&bytes, &front.memory.buffer)
        releaseFront()
      }
      try bytes.lend(atMost: limit, body)
    }
  }

  /// Lets go of the output that was taken last, when all of it has been lent.
  private func releaseFront() {
    guard let front, front.memory.buffer.isEmpty else { return }
    position += UInt64(front.contentSize)
    freeOutputs.append(front.memory)
    self.front = nil
  }

  // MARK: Working

  func work(_ flush: Flush) throws(CodecError) -> StreamStep.State {
    guard state != .failed else {
      throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
    }
    do throws(CodecError) {
      return try advance(flush)
    } catch {
      state = .failed
      awaitWorkers()
      throw error
    }
  }

  private func advance(_ flush: Flush) throws(CodecError) -> StreamStep.State {
    while true {
      noticeCompletions()
      // Before output is lent: writing it may take its time.
      if state == .open, hasInputMemory {
        if !carry.isEmpty { _ = beginFilling() }
        if !isFull, let size = readySize() {
          try handOut(size, endsStream: false, mayBeInline: false)
          continue
        }
      }
      if waitingOutput > 0 { return .needsOutput }
      if let failure { throw failure }
      if try collect() { continue }
      switch state {
      case .failed, .ended: return .finished
      case .lastSlotStarted:
        if handedOut.isEmpty {
          try assembler.end(into: &pending)
          state = .ended
        } else {
          awaitCompletion()
        }
      case .open:
        if !hasInputMemory || readySize() != nil {
          awaitCompletion()
        } else if flush == .none {
          return .needsInput
        } else if fillingSize > 0 || (flush == .finish && nextIndex == 0) {
          if isFull {
            awaitCompletion()
          } else {
            try handOut(fillingSize, endsStream: flush == .finish, mayBeInline: true)
          }
        } else if flush == .finish {
          state = .lastSlotStarted
        } else if handedOut.isEmpty {
          return .needsInput
        } else {
          awaitCompletion()
        }
      }
    }
  }

  /// Whether there is memory that input can be read into.
  private var hasInputMemory: Bool { filling != nil || running <= workers }

  /// Whether no further slot may be handed out now, for the sake of what becomes of it.
  private var isFull: Bool { handedOut.count + (front == nil ? 0 : 1) >= workers + (workers + 1) / 2 }

  private var fillingSize: Int { (filling?.buffer.count ?? 0) - fillingHistory }

  /// How many bytes of what has come make a slot, when it is known that something follows them.
  private func readySize() -> Int? {
    guard let filling else { return nil }
    let size = fillingSize
    guard cutting.cutter != nil else { return size > slotSize ? slotSize : nil }
    var buffer = filling.buffer.take()
    defer { swap(&buffer, &filling.buffer) }
    guard let border = cutting.border(in: buffer.bytes.dropping(fillingHistory), searched: searched) else {
      searched = size
      return nil
    }
    // What has been looked at before need not be again.
    searched = max(searched, border - 1)
    return border < size ? border : nil
  }

  /// The memory that input goes to, with what was carried over in it.
  private func beginFilling() -> SlotMemory {
    if let filling { return filling }
    let memory = freeInputs.popLast() ?? SlotMemory(isSparse: false)
    if !carry.isEmpty {
      memory.buffer.reserve(fillingHistory + slotSize + Self.lookAhead)
      var bytes = carry.take()
      memory.buffer.append(bytes.bytes)
      bytes.removeAll()
      swap(&bytes, &carry)
    }
    filling = memory
    return memory
  }

  /// Hands out the first bytes of what has come.
  private func handOut(_ size: Int, endsStream: Bool, mayBeInline: Bool) throws(CodecError) {
    let memory = beginFilling()
    let end = fillingHistory + size
    let job = PackingSlot.Job(
      reach: historySize, historySize: fillingHistory, contentSize: size,
      chunkSize: cutting.cutter == nil ? cutting.maximumSize : max(1, size), firstIndex: nextIndex,
      firstOffset: nextOffset, endsStream: endsStream)
    // The next slot begins with what was read ahead, and with the history that it needs.
    fillingHistory = min(end, historySize)
    var bytes = memory.buffer.take()
    assembler.see(bytes.bytes.extracting(job.historySize..<end))
    carry.append(bytes.bytes.dropping(end - fillingHistory))
    swap(&bytes, &memory.buffer)
    filling = nil
    searched = 0
    nextIndex += UInt64(job.chunkCount)
    nextOffset += UInt64(size)
    if endsStream { state = .lastSlotStarted }
    let slot = PackingSlot(job, memory, freeOutputs.popLast() ?? SlotMemory(isSparse: true))
    let makePacker = { [assembler] () throws(CodecError) -> any ChunkPacker in try assembler.makePacker() }
    // When nobody works and nothing can be done before this is, there is no need for a worker.
    if mayBeInline, handedOut.isEmpty, try packers.runHere(making: makePacker, { slot.pack(by: $0) }) {
      takeInput(of: slot)
    } else {
      try packers.run(making: makePacker) { [completions] packer in
        slot.pack(by: packer)
        completions.signal()
      }
      running += 1
    }
    handedOut.append(slot)
  }

  /// Takes the output of the oldest slot, if it is done.
  ///
  /// - Returns: whether it was.
  private func collect() throws(CodecError) -> Bool {
    guard let slot = handedOut.first, slot.isReleased else { return false }
    handedOut.removeFirst()
    if slot.job.firstIndex == 0 { try assembler.begin(slot.job.place(0), into: &pending) }
    assembler.precede(slot.job.place(0), into: &pending)
    var contentSize = 0
    for (number, packed) in slot.packed.enumerated() {
      try assembler.note(packed, at: slot.job.place(number))
      contentSize += packed.contentSize
    }
    failure = slot.failure
    front = (slot.output, contentSize)
    releaseFront()
    return true
  }

  // MARK: Workers and what they use

  private func recycle(_ memory: SlotMemory) {
    memory.buffer.removeAll()
    freeInputs.append(memory)
  }

  /// Takes back what a slot that is done needs no longer.
  private func takeInput(of slot: PackingSlot) {
    if let memory = slot.release() { recycle(memory) }
  }

  /// Takes back what finished slots do not need any longer.
  private func noticeCompletions() {
    guard running > 0 else { return }
    for slot in handedOut where !slot.isReleased && slot.isPacked {
      running -= 1
      takeInput(of: slot)
    }
  }

  /// Waits until one more slot is done.
  private func awaitCompletion() {
    let before = running
    while running > 0, running == before {
      // There may be more signals than news: slots that are done are noticed without them, too.
      completions.wait()
      noticeCompletions()
    }
  }

  private func awaitWorkers() {
    noticeCompletions()
    while running > 0 { awaitCompletion() }
  }
}

extension ByteBuffer {
  /// Lends the first bytes, and takes them away.
  fileprivate mutating func lend<Failure: Error>(
    atMost limit: Int, _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    let size = min(limit, count)
    var thrown: Failure?
    do throws(Failure) { try body(bytes.extracting(0..<size)) } catch { thrown = error }
    removeFirst(size)
    if let thrown { throw thrown }
  }
}
