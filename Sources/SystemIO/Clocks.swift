// SPDX-License-Identifier: Apache-2.0

/// The two clocks: one that only goes forward, and the time of day.
internal import Glibc

/// A clock that only goes forward, for durations.
public enum MonotonicClock {
  /// Nanoseconds since some fixed moment, usually the start of the machine.
  public static var now: UInt64 { nanoseconds(CLOCK_MONOTONIC) }

  static func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    guard unsafe clock_gettime(clock, &time) == 0 else { return 0 }
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }
}

/// The time of day.
public enum WallClock {
  /// Now, in UTC.
  public static var now: Timestamp {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return Timestamp(seconds: 0) }
    return Timestamp(time)
  }
}
