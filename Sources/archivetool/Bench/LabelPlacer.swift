// SPDX-License-Identifier: Apache-2.0

/// Finds room for the names of points in a chart: near their points, over nothing else.
struct LabelPlacer {
  /// A rectangle.
  struct Box: Hashable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    func overlaps(_ other: Box) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }

    func contains(_ other: Box) -> Bool {
      other.x >= x && other.y >= y && other.x + other.width <= x + width && other.y + other.height <= y + height
    }
  }

  /// Where a name stands.
  struct Placement: Hashable {
    /// The rectangle of the text.
    var box: Box
    /// Whether it is so far from its point that a line must lead to it.
    var needsLine: Bool
  }

  private let area: Box
  private var taken: [Box] = []
  private let avoided: [Box]
  private let points: [Box]
  private let lineHeight: Double

  /// - Parameters:
  ///   - area: names stay inside of it.
  ///   - points: the middles of all points.
  ///   - radius: how large they are.
  ///   - lineHeight: the height of a line of text.
  ///   - line: the corners of a line that names should not cross, where there is room elsewhere.
  init(
    area: Box, points: [(x: Double, y: Double)], radius: Double, lineHeight: Double, line: [(x: Double, y: Double)] = []
  ) {
    self.area = area
    self.lineHeight = lineHeight
    avoided = Self.boxes(along: line)
    self.points = points.map { Box(x: $0.x - radius, y: $0.y - radius, width: 2 * radius, height: 2 * radius) }
  }

  /// Small boxes along a line, close enough that no name fits between them.
  private static func boxes(along line: [(x: Double, y: Double)]) -> [Box] {
    zip(line, line.dropFirst()).flatMap { from, to in
      let steps = Int(max(abs(to.x - from.x), abs(to.y - from.y)) / 4) + 1
      return (0...steps).map { step in
        let share = Double(step) / Double(steps)
        return Box(
          x: from.x + share * (to.x - from.x) - 1, y: from.y + share * (to.y - from.y) - 1, width: 2, height: 2)
      }
    }
  }

  /// Directions in the order of preference: beside, above and below, then the corners.
  private static let directions: [(x: Double, y: Double)] = [
    (1, 0), (-1, 0), (0, -1), (0, 1), (0.8, -0.8), (-0.8, -0.8), (0.8, 0.8), (-0.8, 0.8),
  ]
  private static let distances: [Double] = [0, 6, 14, 24, 36, 50, 68, 90]

  /// Finds room for the name of a point, and takes it.
  ///
  /// - Parameters:
  ///   - index: the point.
  ///   - width: the width of its name.
  /// - Returns: `nil` when there is no room at all.
  mutating func place(_ index: Int, width: Double) -> Placement? {
    // Near the point and over the line is better than far away from both.
    let found =
      place(index, width, distances: Self.distances.prefix(4), avoided)
      ?? place(index, width, distances: Self.distances[...], [])
    if let found { taken.append(found.box) }
    return found
  }

  private func place(
    _ index: Int, _ width: Double, distances: ArraySlice<Double>, _ avoided: [Box]
  ) -> Placement? {
    let point = points[index]
    let (middleX, middleY) = (point.x + point.width / 2, point.y + point.height / 2)
    for distance in distances {
      for direction in Self.directions {
        let gap = point.width / 2 + 3 + distance
        var box = Box(x: middleX, y: middleY, width: width, height: lineHeight)
        box.x += direction.x * gap - (direction.x == 0 ? width / 2 : direction.x < 0 ? width : 0)
        box.y += direction.y * gap - (direction.y == 0 ? lineHeight / 2 : direction.y < 0 ? lineHeight : 0)
        guard area.contains(box), !taken.contains(where: { $0.overlaps(box) }),
          !points.contains(where: { $0.overlaps(box) }), !avoided.contains(where: { $0.overlaps(box) })
        else { continue }
        return Placement(box: box, needsLine: distance > 6)
      }
    }
    return nil
  }
}
