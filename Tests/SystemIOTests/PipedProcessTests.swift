// SPDX-License-Identifier: Apache-2.0

// Processes with a pipe at each end, and what the kernel says about the machine.
import SystemIO
import Testing

@Suite("piped processes")
struct PipedProcessTests {
  @Test("a child gets what is written, and what it writes comes back")
  func roundTrip() throws {
    var child = try PipedProcess("/bin/cat", [])
    try unsafe child.write(Array("hello".utf8).span.bytes)
    child.closeInput()
    let answer = try child.readAll(limit: 100)
    #expect(answer == Array("hello".utf8))
    let status = child.wait()
    #expect(status == 0)
  }

  @Test("the status of a child is what it ended with, or 128 and a signal")
  func status() throws {
    let failing = try PipedProcess("/bin/sh", [Array("-c".utf8), Array("exit 7".utf8)])
    let seven = failing.wait()
    #expect(seven == 7)
    let killed = try PipedProcess("/bin/sh", [Array("-c".utf8), Array("kill -9 $$".utf8)])
    let nine = killed.wait()
    #expect(nine == 128 + 9)
  }

  @Test("a program that is not there is an error")
  func missing() {
    #expect(throws: IOError.self) { _ = try PipedProcess("/nowhere/at/all", []).wait() }
    #expect(throws: IOError.self) { _ = try PipedProcess("/bin/cat", [[0x61, 0, 0x62]]).wait() }
  }

  @Test("the machine has a processor, cores and memory")
  func machine() {
    let machine = MachineDescription.current
    #expect(!machine.processor.isEmpty && machine.cores > 0 && machine.memory > 1 << 20)
    #expect(ResourceUsage.current.peakResidentBytes >= ResourceUsage.residentBytes ?? 0)
  }

  @Test("what others used is what neither this process nor nobody used")
  func load() throws {
    let before = MachineLoad(average: 1, totalTicks: 1000, idleTicks: 500, stolenTicks: 10)
    let after = MachineLoad(average: 1, totalTicks: 2000, idleTicks: 900, stolenTicks: 60)
    // Of 1000 ticks 400 were idle, 50 stolen, and 3 s are 300 of our own: 250 are left for others.
    let shares = try #require(after.since(before, ownNanoseconds: 3_000_000_000))
    #expect(abs(shares.others - 0.25) < 1e-9)
    #expect(abs(shares.stolen - 0.05) < 1e-9)
    #expect(before.since(before, ownNanoseconds: 0) == nil)
  }
}
