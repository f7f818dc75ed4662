// SPDX-License-Identifier: Apache-2.0

import CodecKit

/// The levels to measure, as they were typed: numbers, ranges and names.
struct LevelList: Hashable, Sendable {
  private enum Item: Hashable, Sendable {
    case one(Int)
    case range(ClosedRange<Int>)
    case named(CompressionLevel)
  }

  private var items: [Item]

  /// What is measured when nothing is said: the named levels of each codec, but not its slowest, which would take most
  /// of the time.
  static let standard = LevelList(names: [.fastest, .fast, .balanced, .better])
  /// What is measured when it has to be quick.
  static let quick = LevelList(names: [.fast, .balanced])

  private init(names: [CompressionLevel]) { items = names.map { .named($0) } }

  /// Reads `1-9`, `1,3,19`, `-5`, `fast,better` and mixtures of these.
  ///
  /// - Returns: `nil` for a text that is none of these.
  init?(_ text: String) {
    items = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      // The first dash may be the sign of a number, the one behind a digit is that of a range.
      let digits = part.dropFirst()
      if let dash = digits.firstIndex(of: "-"), let low = Int(part[..<dash]),
        let high = Int(part[part.index(after: dash)...])
      {
        guard low <= high else { return nil }
        items.append(.range(low...high))
      } else if let number = Int(part) {
        items.append(.one(number))
      } else if let level = CompressionLevel(String(part)) {
        items.append(.named(level))
      } else {
        return nil
      }
    }
  }

  /// The level numbers that a codec has of these, each once, in rising order; those of a range are cut to its scale. A
  /// codec that has none of them is measured at its default.
  func numbers(_ scale: CompressionLevelScale) -> [Int] {
    var numbers: Set<Int> = []
    for item in items {
      switch item {
      case .one(let number): if scale.range.contains(number) { numbers.insert(number) }
      case .range(let range):
        let both = range.clamped(to: scale.range)
        if range.overlaps(scale.range) { numbers.formUnion(both) }
      case .named(let level): numbers.insert(Self.number(of: level, scale))
      }
    }
    return numbers.isEmpty ? [scale.balanced] : numbers.sorted()
  }

  private static func number(of level: CompressionLevel, _ scale: CompressionLevelScale) -> Int {
    switch level {
    case .fastest: scale.fastest
    case .fast: scale.fast
    case .better: scale.better
    case .smallest: scale.smallest
    default: scale.balanced
    }
  }
}
