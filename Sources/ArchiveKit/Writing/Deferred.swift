// SPDX-License-Identifier: Apache-2.0

/// The result of a job that another thread does.
internal import CodecKit
internal import Dispatch

/// A value that somebody else will deliver, once.
final class Deferred<Value: Sendable>: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private let value = Guarded<Value?>(nil)

  /// Delivers the value.
  func fulfil(_ value: Value) {
    self.value.withLock { $0 = value }
    semaphore.signal()
  }

  /// The value, waited for. To be called once.
  func wait() -> Value? {
    semaphore.wait()
    return value.withLock { $0 }
  }
}
