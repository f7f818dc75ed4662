// SPDX-License-Identifier: Apache-2.0

// What the kernel says about the machine.
import SystemIO
import Testing

@Suite("machine")
struct MachineTests {
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
