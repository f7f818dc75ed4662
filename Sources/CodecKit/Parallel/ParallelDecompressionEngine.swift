// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// Decodes a stream on several threads: pieces by several workers at once, what has no pieces by one worker, beside the
/// thread that reads and writes.
///
/// The stream's thread reads ahead, has a scanner plan pieces, hands them to workers in batches, and takes the results
/// in order. The codec's own engine is told of each piece, and reads what lies between. Where pieces end, or where one
/// turns out not to be sound, everything behind is given to that engine, until it comes to a piece again. So output,
/// errors and notices are those of one thread.
///
/// Memory is bounded by a ring of one slot more than there are workers, and by the memory limit of the options: while
/// all work, the next input arrives. A slow reader of the output holds everything back. A stream that fails or goes away
/// waits for its workers.
final class ParallelDecompressionEngine: LendingEngine {
  private enum Mode { case pieces, serial, ended, failed }

  private let engine: any StreamEngine
  private let pieces: (any PiecewiseEngine)?
  private let workers: Int
  private let batchRoom: Int
  /// What may be in flight, decoded.
  private let budget: Int
  private let leg: SerialLeg
  private let unpackers: Workers<any PieceUnpacker>
  private let queue = DispatchQueue(label: "CodecKit.decompress")

  private var mode: Mode
  private var scanner: (any PieceScanner)?
  private var chain: DigestChain?
  /// How many slots were handed out since pieces began.
  private var slotNumber = 0
  private(set) var position: UInt64 = 0
  private(set) var notices: [StreamNotice] = []

  // What has been read and not been handed out.
  private var arriving = InputBlock()
  /// Up to here in the block it has been handed to slots.
  private var handedOut = 0
  /// What follows, as far as it has been planned.
  private var planned: [PlannedUnit] = []
  private var plannedSize = 0
  private var plannedRoom = 0
  /// How many bytes must be there, behind what is planned, for the scanner to see more.
  private var missing = 1
  private var spareBlocks: [InputBlock] = []
  /// How large blocks have become.
  private var blockSize = 0

  // The ring.
  private var slots: [DecodingSlot] = []
  /// Which slots are with workers, the oldest first.
  private var working: [Int] = []
  private var idle: [Int] = []
  private var roomInFlight = 0

  // What is being lent.
  private var lentSlot: Int?
  private var lent = ByteBuffer()
  /// The error that follows what is lent.
  private var owed: CodecError?
  private var legIsRunning = false
  /// How much the engine must decode alone after a piece that was not sound; doubled each time.
  private var distrust = 0

  /// Less than this is not worth waking a worker: small pieces go several to a slot.
  static let batchRoom = 512 << 10
  /// More units than this do not go into a slot, however small they are.
  private static let batchUnits = 2048
  private static let readSize = 256 << 10
  /// What a size may claim at once.
  private static let claimedSize = 4 << 20

  /// - Parameters:
  ///   - engine: decodes the stream alone; this one has it for itself.
  ///   - workers: how many may work at the same time.
  ///   - limits: bound the memory.
  ///   - batchRoom: how much content makes a slot worth handing out.
  init(
    _ engine: any StreamEngine, workers: Int, _ limits: DecompressionLimits,
    batchRoom: Int = ParallelDecompressionEngine.batchRoom
  ) {
    self.engine = engine
    self.batchRoom = batchRoom
    self.workers = workers
    pieces = engine as? any PiecewiseEngine
    budget = Int(min(max(limits.maximumWindowSize, 8 << 20), 1 << 40))
    leg = SerialLeg(engine, largestPiece: budget / 2)
    unpackers = Workers(limit: workers, label: "CodecKit.decompress.pieces")
    mode = pieces == nil ? .serial : .pieces
    pieces?.pausesAtBorders = true
    beginScanning()
  }

  deinit { takeAllBack() }

  var preferredInputSize: Int { Self.readSize }
  var preferredOutputSize: Int { 1 << 20 }

  func reset() throws(CodecError) {
    takeAllBack()
    try engine.reset()
    for index in slots.indices { retire(index) }
    leg.clear()
    lentSlot = nil
    lent.removeAll()
    owed = nil
    notices = []
    position = 0
    distrust = 0
    forgetPlan()
    arriving.buffer.removeAll()
    handedOut = 0
    mode = pieces == nil ? .serial : .pieces
    beginScanning()
  }

