// SPDX-License-Identifier: Apache-2.0

/// What a piece of work has said so far, and how far it is.
internal import BackupKit
internal import SystemIO

/// The lines that a backup, a check or a restore has written, its progress, and whether it is to end.
final class Activity: Sendable {
  /// The most bytes that are kept of the lines: the last ones.
  static let maximumBytes = 128 << 10
  /// The most bytes of a line.
  static let maximumLine = 4096

  private struct State {
    var lines: [String] = []
    var bytes = 0
    /// How many lines were let go at the front.
    var dropped = 0
    var progress = BackupObserver.Progress()
    var isCancelled = false
    var isOver = false
  }

  private let state = Monitor(State())

  /// Adds a line.
  func add(_ line: String) {
    let line =
      line.utf8.count > Self.maximumLine ? String(decoding: line.utf8.prefix(Self.maximumLine), as: UTF8.self) : line
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
  func end() { state.withLock { $0.isOver = true } }

  /// Whether nothing follows.
  var isOver: Bool { state.withLock { $0.isOver } }

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
      return (lines, state.isOver && last == state.lines.count)
    }
  }
}

/// The activities of a service: all that go on, and the last ones that are over.
final class ActivityBook: Sendable {
  private struct State {
    var activities: [BackupID: Activity] = [:]
    var order: [BackupID] = []
  }

  /// How many that are over are remembered.
  private static let maximum = 200

  private let state = Monitor(State())

  /// That of a backup, a check or a restore.
  subscript(_ id: BackupID) -> Activity? { state.withLock { $0.activities[id] } }

  /// Begins one; an earlier one of the same is forgotten.
  func begin(_ id: BackupID) -> Activity {
    let activity = Activity()
    state.withLock { state in
      if state.activities.updateValue(activity, forKey: id) == nil { state.order.append(id) }
      while state.order.count > Self.maximum,
        let index = state.order.firstIndex(where: { state.activities[$0]?.isOver ?? true })
      {
        state.activities[state.order.remove(at: index)] = nil
      }
    }
    return activity
  }

  /// Forgets one.
  func forget(_ id: BackupID) {
    state.withLock { state in
      guard state.activities.removeValue(forKey: id) != nil else { return }
      state.order.removeAll { $0 == id }
    }
  }

  /// Asks all to end.
  func cancelAll() { for activity in state.withLock({ Array($0.activities.values) }) { activity.cancel() } }
}
