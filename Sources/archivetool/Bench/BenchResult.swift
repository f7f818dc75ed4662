// SPDX-License-Identifier: Apache-2.0

/// What was measured of one case.
struct BenchResult: Hashable {
  /// One direction: seconds for the whole sample, one value for each run.
  struct Direction: Hashable {
    /// Of the clock on the wall.
    var wall: [Double] = []
    /// Of processor time, all threads and the kernel's work for them together.
    var cpu: [Double] = []
    /// The memory that the codec took, at its peak; `nil` when it was not measured.
    var peakMemory: UInt64?
  }

  var `case`: BenchCase
  /// The size of the sample.
  var plainSize: UInt64
  /// What it became.
  var packedSize: UInt64
  var compress = Direction()
  var decompress = Direction()

  /// Plain size by compressed size.
  var ratio: Double { packedSize == 0 ? 0 : Double(plainSize) / Double(packedSize) }

  /// Bytes of plain data a second, by the clock: the median of all runs.
  var compressSpeed: Double { speed(compress.wall) }
  /// Bytes of plain data a second, by the clock: the median of all runs.
  var decompressSpeed: Double { speed(decompress.wall) }
  /// Bytes of plain data a second of processor time.
  var compressCPUSpeed: Double { speed(compress.cpu) }
  /// Bytes of plain data a second of processor time.
  var decompressCPUSpeed: Double { speed(decompress.cpu) }

  /// The wider of the spreads of both directions; `nil` when there were too few runs to tell.
  var spread: Double? {
    let both = [SampleStatistics(compress.wall).spread, SampleStatistics(decompress.wall).spread].compactMap { $0 }
    return both.max()
  }

  /// The larger of the peaks of both directions.
  var peakMemory: UInt64? { [compress.peakMemory, decompress.peakMemory].compactMap { $0 }.max() }

  /// The speed of the median run.
  func speed(_ seconds: [Double]) -> Double {
    let median = SampleStatistics(seconds).median
    return median > 0 ? Double(plainSize) / median : 0
  }

  /// The speed of the fastest run.
  func bestSpeed(_ seconds: [Double]) -> Double {
    let least = SampleStatistics(seconds).least
    return least > 0 ? Double(plainSize) / least : 0
  }
}
