// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with a packet or an archive. The raw values are stable names.
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

  case truncatedArchive = "truncated-archive"
  case badMagic = "bad-magic"
  case badVersion = "bad-version"
  case badChunkSize = "bad-chunk-size"
  case badEntryTag = "bad-entry-tag"
  case truncatedEntry = "truncated-entry"
  case badName = "bad-name"
  case unsafeName = "unsafe-name"
  case unbalancedUp = "unbalanced-up"
  case badBlockMarker = "bad-block-marker"
  case truncatedBlock = "truncated-block"
  case blockTooBig = "block-too-big"
  case checksum = "checksum"
  case truncatedTrailer = "truncated-trailer"

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
    case .truncatedArchive: "the input ends inside the archive's header"
    case .badMagic: "this is not a qpress archive"
    case .badVersion: "this is a qpress archive of another version than 1"
    case .badChunkSize: "the archive declares blocks of no size, or of more than 512 MiB"
    case .badEntryTag: "what follows is neither a file nor a directory"
    case .truncatedEntry: "the input ends inside an entry of the archive"
    case .badName: "a name is empty or longer than 65535 bytes, holds a zero byte, or is not ended by one"
    case .unsafeName: "a name leads out of the folder that the archive is extracted to"
    case .unbalancedUp: "the archive leaves a directory that it did not enter"
    case .badBlockMarker: "neither a block nor the end of the file stands where one must"
    case .truncatedBlock: "the input ends inside the header of a block"
    case .blockTooBig: "a block is larger than the archive says blocks are"
    case .checksum: "a block's checksum does not match"
    case .truncatedTrailer: "the input ends inside the end of a file"
    }
  }

  /// What kind of error it is.
  var code: CodecError.Code {
    switch self {
    case .truncatedHeader, .truncatedPacket, .truncatedArchive, .truncatedEntry, .truncatedBlock, .truncatedTrailer:
      .truncated
    case .streamingPacket, .badVersion: .unsupportedFeature
    case .badMagic: .unknownFormat
    case .checksum: .checksumMismatch
    default: .corrupt
    }
  }

  /// The error for a fault at a position of the stream.
  ///
  /// - Parameters:
  ///   - offset: the position.
  ///   - block: which block of its file it is in, counted from 1, where that is known.
  func error(at offset: UInt64, block: UInt64? = nil) -> CodecError {
    CodecError(code, inputOffset: offset, reason: block.map { "block \($0): \(reason)" } ?? reason)
  }
}
