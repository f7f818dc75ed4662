// SPDX-License-Identifier: Apache-2.0

/// Decides whether to believe how much a piece says it holds.
///
/// Nothing protects such a number, and when it is damaged everything behind the piece seems to be elsewhere. Writers cut
/// their input into pieces of one size, though: a number that is the same as that of a piece which has been decoded is
/// believed, any other piece is decoded, and its own number must come out.
struct ClaimedSize: ~Copyable {
  private let options: DecompressionOptions
  private var decoder: PieceDecoder
  private var typical: UInt64?

  /// - Parameters:
  ///   - options: limits, and whether all numbers are believed.
  ///   - engine: decodes pieces.
  ///   - codec: its codec.
  init(_ options: DecompressionOptions, _ engine: any StreamEngine, codec: CodecID) {
    self.options = options
    decoder = PieceDecoder(engine, codec: codec)
  }

  /// Whether a piece holds as much as it says.
  ///
  /// - Parameters:
  ///   - size: what it says.
  ///   - piece: the piece.
  ///   - point: where it begins.
  ///   - isConfirmed: whether something else says the same.
  ///   - input: the stream.
  mutating func holds(
    _ size: UInt64, _ piece: SalvagePiece, at point: SeekPoint, isConfirmed: Bool = false, in input: SalvageInput
  ) -> Bool {
    if options.trustsIndex || size == typical { return true }
    if !isConfirmed {
      // What the limits forbid to decode is not decoded to check it, either.
      let (end, overflow) = point.outputOffset.addingReportingOverflow(size)
      guard !overflow, end <= options.limits.maximumOutputSize ?? .max else { return false }
      let result = decoder.trial(piece, in: input)
      guard result.fault == nil, result.produced == size else { return false }
    }
    typical = size
    return true
  }
}
