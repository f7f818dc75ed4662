// SPDX-License-Identifier: Apache-2.0

/// The sizes that chunks of content-defined cutting have.
public struct CutSizes: Hashable, Sendable {
  /// No chunk is smaller, but the last of a file. Never below 64.
  public let minimum: Int
  /// About the mean; a power of two.
  public let average: Int
  /// No chunk is larger. Never above 4 MiB.
  public let maximum: Int

  /// What sizes may be.
  public static let bounds = 64...(4 << 20)

  /// 16, 64 and 256 KiB.
  public static let standard = CutSizes(known: (16 << 10, 64 << 10, 256 << 10))

  private init(known: (Int, Int, Int)) {
    (minimum, average, maximum) = known
  }

  /// Sizes, if they make sense.
  ///
  /// The answer is nil unless 64 <= `minimum` <= `average` <= `maximum` <= 4 MiB and `average` is a power of two.
  ///
  /// - Parameters:
  ///   - minimum: no chunk is smaller.
  ///   - average: about the mean of the sizes.
  ///   - maximum: no chunk is larger.
  public init?(minimum: Int, average: Int, maximum: Int) {
    guard Self.bounds.contains(minimum), minimum <= average, average <= maximum, Self.bounds.contains(maximum),
      average & (average - 1) == 0
    else { return nil }
    self.init(known: (minimum, average, maximum))
  }
}
