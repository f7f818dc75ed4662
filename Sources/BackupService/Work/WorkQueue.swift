// SPDX-License-Identifier: Apache-2.0

/// Work that waits its turn, and the threads that do it.
internal import SystemIO

/// A queue of bounded length, worked on by some threads.
final class WorkQueue: Sendable {
  /// Something to do.
  protocol Work: AnyObject, Sendable {
    /// Does it, on a thread of the queue.
    ///
    /// - Returns: after how many nanoseconds it is to be done again; `nil` when it is done.
    func run() -> UInt64?
    /// It will not be done, or not again.
    ///
    /// - Parameter reason: why.
    func giveUp(_ reason: String)
  }

  private struct State {
    var waiting: [(work: any Work, due: UInt64)] = []
    /// How many places are kept for what is about to be added.
    var reserved = 0
    var working = 0
    var threads = 0
    var isClosed = false
  }

  private enum Step {
    case work(any Work)
    case pause(until: UInt64?)
    case end
  }

  private let state = Monitor(State())
  private let length: Int

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - threads: how many.
  ///   - length: how much may wait.
  /// - Throws: what the system answered when there can be no thread at all.
  init(threads: Int, length: Int) throws(IOError) {
    self.length = length
    for _ in 0..<threads {
      state.withLock { $0.threads += 1 }
      do throws(IOError) {
        _ = try BackgroundThread(name: "worker") { [self] in work() }
      } catch {
        let others = state.withLock { state in
          state.threads -= 1
          return state.threads
        }
        if others == 0 { throw error }
        return
      }
    }
  }

  /// How much waits, and how much is being done.
  var load: (waiting: Int, working: Int) { state.withLock { ($0.waiting.count, $0.working) } }

  /// Keeps a place for something that must not be begun when there is none: ``add(_:isBounded:isReserved:)`` or
  /// ``giveBack()`` follows.
  ///
  /// - Returns: whether there was room.
  func reserve() -> Bool {
    state.withLock { state in
      guard !state.isClosed, state.waiting.count + state.reserved < length else { return false }
      state.reserved += 1
      return true
    }
  }

  /// Gives back a place that was kept.
  func giveBack() { state.withLock { $0.reserved -= 1 } }

  /// Adds something.
  ///
  /// - Parameters:
  ///   - work: what is to be done.
  ///   - isBounded: whether there may be too much of it. Default: `true`.
  ///   - isReserved: whether a place was kept for it. Default: `false`.
  /// - Returns: whether there was room.
  func add(_ work: any Work, isBounded: Bool = true, isReserved: Bool = false) -> Bool {
    state.withLock { state in
      if isReserved { state.reserved -= 1 }
      guard !state.isClosed, !isBounded || isReserved || state.waiting.count + state.reserved < length else {
        return false
      }
      state.waiting.append((work, 0))
      return true
    }
  }

  /// Takes away what waits; nothing happens when it does not.
  func remove(_ work: any Work) { state.withLock { state in state.waiting.removeAll { $0.work === work } } }

  /// All that waits.
  var waiting: [any Work] { state.withLock { $0.waiting.map(\.work) } }

  /// Gives up what waits, and waits until what is being done has ended.
  ///
  /// - Parameters:
  ///   - reason: why it is given up.
  ///   - patience: how many nanoseconds what is being done has until `hurry` is called, and called again each second.
  ///   - hurry: makes what is being done end.
  func close(_ reason: String, patience: UInt64 = .max, hurry: () -> Void = {}) {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for (work, _) in waiting { work.giveUp(reason) }
    if state.wait(upTo: patience, until: { $0.threads == 0 }) { return }
    repeat { hurry() } while !state.wait(upTo: 1_000_000_000) { $0.threads == 0 }
  }

  private func work() {
    while true {
      switch nextStep() {
      case .end: return
      case .pause(nil): state.wait { $0.isClosed || !$0.waiting.isEmpty }
      case .pause(let due?):
        let now = MonotonicClock.now
        _ = state.wait(upTo: due > now ? due - now : 0) { state in
          state.isClosed || state.waiting.contains { $0.due < due }
        }
      case .work(let work):
        let again = work.run()
        let isRefused = state.withLock { state in
          state.working -= 1
          guard let again else { return false }
          if !state.isClosed { state.waiting.append((work, MonotonicClock.now.saturated(plus: again))) }
          return state.isClosed
        }
        if isRefused { work.giveUp("the service is stopping") }
      }
    }
  }

  private func nextStep() -> Step {
    let now = MonotonicClock.now
    return state.withLock { state in
      if state.isClosed {
        state.threads -= 1
        return .end
      }
      if let index = state.waiting.firstIndex(where: { $0.due <= now }) {
        state.working += 1
        return .work(state.waiting.remove(at: index).work)
      }
      return .pause(until: state.waiting.map(\.due).min())
    }
  }
}

extension UInt64 {
  /// The sum, or the largest number.
  func saturated(plus other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
