// SPDX-License-Identifier: Apache-2.0

/// What a format puts around its deflate streams, as seen by a reader: headers, trailers, and what may follow.
protocol DeflateFraming: AnyObject {
  /// Reads bytes that are not deflate data.
  ///
  /// - Parameters:
  ///   - input: the bytes.
  ///   - used: where the next byte stands; moved on.
  ///   - position: the offset of `input` in the stream.
  /// - Returns: what comes next.
  /// - Throws: ``CodecError`` for a header or trailer that is wrong, with its offset.
  func read(_ input: RawSpan, _ used: inout Int, at position: UInt64) throws(CodecError) -> FramingStep

  /// Counts decoded bytes in.
  func note(_ content: RawSpan)

  /// Notes that the deflate stream has ended: the trailer follows.
  func contentEnded()

  /// Notes that the input has ended outside of deflate data.
  ///
  /// - Parameter position: the size of the input.
  /// - Returns: what there is to tell.
  /// - Throws: ``CodecError`` with `truncated` when a header or trailer is cut, or when nothing has come at all.
  func inputEnded(at position: UInt64) throws(CodecError) -> StreamNotice?

  /// What to prime the inflater with before the deflate data that comes now.
  var dictionary: CodecDictionary? { get }

  /// Where in the stream one is, for errors: such as `member 3`; empty when there is only one place.
  var place: String { get }

  /// Back to the start of a stream.
  func reset()
}

/// What a framing expects next.
enum FramingStep: Hashable {
  /// More bytes of its own.
  case input
  /// A deflate stream.
  case content
  /// Nothing at once: a member has ended, and pausing there was asked for.
  case border
  /// Nothing: what follows from this offset does not belong to the stream.
  case foreign(UInt64)
}
