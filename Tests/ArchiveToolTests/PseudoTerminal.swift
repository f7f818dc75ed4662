// SPDX-License-Identifier: Apache-2.0

// A terminal without a screen: what programs write to it is collected in a file.
import Foundation
import Glibc
import Synchronization

/// A pseudo-terminal in raw mode, of a given size.
final class PseudoTerminal: Sendable {
  /// The device that scripts open.
  let device: String
  private let master: Int32
  private let slave: Int32
  private let log: Int32
  private let done = DispatchSemaphore(value: 0)

  // TIOCSPTLCK and TIOCGPTN, which are macros that Swift does not see.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  /// Opens one; `nil` when the system has none left.
  ///
  /// - Parameters:
  ///   - columns: its width.
  ///   - rows: its height.
  ///   - path: the file that collects what is written.
  init?(columns: Int, rows: Int, log path: String) {
    master = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (locked, number) = (Int32(0), UInt32(0))
    guard master >= 0, unsafe ioctl(master, Self.setLock, &locked) == 0,
      unsafe ioctl(master, Self.getNumber, &number) == 0
    else { return nil }
    device = "/dev/pts/\(number)"
    // Kept open, so that reading does not end between two programs of a script.
    slave = unsafe open(device, O_RDWR | O_NOCTTY | O_CLOEXEC)
    log = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard slave >= 0, log >= 0 else { return nil }
    var settings = termios()
    unsafe tcgetattr(slave, &settings)
    unsafe cfmakeraw(&settings)
    unsafe tcsetattr(slave, TCSANOW, &settings)
    var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = unsafe ioctl(slave, UInt(TIOCSWINSZ), &size)
    Thread.detachNewThread { [self] in collect() }
  }

  private func collect() {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(master, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      _ = unsafe write(log, buffer, count)
    }
    done.signal()
  }

  /// Ends the terminal once everything that was written is in the file.
  func finish() {
    close(slave)
    done.wait()
    close(master)
    close(log)
  }
}