  /// Has pieces looked for from here on.
  private func beginScanning() {
    scanner = pieces?.makeScanner(largestPiece: budget / 2)
    chain = pieces?.makeDigest().map { DigestChain($0) }
    slotNumber = 0
  }

  // MARK: - Lending

  var waitingOutput: Int { lentSlot.map { slots[$0].output.count } ?? lent.count }

  func lendRoom<Failure: Error>(
    _ body: (inout OutputRawSpan) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    if arriving.users > 0 {
      moveOn()
    } else {
      arriving.buffer.removeFirst(handedOut)
      handedOut = 0
    }
    // A size that is only claimed gets a little memory, and more as bytes come in.
    let rest = arriving.buffer.count
    let lacking = min(missing - (rest - plannedSize), max(rest, Self.claimedSize))
    // A buffer that is nearly full is read to its end rather than grown. One that grows will be needed again.
    if arriving.buffer.freeRoom < max(Self.readSize / 2, lacking) {
      // Pieces are alike: a little more will do for the next one too.
      blockSize = max(blockSize, rest + max(Self.readSize, lacking + lacking / 8))
      arriving.buffer.reserve(blockSize - rest, isFinal: true)
    }
    var buffer = ByteBuffer()
    swap(&buffer, &arriving.buffer)
    defer { swap(&buffer, &arriving.buffer) }
    var room = buffer.room()
    try body(&room)
    let count = room.byteCount
    buffer.didAppend(count)
    return count
  }

  func lendOutput<Failure: Error>(
    atMost limit: Int, _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    var bytes = ByteBuffer()
    if let lentSlot { swap(&bytes, &slots[lentSlot].output) } else { swap(&bytes, &lent) }
    let count = min(limit, bytes.count)
    defer {
      bytes.removeFirst(count)
      if let lentSlot { swap(&bytes, &slots[lentSlot].output) } else { swap(&bytes, &lent) }
    }
    try body(bytes.bytes.extracting(0..<count))
  }

  // MARK: - Work

  func work(_ flush: Flush) throws(CodecError) -> StreamStep.State {
    while true {
      if waitingOutput > 0 { return .needsOutput }
      if let index = lentSlot {
        lentSlot = nil
        retire(index)
      }
      if let owed { throw fail(owed) }
      let answer: StreamStep.State?
      switch mode {
      case .failed:
        throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
      case .ended:
        guard arriving.buffer.count == handedOut else {
          throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
        }
        return .finished
      case .pieces: answer = workOnPieces(flush)
      case .serial: answer = workSerially(flush)
      }
      if let answer { return answer }
    }
  }

  private func fail(_ error: CodecError) -> CodecError {
    takeAllBack()
    mode = .failed
    owed = nil
    return error
  }

  private func takeAllBack() {
    for index in working { slots[index].wait() }
    working.removeAll()
    if legIsRunning { leg.wait() }
    legIsRunning = false
  }

  // MARK: - Pieces

  /// Goes on as far as it can without new input, or until there is output.
  ///
  /// - Returns: what it waits for; `nil` to be called again.
  private func workOnPieces(_ flush: Flush) -> StreamStep.State? {
    if let oldest = working.first, slots[oldest].tryWait() {
      collect()
      return nil
    }
    let scan = plan()
    if case .more = scan, flush == .none { return .needsInput }
    if !planned.isEmpty {
      if canHandOut {
        handOut(isLast: scan != nil && flush == .finish)
      } else {
        collectOldest()
      }
      return nil
    }
    if scan == nil { return nil }
    guard working.isEmpty else {
      collectOldest()
      return nil
    }
    let rest = arriving.buffer.count - handedOut
    if rest == 0, flush == .block { return .needsInput }
    // Of a piece that is not there as a whole, the engine delivers what there is, or tells what is wrong.
    beginSerial(patience: scan == .serial ? distrust : max(1, distrust))
    return nil
  }

