// SPDX-License-Identifier: Apache-2.0

/// What the service says of itself, line by line.
internal import SystemIO
internal import TextFormats

/// Writes lines with the time to standard error. Names of backups are in it, secrets are not: what clients send of those is
/// not given to it.
final class ServiceLog: Sendable {
  private let lock = Monitor(())

  /// Writes a line.
  func add(_ text: String) {
    let line = "\(WallClock.now.rfc3339()) \(Escaping.visible(text))\n"
    // A log that is closed stops nothing; one that takes no more for now is waited for.
    lock.withLock { _ in try? FileHandle.standardError.write(Array(line.utf8)) }
  }
}
