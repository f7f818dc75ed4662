// SPDX-License-Identifier: Apache-2.0

/// A value that threads change under a lock and wait for.
internal import Glibc

/// A value behind a lock, and a way to wait until it has become what one waits for.
///
/// It is built on the thread library and not on `Mutex`, whose locking the thread sanitizer cannot see. Waiting uses
/// the monotonic clock, so that a change of the time of day makes nobody wait longer.
@safe
public final class Monitor<State: ~Copyable>: @unchecked Sendable {
  // Both live at a fixed address from init to deinit, as the thread library demands.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var state: State

  /// Makes a monitor around a value.
  public init(_ state: consuming sending State) {
    self.state = state
    unsafe lock = .allocate(capacity: 1)
    unsafe lock.initialize(to: pthread_mutex_t())
    unsafe pthread_mutex_init(lock, nil)
    unsafe condition = .allocate(capacity: 1)
    unsafe condition.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe condition.deallocate()
    unsafe pthread_mutex_destroy(lock)
    unsafe lock.deallocate()
  }

  /// Runs `body` on the value under the lock, then wakes all who wait. `body` must not use the monitor.
  public func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout State) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    unsafe pthread_mutex_lock(lock)
    defer {
      unsafe pthread_cond_broadcast(condition)
      unsafe pthread_mutex_unlock(lock)
    }
    return try body(&state)
  }

  /// Waits until `isReady` holds for the value; it is asked under the lock and after each change.
  ///
  /// - Parameter isReady: What to wait for.
  public func wait(until isReady: (borrowing State) -> Bool) {
    unsafe pthread_mutex_lock(lock)
    while !isReady(state) { unsafe pthread_cond_wait(condition, lock) }
    unsafe pthread_mutex_unlock(lock)
  }

  /// Waits until `isReady` holds for the value, but not longer than a time.
  ///
  /// - Parameters:
  ///   - nanoseconds: The longest time to wait.
  ///   - isReady: What to wait for.
  /// - Returns: Whether `isReady` held at the end.
  public func wait(upTo nanoseconds: UInt64, until isReady: (borrowing State) -> Bool) -> Bool {
    let end = MonotonicClock.now.addingReportingOverflow(nanoseconds)
    let deadline = end.overflow ? UInt64(Int64.max) : min(end.partialValue, UInt64(Int64.max))
    var limit = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    while !isReady(state) {
      if unsafe pthread_cond_timedwait(condition, lock, &limit) == ETIMEDOUT { return isReady(state) }
    }
    return true
  }
}
