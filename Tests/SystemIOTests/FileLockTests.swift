// SPDX-License-Identifier: Apache-2.0

// Locks of open file descriptions.
import SystemIO
import TestSupport
import Testing

@Suite("locks")
struct FileLockTests {
  /// Whether a lock can be taken; it is given back at once.
  private func canTake(_ path: Path, _ mode: FileLock.Mode) throws -> Bool {
    guard let lock = try FileLock.take(path, mode) else { return false }
    lock.release()
    return true
  }

  @Test("an exclusive lock keeps all others out, also of the same process, until it is given back")
  func exclusive() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("lock")
    #expect(try !FileLock.isTaken(path, for: .shared))
    let lock = try FileLock.take(path, .exclusive)
    #expect(try !canTake(path, .exclusive))
    #expect(try !canTake(path, .shared))
    #expect(try FileLock.isTaken(path, for: .shared))
    try lock?.write([1, 2, 3])
    try lock?.write([4])
    #expect(folder.contents("lock") == [4])
    lock?.release()
    #expect(try !FileLock.isTaken(path, for: .exclusive))
  }

  @Test("shared locks keep an exclusive one out")
  func shared() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("lock")
    let first = try FileLock.take(path, .shared)
    let second = try FileLock.take(path, .shared)
    #expect(try !canTake(path, .exclusive))
    #expect(try FileLock.isTaken(path, for: .exclusive) && !FileLock.isTaken(path, for: .shared))
    first?.release()
    second?.release()
    #expect(try canTake(path, .exclusive))
  }

  @Test("a lock of a symbolic link is refused")
  func link() throws {
    let folder = try TemporaryFolder()
    try folder.makeLink("lock", to: "elsewhere")
    #expect(throws: IOError.self) { _ = try FileLock.take(folder.path("lock"), .exclusive) }
  }
}