  /// Plans the units at the front of what has arrived.
  ///
  /// - Returns: why there are no more; `nil` when there are enough for a slot.
  private func plan() -> PieceScan? {
    guard let scanner else { return .serial }
    let block = arriving
    while plannedRoom < batchRoom, planned.count < Self.batchUnits {
      let rest = block.bytes.dropping(handedOut + plannedSize)
      guard rest.byteCount >= missing else { return .more(missing) }
      let scan = scanner.next(rest)
      switch scan {
      case .piece(let size, let room, let digest):
        planned.append(PlannedUnit(size: size, room: room, digest: digest))
        plannedSize += size
        plannedRoom += room
        missing = 1
      case .passage(let size):
        planned.append(PlannedUnit(size: size, room: nil))
        plannedSize += size
        missing = 1
      case .more(let count):
        missing = max(count, rest.byteCount + 1)
        return scan
      case .serial: return scan
      }
    }
    return nil
  }

  private func forgetPlan() {
    planned.removeAll(keepingCapacity: true)
    plannedSize = 0
    plannedRoom = 0
    missing = 1
  }

  private var canHandOut: Bool {
    working.count <= workers && (working.isEmpty || roomInFlight + plannedRoom <= budget)
  }

  /// Hands what is planned to a worker.
  ///
  /// - Parameter isLast: whether nothing follows. Then this thread has nothing to do but to wait, so it works.
  private func handOut(isLast: Bool) {
    let index = idle.popLast() ?? addSlot()
    let slot = slots[index]
    slot.fill(arriving, from: handedOut, planned, room: plannedRoom, number: slotNumber, chain)
    slotNumber += 1
    roomInFlight += plannedRoom
    handedOut += plannedSize
    let isPassage = plannedRoom == 0
    forgetPlan()
    working.append(index)
    do throws(CodecError) {
      let isHere = isPassage || (isLast && working.count == 1)
      if isHere, try unpackers.runHere(making: makeUnpacker, { slot.run($0) }) { return }
      try unpackers.run(making: makeUnpacker) { slot.run($0) }
    } catch {
      // There is no memory for one: the engine has to do it.
      slot.finish()
    }
  }

  private func makeUnpacker() throws(CodecError) -> any PieceUnpacker {
    guard let pieces else { throw CodecError(.internalInconsistency, reason: "there are no pieces") }
    return try pieces.makePieceUnpacker()
  }

  private func addSlot() -> Int {
    slots.append(DecodingSlot())
    return slots.count - 1
  }

  private func collectOldest() {
    guard let oldest = working.first else { return }
    slots[oldest].wait()
    collect()
  }

  /// Takes the oldest slot back, which is done, tells the engine of its pieces, and lends their content.
  private func collect() {
    let index = working.removeFirst()
    let slot = slots[index]
    lentSlot = index
    guard let pieces, let block = slot.block else { return }
    var content = slot.output.take()
    defer { swap(&content, &slot.output) }
    var offset = slot.start
    var delivered = 0
    var number = 0
    do throws(CodecError) {
      for unit in slot.units {
        let bytes = block.bytes.extracting(offset..<offset + unit.size)
        if unit.room == nil {
          try pass(bytes, pieces)
        } else if number < slot.contentSizes.count {
          let size = slot.contentSizes[number]
          try pieces.accept(
            bytes, content: content.bytes.extracting(delivered..<delivered + size),
            digest: number < slot.digests.count ? slot.digests[number] : nil)
          delivered += size
          number += 1
        } else {
          rewind(to: offset, of: block)
          break
        }
        offset += unit.size
        position += UInt64(unit.size)
      }
    } catch {
      owed = error
    }
    content.removeLast(content.count - delivered)
    notices = engine.notices
  }

  /// Has the engine read bytes between pieces.
  private func pass(_ bytes: RawSpan, _ pieces: any PiecewiseEngine) throws(CodecError) {
    var used = 0
    var nowhere = OutputRawSpan()
    while used < bytes.byteCount {
      let step = try pieces.step(bytes.dropping(used), into: &nowhere, flush: .none)
      guard step.consumed > 0 else {
        throw CodecError(.internalInconsistency, reason: "the decoder does not pass what its scanner passes")
      }
      used += step.consumed
    }
  }

