// SPDX-License-Identifier: Apache-2.0

// The workers that both rings share.

import Dispatch
import Testing

@testable import CodecKit

@Suite("Workers")
struct WorkersTests {
  private final class Token: Sendable {}

  @Test("a job that is done is let go, also while others wait all the time")
  func jobsAreLetGo() throws {
    let workers = Workers<Int>(limit: 1, label: "test")
    let (first, second) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let (reached, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    weak var seen: Token?
    let context = { 0 }
    workers.run(making: context) { _ in first.wait() }
    do {
      let token = Token()
      seen = token
      workers.run(making: context) { _ in _ = token }
    }
    workers.run(making: context) { _ in
      reached.signal()
      second.wait()
    }
    workers.run(making: context) { _ in done.signal() }
    #expect(seen != nil)
    first.signal()
    reached.wait()
    // One job runs and one waits: there has been no moment without any.
    #expect(seen == nil)
    second.signal()
    done.wait()
  }
}
