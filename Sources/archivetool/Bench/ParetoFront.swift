// SPDX-License-Identifier: Apache-2.0

/// The choices that nothing beats: whatever is faster than one of them is larger, and whatever is smaller is slower.
enum ParetoFront {
  /// The front of points of which both coordinates should be large.
  ///
  /// - Parameter points: in any order.
  /// - Returns: The indices of those on the front, in the order of rising `x`. Of equal points the first one is on it.
  static func indices(_ points: [(x: Double, y: Double)]) -> [Int] {
    let order = points.indices.sorted {
      (points[$0].x, points[$0].y, -$0) > (points[$1].x, points[$1].y, -$1)
    }
    var front: [Int] = []
    var best = -Double.infinity
    for index in order where points[index].y > best {
      best = points[index].y
      front.append(index)
    }
    return front.reversed()
  }

  /// The front of compress speed and ratio.
  static func ofCompression(_ results: [BenchResult]) -> [Int] {
    indices(results.map { ($0.compressSpeed, $0.ratio) })
  }

  /// The front of decompress speed and ratio.
  static func ofDecompression(_ results: [BenchResult]) -> [Int] {
    indices(results.map { ($0.decompressSpeed, $0.ratio) })
  }
}
