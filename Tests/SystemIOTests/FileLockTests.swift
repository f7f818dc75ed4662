// SPDX-License-Identifier: Apache-2.0

// Locks of open file descriptions, and children.
import SystemIO
import TestSupport
import Testing

@Suite("locks and children")
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

  @Test(
    "a child's output, environment and status come back",
    arguments: [(0, "exit 0"), (7, "exit 7"), (137, "kill -9 $$")])
  func child(_ status: Int32, _ end: String) throws {
    let folder = try TemporaryFolder()
    let errors = try FileHandle.create(folder.path("errors"))
    let child = try ChildProcess.start(
      shell: "printf %s \"$CODECKIT_TEST\"; cat; echo error >&2; \(end)", environment: [("CODECKIT_TEST", "a b")],
      errors: errors)
    let output = try collect(100) { (room) throws(IOError) in
      var total = 0
      while true {
        let count = try child.output.read(into: &room)
        if count == 0 { return total }
        total += count
      }
    }
    #expect(output == Array("a b".utf8))
    #expect(child.wait() == status)
    #expect(folder.contents("errors") == Array("error\n".utf8))
  }

  @Test("a child that is given up is ended")
  func abort() throws {
    let errors = try FileHandle.open("/dev/null", .writable)
    try ChildProcess.start(shell: "exec sleep 1000", errors: errors).abort()
  }
}
