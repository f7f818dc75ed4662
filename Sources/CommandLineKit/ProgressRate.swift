// SPDX-License-Identifier: Apache-2.0

/// The rate of a work that is looked at now and then: an exponentially weighted mean over about three seconds.
public struct ProgressRate: Hashable, Sendable {
  private static let timeConstant = 3.0

  private let start: UInt64
  private var lastTime: UInt64
  private var lastBytes: UInt64 = 0
  /// Bytes a second, `nil` until two samples were seen.
  public private(set) var bytesPerSecond: Double?

  /// Begins the measurement.
  ///
  /// - Parameter start: Now, in nanoseconds of a monotonic clock.
  public init(start: UInt64) {
    self.start = start
    lastTime = start
  }

  /// Takes a sample; one that is not later than the last one is ignored.
  ///
  /// - Parameters:
  ///   - bytes: The work done so far; going backwards counts as standing still.
  ///   - now: Now, in nanoseconds.
  public mutating func update(bytes: UInt64, at now: UInt64) {
    guard now > lastTime else { return }
    let seconds = Double(now - lastTime) / 1e9
    let sample = Double(bytes > lastBytes ? bytes - lastBytes : 0) / seconds
    // dt / (T + dt) is the first-order form of 1 - exp(-dt / T): needs no exponential, and is stable for any step.
    let weight = seconds / (Self.timeConstant + seconds)
    bytesPerSecond = bytesPerSecond.map { $0 + weight * (sample - $0) } ?? sample
    lastTime = now
    lastBytes = max(bytes, lastBytes)
  }

  /// The time that the rest will take.
  ///
  /// - Parameters:
  ///   - total: All the work.
  ///   - now: Now, in nanoseconds.
  /// - Returns: `nil` in the first two seconds, without a rate, and beyond 99 days.
  public func remaining(of total: UInt64, at now: UInt64) -> Duration? {
    guard now > start, now - start >= 2_000_000_000, let rate = bytesPerSecond, rate > 0 else { return nil }
    let seconds = Double(total > lastBytes ? total - lastBytes : 0) / rate
    return seconds < 99 * 86_400 ? .nanoseconds(Int64(seconds * 1e9)) : nil
  }
}
