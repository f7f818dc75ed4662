// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with a packet. The raw values are stable names.
enum QuickLZFault: String, Error, CaseIterable {
  case truncatedHeader = "truncated-header"
  case badHeader = "bad-header"
  case badLevel = "bad-level"
  case streamingPacket = "streaming-packet"
  case streamMismatch = "stream-mismatch"
  case badSize = "bad-size"
  case storedSizeMismatch = "stored-size-mismatch"
  case impossibleRatio = "impossible-ratio"
  case truncatedPacket = "truncated-packet"
  case truncatedControl = "truncated-control"
  case badControlWord = "bad-control-word"
  case truncatedToken = "truncated-token"
  case truncatedLiteral = "truncated-literal"
  case badLength = "bad-length"
  case emptySlot = "empty-slot"
  case distanceTooSmall = "distance-too-small"
  case distanceOutOfRange = "distance-out-of-range"
  case matchOverrun = "match-overrun"
  case trailingData = "trailing-data"

  /// Why, in one sentence.
  var reason: String {
    switch self {
    case .truncatedHeader: "the input ends inside a packet header"
    case .badHeader: "this is not the header of a packet of QuickLZ 1.4 or 1.5"
    case .badLevel: "a packet header names level 0"
    case .streamingPacket: "a packet refers to the ones before it; it was written with a streaming buffer"
    case .streamMismatch: "a packet's level or streaming buffer differs from that of the stream"
    case .badSize: "a packet header declares no content or no payload"
    case .storedSizeMismatch: "a stored packet declares another size than it has"
    case .impossibleRatio: "a packet declares more content than its size can hold"
    case .truncatedPacket: "the input ends inside a packet"
    case .truncatedControl: "a packet ends inside a control word"
    case .badControlWord: "a control word lacks its end mark"
    case .truncatedToken: "a packet ends inside a match"
    case .truncatedLiteral: "a packet ends inside literals"
    case .badLength: "a match is shorter than 3 bytes"
    case .emptySlot: "a match refers to an entry of the table that is empty"
    case .distanceTooSmall: "a match has a distance below 3"
    case .distanceOutOfRange: "a match begins before the start of the data"
    case .matchOverrun: "a match reaches into the last 4 bytes of its packet, or beyond"
    case .trailingData: "a packet is longer than its content needs"
    }
  }

  /// What kind of error it is.
  var code: CodecError.Code {
    switch self {
    case .truncatedHeader, .truncatedPacket: .truncated
    case .streamingPacket: .unsupportedFeature
    default: .corrupt
    }
  }

  /// The error for a fault at a position of the stream.
  func error(at offset: UInt64) -> CodecError {
    CodecError(code, inputOffset: offset, reason: reason)
  }
}
