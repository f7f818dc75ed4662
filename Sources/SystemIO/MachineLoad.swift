// SPDX-License-Identifier: Apache-2.0

/// How busy the machine is with other things.

/// What the kernel has counted of the machine's processor time up to some moment.
///
/// Two of these around a piece of work tell what else went on in between: ``since(_:ownNanoseconds:)``.
public struct MachineLoad: Hashable, Sendable {
  /// How many tasks wanted to run, on average over the last minute; `nil` when unknown.
  public var average: Double?
  /// All processor time that there was, in the kernel's ticks.
  public var totalTicks: UInt64
  /// What of it nobody used.
  public var idleTicks: UInt64
  /// What of it a hypervisor gave to others.
  public var stolenTicks: UInt64

  /// Makes a record.
  public init(average: Double?, totalTicks: UInt64, idleTicks: UInt64, stolenTicks: UInt64) {
    self.average = average
    self.totalTicks = totalTicks
    self.idleTicks = idleTicks
    self.stolenTicks = stolenTicks
  }

  /// Now; `nil` where the kernel does not tell.
  public static var current: MachineLoad? {
    guard let line = ProcessFile.text("/proc/stat")?.split(separator: "\n").first, line.hasPrefix("cpu ") else {
      return nil
    }
    // user, nice, system, idle, waiting, interrupts, soft interrupts, stolen; what guests used is in the first two.
    let ticks = line.split(separator: " ").dropFirst().prefix(8).map { UInt64($0) ?? 0 }
    guard ticks.count == 8 else { return nil }
    let average = ProcessFile.text("/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) }
    return MachineLoad(
      average: average, totalTicks: ticks.reduce(0, &+), idleTicks: ticks[3] &+ ticks[4], stolenTicks: ticks[7])
  }

  /// What went on since an earlier moment.
  ///
  /// - Parameters:
  ///   - earlier: The earlier record.
  ///   - ownNanoseconds: The processor time that this process, and those it waited for, used in between.
  /// - Returns: Shares of all processor time from 0 to 1: what others used, and what was stolen. `nil` when too little
  ///   time has passed to tell.
  public func since(_ earlier: MachineLoad, ownNanoseconds: UInt64) -> (others: Double, stolen: Double)? {
    guard totalTicks > earlier.totalTicks &+ 10 else { return nil }
    let total = Double(totalTicks - earlier.totalTicks)
    let idle = Double(idleTicks >= earlier.idleTicks ? idleTicks - earlier.idleTicks : 0)
    let stolen = Double(stolenTicks >= earlier.stolenTicks ? stolenTicks - earlier.stolenTicks : 0)
    // The kernel shows ticks of 10 ms to programs, whatever it counts itself.
    let own = Double(ownNanoseconds) / 10_000_000
    return (min(1, max(0, (total - idle - stolen - own) / total)), min(1, stolen / total))
  }
}
