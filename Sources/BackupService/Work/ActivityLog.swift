// SPDX-License-Identifier: Apache-2.0

/// What a piece of work has said so far, and how far it is.
internal import BackupKit
internal import SystemIO

/// The lines that a backup or a restore has written, its progress, and whether it is to end.
final class ActivityLog: Sendable {
  /// The most bytes that are kept of the lines: the last ones.
  static let maximumBytes = 256 << 10

  private struct State {
    var lines: [String] = []
    var bytes = 0
    /// How many lines were let go at the front.
    var dropped = 0
    var progress = BackupObserver.Progress()
    var isCancelled = false
    var isComplete = false
  }

  private let state = Monitor(State())

  /// Adds a line.
  func add(_ line: String) {
    state.withLock { state in
      state.lines.append(line)
      state.bytes += line.utf8.count
      while state.bytes > Self.maximumBytes, state.lines.count > 1 {
        state.bytes -= state.lines.removeFirst().utf8.count
        state.dropped += 1
      }
    }
  }

  /// How far it is.
  var progress: BackupObserver.Progress {
    get { state.withLock { $0.progress } }
    set { state.withLock { $0.progress = newValue } }
  }

  /// Asks it to end.
  func cancel() { state.withLock { $0.isCancelled = true } }

  /// Whether it was asked to end.
  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Says that nothing follows.
  func complete() { state.withLock { $0.isComplete = true } }

  /// Waits, but not when it was asked to end.
  func pause(_ nanoseconds: UInt64) { _ = state.wait(upTo: nanoseconds) { $0.isCancelled } }

  /// Some lines, with their numbers from 0 on.
  ///
  /// - Parameters:
  ///   - offset: the number of the first.
  ///   - limit: how many at most.
  /// - Returns: the lines, and whether nothing follows them, now or later.
  func lines(from offset: Int, limit: Int) -> (lines: [(number: Int, text: String)], isEnd: Bool) {
    state.withLock { state in
      let first = min(max(offset - state.dropped, 0), state.lines.count)
      let last = first + min(max(limit, 0), state.lines.count - first)
      let lines = (first..<last).map { (number: $0 + state.dropped, text: state.lines[$0]) }
      return (lines, state.isComplete && last == state.lines.count)
    }
  }
}
