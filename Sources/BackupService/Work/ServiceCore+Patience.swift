// SPDX-License-Identifier: Apache-2.0

/// A moment of patience with locks that are about to go.
internal import BackupKit
internal import SystemIO

extension ServiceCore {
  /// How long a lock is waited for that nobody is known to need any more, in nanoseconds.
  private static let patience: UInt64 = 2_000_000_000

  /// Does something that needs the lock of an instance.
  ///
  /// A record is complete a moment before the lock of its instance is given back, and whoever settles what others have left
  /// takes it for a moment too. A client that asks for the next backup as soon as it sees the end of the last one is not to
  /// be refused for that.
  ///
  /// - Parameters:
  ///   - instance: whose lock is needed.
  ///   - body: does it, and may be called again when it has thrown `locked`.
  func whenFree<Result>(
    _ instance: String, _ body: () throws(BackupError) -> Result
  ) throws(BackupError) -> Result {
    let end = MonotonicClock.now &+ Self.patience
    let clock = Monitor(())
    while true {
      do throws(BackupError) { return try body() } catch {
        guard error.code == .locked, MonotonicClock.now < end, isIdle(instance) else { throw error }
      }
      _ = clock.wait(upTo: 5_000_000) { _ in false }
    }
  }

  /// Whether nobody is known to work on an instance.
  private func isIdle(_ instance: String) -> Bool {
    guard let view = try? view() else { return false }
    let isBusy = view.selection(instance: instance).reversed().prefix(8).contains {
      $0.state.isActive || $0.state == .deleting
    }
    return !isBusy && !restoreRecords.contains { $0.endedAt == nil && $0.backup.instance == instance }
  }
}
