// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// A unit of a slot's input.
struct PlannedUnit {
  var size: Int
  /// What a piece needs at most; `nil` for a passage.
  var room: Int?
  var digest = DigestStep.none
}

/// One place of the ring: some pieces on their way through a worker.
///
/// It has one owner at a time: the stream's thread until a worker is given ``run(_:)``, then the worker until ``wait()`` returns, then the
/// stream's thread again. The semaphore is what passes it on.
final class DecodingSlot: @unchecked Sendable {
  /// Where the input lies.
  private(set) var block: InputBlock?
  /// Where in the block it starts.
  private(set) var start = 0
  private(set) var units: [PlannedUnit] = []
  /// The sum of what the pieces need.
  private(set) var room = 0
  /// The content of the pieces, one behind the other.
  var output = ByteBuffer()
  /// How large the content of each piece is, as far as pieces were sound.
  private(set) var contentSizes: [Int] = []
  /// The checksum up to the end of each of these pieces.
  private(set) var digests: [(any PieceDigest)?] = []
  /// Its place in the order of all slots.
  private(set) var number = 0
  private var chain: DigestChain?

  private let done = DispatchSemaphore(value: 0)

  /// Puts in what is to be done.
  func fill(
    _ block: InputBlock, from start: Int, _ units: [PlannedUnit], room: Int, number: Int, _ chain: DigestChain?
  ) {
    self.number = number
    self.chain = chain
    self.block = block
    self.start = start
    self.units = units
    self.room = room
    block.users += 1
  }

  /// Decodes the pieces, up to the first that is not sound, and gives the slot back.
  func run(_ unpacker: any PieceUnpacker) {
    decode(unpacker)
    finish()
  }

  /// Gives the slot back, once it is its turn.
  func finish() {
    if let chain { chain.decoded(self) } else { giveBack() }
  }

  /// Gives the slot back.
  func giveBack() { done.signal() }

  /// Computes the checksums that the pieces are under.
  func computeDigests(by digest: any PieceDigest) {
    var offset = 0
    var results = output.take()
    defer { swap(&results, &output) }
    for (unit, size) in zip(units.lazy.filter { $0.room != nil }, contentSizes) {
      if unit.digest == .first { digest.restart() }
      if unit.digest != .none { digest.update(results.bytes.extracting(offset..<offset + size)) }
      digests.append(unit.digest == .none ? nil : digest.copy())
      offset += size
    }
  }

  /// Takes the slot back, once the worker is done.
  func wait() { done.wait() }

  /// Takes the slot back if the worker is done.
  func tryWait() -> Bool { done.wait(timeout: .now()) == .success }

  /// Lets go of the input.
  func release() -> InputBlock? {
    defer { block = nil }
    block?.users -= 1
    return block
  }

  /// Makes the slot ready for other pieces, keeping memory.
  func clear() {
    units.removeAll(keepingCapacity: true)
    contentSizes.removeAll(keepingCapacity: true)
    digests.removeAll(keepingCapacity: true)
    chain = nil
    output.removeAll()
    room = 0
  }

  private func decode(_ unpacker: any PieceUnpacker) {
    guard let block else { return }
    var results = output.take()
    defer { swap(&results, &output) }
    results.reserve(room)
    var offset = start
    for unit in units {
      if let room = unit.room {
        var target = results.room(atMost: room)
        guard unpacker.unpack(block.bytes.extracting(offset..<offset + unit.size), into: &target) else { return }
        let count = target.byteCount
        results.didAppend(count)
        contentSizes.append(count)
      }
      offset += unit.size
    }
  }
}
