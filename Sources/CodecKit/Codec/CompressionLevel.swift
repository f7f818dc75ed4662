// SPDX-License-Identifier: Apache-2.0

/// How hard a codec tries: one of five names that mean something for every codec, or the codec's own number.
public struct CompressionLevel: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  private enum Choice: Hashable, Sendable {
    case fastest, fast, balanced, better, smallest
    case native(Int)
  }

  private let choice: Choice

  private init(_ choice: Choice) { self.choice = choice }

  /// As fast as the codec can go.
  public static let fastest = CompressionLevel(.fastest)
  /// Fast, with a better ratio than ``fastest`` where the codec has such a level.
  public static let fast = CompressionLevel(.fast)
  /// The codec's own default. The default of ``CompressionOptions``.
  public static let balanced = CompressionLevel(.balanced)
  /// Smaller, at several times the cost.
  public static let better = CompressionLevel(.better)
  /// The smallest output within reasonable memory.
  public static let smallest = CompressionLevel(.smallest)

  /// The codec's own level number, passed through as it is.
  public static func native(_ number: Int) -> CompressionLevel { CompressionLevel(.native(number)) }

  /// Makes a native level, so that `level = 19` works.
  public init(integerLiteral value: Int) { self.init(.native(value)) }

  /// Reads a level name or number, as in the spec string `zstd:level=better`.
  ///
  /// - Parameter text: `fastest`, `fast`, `balanced` (or `default`), `better`, `smallest` (or `best`), or a number.
  public init?(_ text: String) {
    switch text {
    case "fastest": self = .fastest
    case "fast": self = .fast
    case "balanced", "default": self = .balanced
    case "better": self = .better
    case "smallest", "best": self = .smallest
    default:
      guard let number = Int(text) else { return nil }
      self = .native(number)
    }
  }

  /// The name or the number.
  public var description: String {
    switch choice {
    case .fastest: "fastest"
    case .fast: "fast"
    case .balanced: "balanced"
    case .better: "better"
    case .smallest: "smallest"
    case .native(let number): String(number)
    }
  }

  /// The number that this level stands for in a codec's own scale.
  ///
  /// - Parameter scale: the codec's levels.
  /// - Returns: the native number; not checked against the scale's range.
  func number(in scale: CompressionLevelScale) -> Int {
    switch choice {
    case .fastest: scale.fastest
    case .fast: scale.fast
    case .balanced: scale.balanced
    case .better: scale.better
    case .smallest: scale.smallest
    case .native(let number): number
    }
  }
}

/// The levels that a codec has, and what the five common names mean in them.
public struct CompressionLevelScale: Hashable, Sendable {
  /// The codec's own numbers.
  public let range: ClosedRange<Int>
  /// What ``CompressionLevel/fastest`` means.
  public let fastest: Int
  /// What ``CompressionLevel/fast`` means.
  public let fast: Int
  /// What ``CompressionLevel/balanced`` means: the codec's default.
  public let balanced: Int
  /// What ``CompressionLevel/better`` means.
  public let better: Int
  /// What ``CompressionLevel/smallest`` means.
  public let smallest: Int

  /// Makes a scale; every named level must lie in the range.
  public init(_ range: ClosedRange<Int>, fastest: Int, fast: Int, balanced: Int, better: Int, smallest: Int) {
    self.range = range
    self.fastest = fastest
    self.fast = fast
    self.balanced = balanced
    self.better = better
    self.smallest = smallest
  }

  /// The scale of a codec that has one way of working only: level 0.
  public static let single = CompressionLevelScale(0...0, fastest: 0, fast: 0, balanced: 0, better: 0, smallest: 0)

  /// The native number of a level.
  ///
  /// - Parameters:
  ///   - level: the level asked for.
  ///   - codec: the codec to name in the error.
  /// - Returns: a number within ``range``.
  /// - Throws: ``CodecError`` with `levelOutOfRange`; the reason names the legal range.
  public func resolve(_ level: CompressionLevel, codec: CodecID) throws(CodecError) -> Int {
    let number = level.number(in: self)
    guard range.contains(number) else {
      let legal =
        range.lowerBound == range.upperBound
        ? "has no levels but \(range.lowerBound)" : "has levels \(range.lowerBound) to \(range.upperBound)"
      throw CodecError(.levelOutOfRange, codec: codec, reason: "level \(number) does not exist: \(codec) \(legal)")
    }
    return number
  }
}
