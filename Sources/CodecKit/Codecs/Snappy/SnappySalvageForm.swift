// SPDX-License-Identifier: Apache-2.0

/// What differs between the formats that use Snappy's framing, for those who look for pieces of damaged streams.
struct SnappySalvageForm {
  /// The codec to name in errors.
  var codec: CodecID
  /// The stream identifiers; with the first, pieces are decoded.
  var identifiers: [[UInt8]]
  /// The most content of a chunk.
  var largestBlock: Int
  /// The longest payload of a compressed chunk.
  var longestChunk: Int
  /// The most content that a block of a size can hold.
  var largestContent: (Int) -> UInt64
  /// Whether no bytes at all are a stream, of nothing.
  var mayBeEmpty = false
  /// Makes what decodes a piece.
  var makeEngine: () -> any StreamEngine

  /// Snappy. A compressed chunk is never longer than the bound: a piece that does not shrink is stored.
  static var snappy: SnappySalvageForm {
    SnappySalvageForm(
      codec: "snappy", identifiers: [SnappyFormat.identifier], largestBlock: SnappyFormat.maximumPiece,
      longestChunk: 4 + SnappyBlock.bound(SnappyFormat.maximumPiece),
      largestContent: { SnappyFormat.largestContent(ofBlock: $0) }, makeEngine: { SnappyDecoder() })
  }

  /// S2, which reads Snappy as well.
  static var s2: SnappySalvageForm {
    SnappySalvageForm(
      codec: S2.id, identifiers: [S2Format.identifier, SnappyFormat.identifier], largestBlock: S2Format.maximumBlock,
      longestChunk: S2Format.maximumPayload, largestContent: { S2Format.largestContent(ofBlock: $0) }, mayBeEmpty: true,
      makeEngine: { S2Decoder(S2ReadingRules(.init())) })
  }
}
