// SPDX-License-Identifier: Apache-2.0

import SystemIO

/// How much data the chosen codecs can get through in the time there is.
enum SampleSize {
  /// Less than this says little about a codec that looks far back.
  private static let least = 8 << 20
  /// A run, the one before it that is not counted, the one that measures memory, and two more.
  private static let passes = 5.0
  private static let trialSize = 1 << 20

  /// The largest size, by halving, that fits into a time.
  ///
  /// - Parameters:
  ///   - seconds: the time for everything.
  ///   - bytes: the sample as it would be.
  ///   - trials: the codecs; each compresses a little of the sample.
  static func fitting(_ seconds: Double, _ bytes: [UInt8], _ trials: [CodecTrial]) -> Int {
    guard bytes.count > least else { return bytes.count }
    // From the middle: files begin with heads that are like nothing else in them.
    let middle = bytes.count / 2
    let piece = Array(bytes[middle..<(middle + trialSize)])
    let stop = StopRequest()
    let start = MonotonicClock.now
    for trial in trials { _ = try? trial.packed(piece, stop) }
    let cost = Double(MonotonicClock.now - start) / 1e9 / Double(trialSize)
    return size(cost: cost * passes, seconds: seconds, of: bytes.count)
  }

  /// The largest size, by halving, at a cost in seconds for each byte.
  static func size(cost: Double, seconds: Double, of count: Int) -> Int {
    var size = count
    while size / 2 >= least, Double(size) * cost > seconds { size /= 2 }
    return size
  }
}
