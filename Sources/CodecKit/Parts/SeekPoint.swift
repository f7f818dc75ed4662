// SPDX-License-Identifier: Apache-2.0

/// A place in a compressed stream where decoding can begin, and what it has to know about what lies before.
///
/// A ``SeekWalker`` makes points, and makes engines that go on from them. Only the two offsets mean something to others.
public struct SeekPoint: Hashable, Sendable {
  /// Where in the compressed stream the point is.
  public var inputOffset: UInt64
  /// How many decoded bytes lie before it.
  public var outputOffset: UInt64
  /// How many pieces lie before it, where the codec counts them: its errors may name them.
  public var ordinal: UInt64
  /// Where the frame begins that the point lies in; the same as ``inputOffset`` for a point between frames.
  public var frameOffset: UInt64
  /// How many of the decoded bytes before the point belong to that frame.
  public var contentBefore: UInt64

  /// Makes a point between frames.
  ///
  /// - Parameters:
  ///   - inputOffset: where in the compressed stream it is.
  ///   - outputOffset: how many decoded bytes lie before it.
  ///   - ordinal: how many pieces lie before it.
  public init(inputOffset: UInt64, outputOffset: UInt64, ordinal: UInt64 = 0) {
    self.inputOffset = inputOffset
    self.outputOffset = outputOffset
    self.ordinal = ordinal
    frameOffset = inputOffset
    contentBefore = 0
  }

  /// The beginning of a stream.
  public static let start = SeekPoint(inputOffset: 0, outputOffset: 0)

  /// Whether the point lies inside of a frame.
  public var isInsideFrame: Bool { frameOffset != inputOffset }
}
