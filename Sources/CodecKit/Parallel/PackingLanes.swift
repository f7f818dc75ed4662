// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// The workers of a ring: each takes one slot after the other, with a packer of its own, and goes when there is none.
///
/// A slot may wait here, so that a worker that is done goes on at once, without the stream's thread in between. Packers,
/// and so native contexts, are made when a worker needs one, and kept for the next.
final class PackingLanes: @unchecked Sendable {
  private struct State {
    var waiting: [PackingSlot] = []
    var active = 0
    var idlePackers: [Lane] = []
    var packerCount = 0
  }

  /// What a worker works with: it has one owner at a time.
  private struct Lane: @unchecked Sendable {
    let packer: any ChunkPacker
  }

  private let limit: Int
  private let queue = DispatchQueue(label: "CodecKit.compress", attributes: .concurrent)
  private let completions = DispatchSemaphore(value: 0)
  /// Guards the state: a semaphore, because the thread sanitizer cannot see the locking of a `Mutex`.
  private let lock = DispatchSemaphore(value: 1)
  private var state = State()

  /// - Parameter limit: how many workers there may be.
  init(limit: Int) { self.limit = limit }

  /// Hands a slot to the next worker that is free.
  ///
  /// - Parameter makePacker: is called when a worker needs one, on the caller's thread.
  func submit(
    _ slot: PackingSlot, makePacker: () throws(CodecError) -> any ChunkPacker
  ) throws(CodecError) {
    // Only this thread adds workers: there cannot be more of them by the time that this one starts.
    let needsPacker = withState { $0.active < limit && $0.idlePackers.isEmpty }
    let fresh = needsPacker ? Lane(packer: try makePacker()) : nil
    let lane: Lane? = withState { state in
      if let fresh {
        state.idlePackers.append(fresh)
        state.packerCount += 1
      }
      state.waiting.append(slot)
      guard state.active < limit, let lane = state.idlePackers.popLast() else { return nil }
      state.active += 1
      return lane
    }
    if let lane { queue.async { [self] in run(lane) } }
  }

  /// Does a slot's work here and now, if that needs no packer more than there are workers.
  ///
  /// - Returns: whether it was done.
  func packInline(
    _ slot: PackingSlot, makePacker: () throws(CodecError) -> any ChunkPacker
  ) throws(CodecError) -> Bool {
    let (idle, mayMake) = withState { ($0.idlePackers.popLast(), $0.packerCount < limit) }
    guard idle != nil || mayMake else { return false }
    let lane = if let idle { idle } else { Lane(packer: try makePacker()) }
    slot.pack(by: lane.packer)
    withState {
      $0.packerCount += idle == nil ? 1 : 0
      $0.idlePackers.append(lane)
    }
    return true
  }

  /// Waits until a slot is done that was not waited for. It may have been noticed by looking at it before.
  func awaitCompletion() { completions.wait() }

  private func run(_ lane: Lane) {
    while let slot = next(lane) {
      slot.pack(by: lane.packer)
      completions.signal()
    }
  }

  /// The next slot; without one the worker's packer is put back.
  private func next(_ lane: Lane) -> PackingSlot? {
    withState { state in
      guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
      state.active -= 1
      state.idlePackers.append(lane)
      return nil
    }
  }

  private func withState<Result>(_ body: (inout State) -> Result) -> Result {
    lock.wait()
    defer { lock.signal() }
    return body(&state)
  }
}
