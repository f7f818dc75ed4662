// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// A bounded number of workers, each with a context of its own, such as a codec's native state: made when it is needed,
/// used for one job after the other.
///
/// Jobs beyond the number of workers wait for one to be free; whoever gives them out bounds their number. Jobs must not
/// block.
final class Workers<Context>: Sendable {
  private struct State {
    /// Few: whoever gives jobs out bounds their number.
    var waiting: [@Sendable (Context) -> Void] = []
    var idle: [Context] = []
    var active = 0
    /// How many contexts there are.
    var made = 0

    mutating func takeJob() -> (@Sendable (Context) -> Void)? {
      waiting.isEmpty ? nil : waiting.removeFirst()
    }
  }

  /// A context on its way from one thread to another; it is used by one at a time.
  private struct Passed: @unchecked Sendable {
    let context: Context
  }

  /// What becomes of a job.
  private enum Answer {
    case queued, make
    case start(Passed)
  }

  private let limit: Int
  private let queue: DispatchQueue
  private let state = Guarded(State())

  /// - Parameters:
  ///   - limit: how many jobs run at the same time.
  ///   - label: a name for debuggers.
  init(limit: Int, label: String) {
    self.limit = limit
    queue = DispatchQueue(label: label, attributes: .concurrent)
  }

  /// Has a job done.
  ///
  /// - Parameters:
  ///   - makeContext: makes a context for one more worker; called on this thread, at most as often as there may be
  ///     workers.
  ///   - job: the job.
  /// - Throws: what `makeContext` throws, when there is no worker at all to do the job.
  func run<Failure: Error>(
    making makeContext: () throws(Failure) -> Context, _ job: @escaping @Sendable (Context) -> Void
  ) throws(Failure) {
    let answer = state.withLock { state -> Answer in
      if state.active == limit {
        state.waiting.append(job)
        return .queued
      }
      state.active += 1
      if let context = state.idle.popLast() { return .start(Passed(context: context)) }
      return .make
    }
    switch answer {
    case .queued: return
    case .start(let passed): start(passed, job)
    case .make:
      do throws(Failure) {
        let passed = Passed(context: try makeContext())
        state.withLock { state in state.made += 1 }
        start(passed, job)
      } catch {
        let isAlone = state.withLock { state -> Bool in
          state.active -= 1
          if state.active == 0 { return true }
          state.waiting.append(job)
          return false
        }
        if isAlone { throw error }
      }
    }
  }

  /// Does a job on this thread, if that needs no more contexts than there may be workers.
  ///
  /// - Returns: whether it was done.
  func runHere<Failure: Error>(
    making makeContext: () throws(Failure) -> Context, _ job: (Context) -> Void
  ) throws(Failure) -> Bool {
    let (idle, mayMake) = state.withLock { state in (state.idle.popLast(), state.made < limit) }
    guard idle != nil || mayMake else { return false }
    let context = if let idle { idle } else { try makeContext() }
    job(context)
    state.withLock { state in
      state.made += idle == nil ? 1 : 0
      state.idle.append(context)
    }
    return true
  }

  private func start(_ passed: Passed, _ job: @escaping @Sendable (Context) -> Void) {
    queue.async { [self] in
      job(passed.context)
      while let next = nextJob(passed) { next(passed.context) }
    }
  }

  /// The next job that waits. When there is none the worker ends.
  private func nextJob(_ passed: Passed) -> (@Sendable (Context) -> Void)? {
    state.withLock { state in
      if let job = state.takeJob() { return job }
      state.active -= 1
      state.idle.append(passed.context)
      return nil
    }
  }
}
