// SPDX-License-Identifier: Apache-2.0

/// Sets of chunks, as ranges of their numbers.

/// Ranges of chunks, to be asked whether one of them is hit.
struct ChunkRanges {
  let ranges: [Range<UInt64>]

  init(_ ranges: [Range<UInt64>]) {
    var merged: [Range<UInt64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    self.ranges = merged
  }

  func overlap(_ range: Range<UInt64>) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound < range.upperBound
  }
}
