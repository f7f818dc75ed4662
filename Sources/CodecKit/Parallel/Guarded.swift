// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// A value that threads share, one at a time.
///
/// It is built on the thread library and not on `Mutex`, whose locking the thread sanitizer cannot see.
@safe
final class Guarded<Value>: @unchecked Sendable {
  private let lock: UnsafeMutableRawPointer
  private var value: Value

  init(_ value: Value) {
    guard let lock = unsafe ck_lock_create() else { preconditionFailure("no memory for a lock") }
    unsafe self.lock = lock
    self.value = value
  }

  deinit { unsafe ck_lock_free(lock) }

  /// Runs `body` on the value under the lock. `body` must be short, and must not come back here.
  func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    unsafe ck_lock_take(lock)
    defer { unsafe ck_lock_release(lock) }
    return try body(&value)
  }
}
