// SPDX-License-Identifier: Apache-2.0

/// Knows where in a compressed stream decoding can begin, for a ``PartReader``.
///
/// This is all that a codec needs to provide for random access: how to get from one point to the next without decoding
/// what lies between, and an engine that begins at a point. A format with an index of its own answers
/// ``closestPoint(to:in:)`` as well.
///
/// Everything that a walker reads may be damaged or made up. It answers `nil` where it is not sure: the reader then
/// decodes from the last point on, as from the start, and that is always right. A walker needs constant memory; the
/// reader remembers the points.
public protocol SeekWalker: AnyObject {
  /// Whether the checksum of a piece stands behind its content. Default: `false`.
  ///
  /// Then the piece in which a part ends is decoded to its end, so that its checksum is checked. A decoder that checks a
  /// piece before it delivers it needs no such thing.
  var hasChecksumsBehindContent: Bool { get }

  /// The point that follows another.
  ///
  /// - Parameters:
  ///   - point: a point that this walker made, or ``SeekPoint/start``.
  ///   - input: the stream.
  /// - Returns: a point farther on in the stream, or `nil` when there is none, or none that is certain.
  func point(after point: SeekPoint, in input: SalvageInput) -> SeekPoint?

  /// The closest point at or before a position, by an index that the stream carries. Default: `nil`, no index.
  ///
  /// It must have been checked as ``DecompressionOptions/trustsIndex`` demands.
  ///
  /// - Parameters:
  ///   - outputOffset: a position in the decoded data, perhaps behind its end.
  ///   - input: the stream.
  /// - Returns: a point, or `nil` when the points must be walked.
  func closestPoint(to outputOffset: UInt64, in input: SalvageInput) -> SeekPoint?

  /// Makes an engine that decodes from a point on to the end of the stream.
  ///
  /// Its errors and notices have offsets that count from the start of the stream, and are the ones that decoding from the
  /// start would bring.
  ///
  /// - Parameters:
  ///   - point: a point that this walker made; not the start.
  ///   - input: the stream.
  /// - Returns: an engine that takes the bytes of the stream from the point on.
  /// - Throws: ``CodecError`` with `invalidOption` or `outOfMemory`.
  func makeEngine(at point: SeekPoint, in input: SalvageInput) throws(CodecError) -> any StreamEngine
}

extension SeekWalker {
  /// None.
  public var hasChecksumsBehindContent: Bool { false }

  /// No index.
  public func closestPoint(to outputOffset: UInt64, in input: SalvageInput) -> SeekPoint? { nil }
}
