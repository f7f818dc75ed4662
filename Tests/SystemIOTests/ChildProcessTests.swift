// SPDX-License-Identifier: Apache-2.0

// Programs that are run, what they read and what they write.
import SystemIO
import TestSupport
import Testing

@Suite("child processes")
struct ChildProcessTests {
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

  @Test("a program gets what is written, and its end")
  func piped() throws {
    let errors = try FileHandle.open("/dev/null", .writable)
    var child = try ChildProcess.start(
      "/bin/cat", arguments: [Array("another name".utf8)], input: .piped, errors: errors)
    try unsafe child.write(Array("hello".utf8).span.bytes)
    child.closeInput()
    let answer = try collect(100) { (room) throws(IOError) in
      var total = 0
      while true {
        let count = try child.output.read(into: &room)
        if count == 0 { return total }
        total += count
      }
    }
    #expect(answer == Array("hello".utf8))
    let status = child.wait()
    #expect(status == 0)
  }

  @Test("waiting ends what a program reads")
  func waitEndsInput() throws {
    let errors = try FileHandle.open("/dev/null", .writable)
    let child = try ChildProcess.start(
      "/bin/sh", arguments: ["sh", "-c", "cat; exit 7"].map { Array($0.utf8) }, input: .piped, errors: errors)
    let status = child.wait()
    #expect(status == 7)
  }

  @Test("a program that is not there is an error, and so is a zero byte")
  func missing() throws {
    let errors = try FileHandle.open("/dev/null", .writable)
    #expect(throws: IOError.self) {
      _ = try ChildProcess.start("/nowhere/at/all", arguments: [], errors: errors).wait()
    }
    #expect(throws: IOError.self) {
      _ = try ChildProcess.start("/bin/cat", arguments: [[0x61, 0, 0x62]], errors: errors).wait()
    }
  }
}
