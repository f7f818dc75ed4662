// SPDX-License-Identifier: Apache-2.0

/// What a service does without being asked.
internal import SystemIO

/// A thread that deletes what has expired, and sees to what other processes have left.
final class Housekeeper: Sendable {
  private struct State {
    var isStopping = false
    var isOver = false
  }

  /// Nanoseconds between two looks at what others have left.
  private static let interval: UInt64 = 5_000_000_000
  /// How many of those looks there are for one at what has expired.
  private static let looksForExpiry = 12

  private let state = Monitor(State())

  /// Starts the thread.
  ///
  /// - Parameter core: the service.
  /// - Throws: what the system answered.
  init(_ core: ServiceCore) throws(IOError) {
    _ = try BackgroundThread(name: "housekeeper") { [state] in
      var looks = 0
      repeat {
        if looks % Self.looksForExpiry == 0 { core.expire() }
        looks += 1
        core.settle()
      } while !state.wait(upTo: Self.interval) { $0.isStopping }
      state.withLock { $0.isOver = true }
    }
  }

  /// Ends the thread.
  func stop() {
    state.withLock { $0.isStopping = true }
    state.wait { $0.isOver }
  }
}
