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
      peakResidentBytes: statusBytes("VmHWM") ?? UInt64(clamping: raw.ru_maxrss) &* 1024)
  }

  /// The memory that is resident now, in bytes; `nil` where the kernel does not tell.
  public static var residentBytes: UInt64? { statusBytes("VmRSS") }

  /// A size in the kernel's description of this process. The peak in `getrusage` will not do for a process that a large
  /// one has started: it begins with that of its parent.
  private static func statusBytes(_ key: String) -> UInt64? {
    guard let text = ProcessFile.text("/proc/self/status") else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(key + ":") {
      let digits = line.dropFirst(key.utf8.count + 1).drop { $0 == " " || $0 == "\t" }.prefix { $0.isNumber }
      return UInt64(digits).map { $0 &* 1024 }
    }
    return nil
  }

  /// Nanoseconds of processor time that the process has used, in program and kernel together, all threads together.
  public static var processorNanoseconds: UInt64 { MonotonicClock.nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

  /// Nanoseconds of processor time that the children of the process have used, those that were waited for.
  public static var childrenNanoseconds: UInt64 {
    var raw = rusage()
    _ = unsafe getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &raw)
    return nanoseconds(raw.ru_utime) &+ nanoseconds(raw.ru_stime)
  }

  /// Nanoseconds of processor time that the calling thread has used, in program and kernel together.
  public static var threadNanoseconds: UInt64 { MonotonicClock.nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

  private static func nanoseconds(_ time: timeval) -> UInt64 {
    UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_usec) &* 1000
  }
}
