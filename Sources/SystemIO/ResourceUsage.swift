// SPDX-License-Identifier: Apache-2.0

/// What the process has used up so far.
internal import Glibc

/// Processor time and memory of the process.
public struct ResourceUsage: Hashable, Sendable {
  /// Nanoseconds of processor time in the program itself, all threads together.
  public let userNanoseconds: UInt64
  /// Nanoseconds of processor time in the kernel on behalf of the program, all threads together.
  public let systemNanoseconds: UInt64
  /// The largest amount of memory that was resident, in bytes.
  public let peakResidentBytes: UInt64

  /// What the process has used up to now.
  public static var current: ResourceUsage {
    var raw = rusage()
    // Cannot fail: the first argument is valid and so is the address.
    _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &raw)
    return ResourceUsage(
      userNanoseconds: nanoseconds(raw.ru_utime), systemNanoseconds: nanoseconds(raw.ru_stime),
      peakResidentBytes: UInt64(clamping: raw.ru_maxrss) &* 1024)
  }

  /// Nanoseconds of processor time that the calling thread has used, in program and kernel together.
  public static var threadNanoseconds: UInt64 { MonotonicClock.nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

  private static func nanoseconds(_ time: timeval) -> UInt64 {
    UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_usec) &* 1000
  }
}
