// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import Synchronization
import SystemIO

/// Counts what is moved, and has it drawn by a thread of its own.
///
/// The work pays two relaxed stores a chunk. The thread sleeps until the next frame is due, or until SIGUSR1 asks for a
/// line; it is started with the first file.
final class ProgressMonitor: Sendable {
  private enum Style { case none, drawn, lines, json }

  private struct State: ~Copyable {
    var bar: ProgressBar?
    var thread: BackgroundThread?
    var isStopping = false
  }

  private let bytesRead = Atomic<UInt64>(0)
  private let bytesIn = Atomic<UInt64>(0)
  private let bytesOut = Atomic<UInt64>(0)
  private let console: Console
  private let style: Style
  private let interval: UInt64
  private let state = Mutex(State())
  /// The monitor of the whole run, when this is that of one of several files that are worked on at once.
  private let trunk: ProgressMonitor?

  /// - Parameters:
  ///   - console: where lines go.
  ///   - global: says when progress is wanted.
  init(console: Console, global: GlobalOptions) {
    self.console = console
    trunk = nil
    let drawable = Terminal.isTerminal(2) && Machine.environment("TERM") != "dumb"
    style =
      switch global.progress {
      case .never: .none
      case .json: .json
      case .auto: drawable && global.quiet == 0 ? .drawn : .none
      case .always: drawable ? .drawn : .lines
      }
    interval =
      switch style {
      case .none: 3_600_000_000_000
      case .drawn:
        ProgressBar.interval(perSecond: Machine.environment("ARCHIVETOOL_PROGRESS_FPS").flatMap { Int($0) } ?? 10)
      case .lines: 10_000_000_000
      case .json: 1_000_000_000
      }
  }

  private init(branchOf trunk: ProgressMonitor) {
    console = trunk.console
    style = trunk.style
    interval = trunk.interval
    self.trunk = trunk
  }

  /// A monitor for one of several files that are worked on at once: it adds to what this one counts.
  func branch() -> ProgressMonitor { ProgressMonitor(branchOf: self) }

  /// Whether anybody sees progress without asking for it.
  var isSeen: Bool { style != .none }

  /// Starts a file.
  func begin(_ label: String, total: UInt64?) {
    guard trunk == nil else { return }
    update(PumpProgress())
    state.withLock { state in
      state.bar = ProgressBar(label: label, total: total, start: MonotonicClock.now)
      // Without a thread the work goes on, only unseen.
      if state.thread == nil { state.thread = try? BackgroundThread(name: "progress") { [self] in watch() } }
    }
  }

  /// Takes over the counts of the file at hand.
  func update(_ progress: PumpProgress) {
    if let trunk {
      trunk.bytesRead.add(progress.bytesRead &- bytesRead.load(ordering: .relaxed), ordering: .relaxed)
      trunk.bytesIn.add(progress.bytesIn &- bytesIn.load(ordering: .relaxed), ordering: .relaxed)
      trunk.bytesOut.add(progress.bytesOut &- bytesOut.load(ordering: .relaxed), ordering: .relaxed)
    }
    bytesRead.store(progress.bytesRead, ordering: .relaxed)
    bytesIn.store(progress.bytesIn, ordering: .relaxed)
    bytesOut.store(progress.bytesOut, ordering: .relaxed)
  }

  /// Ends the work on a file: its line goes, so that results can be printed.
  func pause() {
    guard trunk == nil else { return }
    state.withLock { $0.bar = nil }
    if style == .drawn { console.erase() }
  }

  /// Removes the line and ends the thread.
  func stop() {
    let thread = state.withLock { state in
      state.isStopping = true
      return state.thread.take()
    }
    // Waking through the signal counts: the one thing that the thread waits for.
    Signals.counts.withLock { _ in }
    thread?.join()
    if style == .drawn { console.erase() }
  }

  private func watch() {
    // Not what has been counted by now: a signal may have come before this thread runs.
    var seen = 0
    while true {
      let before = seen
      let asked = Signals.counts.wait(upTo: interval) { [self] counts in
        counts.statusRequests != before || state.withLock { $0.isStopping }
      }
      if state.withLock({ $0.isStopping }) { return }
      if asked { seen = Signals.counts.withLock { $0.statusRequests } }
      show(asked: asked)
    }
  }

  private func show(asked: Bool) {
    let current: ProgressBar? = state.withLock { state in
      // Of a file, what is done is what counts towards the end; of a pipe, what has come shows that it is alive.
      let count = (state.bar?.total == nil ? bytesRead.load(ordering: .relaxed) : bytesIn.load(ordering: .relaxed))
      state.bar?.update(
        bytesIn: count, bytesOut: bytesOut.load(ordering: .relaxed), at: MonotonicClock.now)
      return state.bar
    }
    guard let bar = current else { return }
    if asked { return console.writeError(bar.plainLine) }
    switch style {
    case .none: break
    case .drawn:
      guard bar.isVisible else { return }
      let columns = Terminal.width(2) ?? Machine.environment("COLUMNS").flatMap { Int($0) } ?? 80
      console.draw(bar.drawing(columns: columns), eraser: ProgressBar.eraseSequence)
    case .lines: console.writeError(bar.plainLine)
    case .json: console.writeError(bar.jsonLine)
    }
  }
}
