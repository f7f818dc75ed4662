// SPDX-License-Identifier: Apache-2.0

/// The points that were found so far, in order: so many that memory stays bounded, evenly thinned out where there are
/// more.
struct SeekPointList {
  private var points: [SeekPoint] = [.start]
  /// Points are at least so far from each other, in decoded bytes.
  private var spacing: UInt64 = 64 << 10

  /// The most points that are kept: half a megabyte of them.
  static let capacity = 12 << 10

  /// How many points are kept.
  var count: Int { points.count }

  /// Keeps a point, when it lies far enough behind all others.
  mutating func note(_ point: SeekPoint) {
    guard let last = points.last, point.outputOffset >= last.outputOffset,
      point.outputOffset - last.outputOffset >= spacing
    else { return }
    points.append(point)
    guard points.count >= Self.capacity else { return }
    points = points.indices.filter { $0.isMultiple(of: 2) }.map { points[$0] }
    spacing *= 2
  }

  /// The last point at or before a position in the decoded data.
  func last(notBehind outputOffset: UInt64) -> SeekPoint {
    var (low, high) = (0, points.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if points[middle].outputOffset <= outputOffset { low = middle } else { high = middle }
    }
    return points[low]
  }
}
