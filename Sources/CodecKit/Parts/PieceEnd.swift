// SPDX-License-Identifier: Apache-2.0

/// Finds the end of the piece in which a part ends: the piece is decoded up to there, so that its checksum is checked.
final class PieceEnd {
  /// The end, once it has been found, if it is known and worth decoding up to.
  private(set) var point: SeekPoint?

  private let walker: any SeekWalker
  private let input: SalvageInput
  private let start: SeekPoint
  private let partEnd: UInt64

  /// More than so many bytes are not decoded for the sake of a checksum.
  private static let longestRest: UInt64 = 32 << 20

  /// - Parameters:
  ///   - walker: knows the points.
  ///   - input: the stream.
  ///   - start: where decoding began.
  ///   - end: where the part ends in the decoded data.
  /// - Returns: `nil` when there is nothing to find.
  init?(
    _ walker: (any SeekWalker)?, _ input: SalvageInput, from start: SeekPoint,
    behind end: (partialValue: UInt64, overflow: Bool)?
  ) {
    guard let walker, walker.hasChecksumsBehindContent, let end, !end.overflow else { return nil }
    self.walker = walker
    self.input = input
    self.start = start
    partEnd = end.partialValue
  }

  /// Looks for the end.
  ///
  /// - Returns: how many bytes lie between the end of the part and that of the piece; `nil` when the piece is not to be
  ///   decoded any farther.
  func find() -> UInt64? {
    var point = start
    while point.outputOffset < partEnd {
      guard let next = walker.sensiblePoint(after: point, in: input) else { return nil }
      point = next
    }
    guard point.outputOffset - partEnd <= Self.longestRest else { return nil }
    self.point = point
    return point.outputOffset - partEnd
  }
}

extension SeekWalker {
  /// The next point, when it makes sense.
  func sensiblePoint(after point: SeekPoint, in input: SalvageInput) -> SeekPoint? {
    guard let next = self.point(after: point, in: input), next.outputOffset >= point.outputOffset,
      next.inputOffset > point.inputOffset, next.inputOffset <= input.size
    else { return nil }
    return next
  }
}
