// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemIO

/// Standard output and standard error, shared by everyone who prints: whole lines, and never into a progress line.
final class Console: Sendable {
  private struct State {
    /// What erases the progress line that is on the terminal now.
    var eraser: String?
    var outputFailure: IOError?
  }

  private let state = Mutex(State())

  /// Writes lines to standard error. If nobody can be told, nobody is told.
  func writeError(_ text: String) {
    state.withLock { state in
      let lines = (state.eraser ?? "") + text
      state.eraser = nil
      try? FileHandle.standardError.write(lines)
    }
  }

  /// Writes to standard output. A failure is remembered: the run must not end as a success.
  func writeOutput(_ text: String) {
    state.withLock { state in
      guard state.outputFailure == nil else { return }
      if let eraser = state.eraser {
        try? FileHandle.standardError.write(eraser)
        state.eraser = nil
      }
      do throws(IOError) { try FileHandle.standardOutput.write(text) } catch { state.outputFailure = error }
    }
  }

  /// Draws a progress line over the one before.
  ///
  /// - Parameters:
  ///   - line: the line, which begins by returning to the first column.
  ///   - eraser: what removes it again.
  func draw(_ line: String, eraser: String) {
    state.withLock { state in
      try? FileHandle.standardError.write(line)
      state.eraser = eraser
    }
  }

  /// Draws several lines in place of what was drawn before, wherever the cursor is now.
  ///
  /// - Parameters:
  ///   - lines: the lines, without a newline at the end.
  ///   - eraser: what removes them again, from the end of the last one.
  func redraw(_ lines: String, eraser: String) {
    state.withLock { state in
      try? FileHandle.standardError.write((state.eraser ?? "") + lines)
      state.eraser = eraser
    }
  }

  /// Removes the progress line.
  func erase() { writeError("") }

  /// What standard output answered when it could not be written.
  var outputFailure: IOError? { state.withLock { $0.outputFailure } }
}

extension FileHandle {
  /// Writes text as UTF-8.
  func write(_ text: String) throws(IOError) {
    let bytes = Array(text.utf8)
    if !bytes.isEmpty { try unsafe write(bytes.span.bytes) }
  }
}
