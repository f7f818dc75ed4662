// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// Cuts a stream into chunks, has them packed by several workers at once, and puts the results together in order.
///
/// Writes the same bytes as ``ChunkedCompressionEngine``, from the same assembler: the cutting depends on input and
/// options alone. Input is read straight into the memory of the slot that fills, and output is lent straight from the
/// slots that are done.
///
/// Memory is bounded: the input of one slot more than there are workers, so that the next one fills while all of them
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

  /// What comes next: history, then content.
  private var filling: SlotMemory?
  /// How many bytes of it are history.
  private var fillingHistory = 0
  /// How many bytes of its content are known to hold no border.
  private var searched = 0

  /// The slots that were handed out and whose output was not taken yet, the oldest first.
  private var handedOut: [PackingSlot] = []
  /// How many of them are with workers, as far as it was noticed.
  private var running = 0
  private let completions = DispatchSemaphore(value: 0)
  private lazy var queue = DispatchQueue(label: "CodecKit.compress", attributes: .concurrent)

  private var packers: [any ChunkPacker] = []
  private var freeInputs: [SlotMemory] = []
  private var freeOutputs: [SlotMemory] = []

  /// What stands around the chunks, and is lent before ``front``.
  private var pending = ByteBuffer()
  /// The output of the slot that was taken last, and how much content it came from.
  private var front: (memory: SlotMemory, contentSize: Int)?
  /// What stopped that slot, to be told after its output.
  private var failure: CodecError?
  private var nextIndex: UInt64 = 0
  private var state = State.open

  private enum State { case open, lastSlotStarted, ended, failed }

  /// Less than this is not worth waking a worker: small chunks go several to a slot.
  private static let smallestSlot = 512 << 10
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
    fillingHistory = 0
    searched = 0
    assembler.reset()
    pending.removeAll()
    nextIndex = 0
    position = 0
    state = .open
  }

  // MARK: Lending

  var waitingOutput: Int { pending.count + (front?.memory.buffer.count ?? 0) }

  func lendRoom<Failure: Error>(
    _ body: (inout OutputRawSpan) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    guard state == .open else { return 0 }
    let memory = filling ?? takeInput()
    filling = memory
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
      if state == .open, !isFull, let size = readySize() {
        try handOut(size, endsStream: false, inline: false)
        continue
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
        if readySize() != nil {
          awaitCompletion()
        } else if flush == .none {
          return .needsInput
        } else if fillingSize > 0 || (flush == .finish && nextIndex == 0) {
          if isFull {
            awaitCompletion()
          } else {
            // Nobody else works, and nothing else can be done before this is.
            try handOut(fillingSize, endsStream: flush == .finish, inline: handedOut.isEmpty)
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

  /// Whether no further slot may be handed out now.
  private var isFull: Bool {
    running == workers || handedOut.count + (front == nil ? 0 : 1) >= workers + (workers + 1) / 2
  }

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

  /// Hands out the first bytes of what has come.
  private func handOut(_ size: Int, endsStream: Bool, inline: Bool) throws(CodecError) {
    let memory = filling ?? takeInput()
    let end = fillingHistory + size
    let job = PackingSlot.Job(
      reach: historySize, historySize: fillingHistory, contentSize: size,
      chunkSize: cutting.cutter == nil ? cutting.maximumSize : max(1, size), firstIndex: nextIndex,
      endsStream: endsStream)
    let packer = try takePacker()
    var bytes = memory.buffer.take()
    assembler.see(bytes.bytes.extracting(fillingHistory..<end))
    // The next slot begins with what was read ahead, and with the history that it needs.
    filling = nil
    fillingHistory = min(end, historySize)
    searched = 0
    if !endsStream, bytes.count > end || fillingHistory > 0 {
      let next = takeInput()
      next.buffer.reserve(fillingHistory + slotSize + Self.lookAhead)
      next.buffer.append(bytes.bytes.dropping(end - fillingHistory))
      filling = next
    }
    swap(&bytes, &memory.buffer)
    nextIndex += UInt64(job.chunkCount)
    if endsStream { state = .lastSlotStarted }
    let slot = PackingSlot(job, memory, takeOutput(), packer)
    handedOut.append(slot)
    if inline {
      slot.pack()
      takeTools(of: slot)
    } else {
      running += 1
      queue.async { [completions] in
        slot.pack()
        completions.signal()
      }
    }
  }

  /// Takes the output of the oldest slot, if it is done.
  ///
  /// - Returns: whether it was.
  private func collect() throws(CodecError) -> Bool {
    guard let slot = handedOut.first, slot.isReleased else { return false }
    handedOut.removeFirst()
    if slot.job.firstIndex == 0 { try assembler.begin(slot.job.place(0), into: &pending) }
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

  private func takeInput() -> SlotMemory { freeInputs.popLast() ?? SlotMemory(isSparse: false) }

  /// What is packed is mostly much smaller than it could become.
  private func takeOutput() -> SlotMemory { freeOutputs.popLast() ?? SlotMemory(isSparse: true) }

  private func takePacker() throws(CodecError) -> any ChunkPacker {
    if let packer = packers.popLast() { return packer }
    return try assembler.makePacker()
  }

  private func recycle(_ memory: SlotMemory) {
    memory.buffer.removeAll()
    freeInputs.append(memory)
  }

  /// Takes back what a slot that is done needs no longer.
  private func takeTools(of slot: PackingSlot) {
    guard let tools = slot.release() else { return }
    packers.append(tools.packer)
    recycle(tools.input)
  }

  /// Takes back what is not needed any longer.
  private func noticeCompletions() {
    guard running > 0 else { return }
    for slot in handedOut where !slot.isReleased && slot.isPacked {
      running -= 1
      takeTools(of: slot)
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