  /// Makes a slot free that has been lent, or that is not wanted any more.
  private func retire(_ index: Int) {
    let slot = slots[index]
    guard !idle.contains(index) else { return }
    roomInFlight -= slot.room
    if let block = slot.release(), block.users == 0, block !== arriving {
      block.buffer.removeAll()
      spareBlocks.append(block)
    }
    slot.clear()
    idle.append(index)
  }

  /// Reads on in another block: slots refer to this one.
  private func moveOn() {
    let next = spareBlocks.popLast() ?? InputBlock()
    let block = arriving
    let rest = block.bytes.dropping(handedOut)
    next.buffer.reserve(max(rest.byteCount + Self.readSize, blockSize), isFinal: true)
    next.buffer.append(rest)
    arriving.end = handedOut
    arriving = next
    handedOut = 0
  }

  /// Gives everything from here on to the engine: the piece that stands here is not sound.
  private func rewind(to offset: Int, of block: InputBlock) {
    for index in working { slots[index].wait() }
    // What follows the piece in its own block, then in the blocks that were begun later. A block ends where the next one
    // was begun.
    let backlog = InputBlock()
    var current = block
    var from = offset
    for index in working {
      guard let next = slots[index].block, next !== current else { continue }
      backlog.buffer.append(current.bytes.extracting(from..<current.end))
      current = next
      from = 0
    }
    if current !== arriving {
      backlog.buffer.append(current.bytes.extracting(from..<current.end))
      from = 0
    }
    backlog.buffer.append(arriving.bytes.dropping(from))
    for index in working { retire(index) }
    working.removeAll()
    forgetPlan()
    arriving = backlog
    handedOut = 0
    distrust = min(max(2 * distrust, 1 << 20), 1 << 40)
    beginSerial(patience: distrust)
  }

  // MARK: - Serial

  /// Gives what has arrived to the engine.
  private func beginSerial(patience: Int) {
    mode = .serial
    scanner = nil
    forgetPlan()
    leg.patience = patience
  }

  private func beginPieces() {
    // What is left of the leg's input comes before what has arrived since.
    let next = spareBlocks.popLast() ?? InputBlock()
    swap(&next.buffer, &leg.input)
    next.buffer.append(arriving.bytes.dropping(handedOut))
    leg.input.removeAll()
    arriving.buffer.removeAll()
    if arriving.users == 0 { spareBlocks.append(arriving) }
    arriving = next
    handedOut = 0
    mode = .pieces
    beginScanning()
  }

  private func workSerially(_ flush: Flush) -> StreamStep.State? {
    let arrived = arriving.buffer.count - handedOut
    if legIsRunning {
      if flush != .none || arrived >= Self.readSize {
        leg.wait()
      } else if !leg.tryWait() {
        return .needsInput
      }
      legIsRunning = false
      takeFromLeg()
      if mode != .serial || owed != nil { return nil }
    }
    if leg.input.isEmpty, arrived > 0 { giveArrivedToLeg() }
    guard !leg.input.isEmpty || leg.state == .needsOutput || flush == .finish else {
      return waitingOutput > 0 ? .needsOutput : .needsInput
    }
    let isLast = flush == .finish && arriving.buffer.count == handedOut
    if isLast, leg.input.count <= Self.smallInput {
      guard waitingOutput == 0 else { return .needsOutput }
      leg.run(.finish)
      takeFromLeg()
    } else {
      legIsRunning = true
      leg.start(isLast ? .finish : .none, on: queue)
    }
    return nil
  }

  /// So little is decoded at once, without waking a worker.
  private static let smallInput = 64 << 10

  private func giveArrivedToLeg() {
    if arriving.users > 0 || handedOut > 0 {
      leg.input.append(arriving.bytes.dropping(handedOut))
      if arriving.users > 0 {
        arriving = spareBlocks.popLast() ?? InputBlock()
      } else {
        arriving.buffer.removeAll()
      }
      handedOut = 0
    } else {
      swap(&leg.input, &arriving.buffer)
    }
  }

  /// Takes the leg's results.
  private func takeFromLeg() {
    position += UInt64(leg.taken)
    notices = engine.notices
    swap(&leg.output, &lent)
    if let failure = leg.failure {
      owed = failure
    } else if leg.state == .finished {
      mode = .ended
    } else if leg.hasReachedPieces {
      beginPieces()
    }
  }
}
