// SPDX-License-Identifier: Apache-2.0

/// Work that waits its turn, and the threads that do it.
internal import SystemIO

/// A queue of bounded length, worked on by some threads.
final class WorkQueue: Sendable {
  /// Something to do.
  protocol Work: AnyObject, Sendable {
    /// Does it. Called once, on a thread of the queue.
    func run()
    /// It will not be done.
    ///
    /// - Parameter reason: why.
    func giveUp(_ reason: String)
  }

  private struct State {
    var waiting: [any Work] = []
    var working = 0
    var threads = 0
    var isClosed = false
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
        _ = try BackgroundThread(name: "backup") { [self] in work() }
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

  /// Adds something.
  ///
  /// - Returns: whether there was room.
  func add(_ work: any Work) -> Bool {
    state.withLock { state in
      guard !state.isClosed, state.waiting.count < length else { return false }
      state.waiting.append(work)
      return true
    }
  }

  /// Gives up what waits, and waits until what is being done has ended.
  func close(_ reason: String) {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for work in waiting { work.giveUp(reason) }
    state.wait { $0.threads == 0 }
  }

  private func work() {
    while true {
      state.wait { $0.isClosed || !$0.waiting.isEmpty }
      let next: (any Work)? = state.withLock { state in
        guard !state.waiting.isEmpty else { return nil }
        state.working += 1
        return state.waiting.removeFirst()
      }
      if let next {
        next.run()
        state.withLock { $0.working -= 1 }
      } else if state.withLock({ $0.isClosed }) {
        state.withLock { $0.threads -= 1 }
        return
      }
    }
  }
}
