// SPDX-License-Identifier: Apache-2.0

// What the deflate libraries report, as errors of ours: one table per library and direction.

extension CodecError {
  static var noMemoryForDeflate: CodecError { CodecError(.outOfMemory, reason: "no memory for a deflate context") }

  static var deflateRoomTooSmall: CodecError {
    CodecError(.internalInconsistency, reason: "deflated data is larger than its bound")
  }
}

/// The status tables.
enum DeflateStatus {
  /// ISA-L's compressor; only 0 means success.
  static func isalCompressorError(_ status: Int32) -> CodecError {
    let name =
      switch status {
      case -1: "STATELESS_OVERFLOW"
      case -3: "ISAL_INVALID_STATE"
      case -4: "ISAL_INVALID_LEVEL"
      case -5: "ISAL_INVALID_LEVEL_BUF"
      case -7: "INVALID_FLUSH"
      case -8: "INVALID_PARAM"
      case -9: "ISAL_INVALID_OPERATION"
      default: "unknown status"
      }
    return CodecError(
      .internalInconsistency, reason: "the compressor refused its input",
      native: .init(number: Int(status), name: name))
  }

  /// ISA-L's decompressor: `nil` for those statuses that are no error (0 and the positive "end of room" kind).
  static func isalDecompressorError(_ status: Int32) -> CodecError? {
    switch status {
    case 0, 1, 2: nil
    case -1: corrupt("a deflate block is invalid", status, "ISAL_INVALID_BLOCK")
    case -2: corrupt("a deflate code is invalid", status, "ISAL_INVALID_SYMBOL")
    case -3: corrupt("a match reaches back before the start of the data", status, "ISAL_INVALID_LOOKBACK")
    default: inconsistent(status, "unexpected status of isal_inflate")
    }
  }

  /// zlib's compressor: `nil` for `Z_OK`, `Z_STREAM_END`, and `Z_BUF_ERROR`, which only says "no progress".
  static func zlibCompressorError(_ status: Int32) -> CodecError? {
    switch status {
    case 0, 1, -5: nil
    case -2: inconsistent(status, "Z_STREAM_ERROR")
    case -4: CodecError.noMemoryForDeflate
    default: inconsistent(status, "unexpected status of deflate")
    }
  }

  /// zlib's decompressor.
  static func zlibDecompressorError(_ status: Int32) -> CodecError? {
    switch status {
    case 0, 1, -5: nil
    case -2: inconsistent(status, "Z_STREAM_ERROR")
    case -3: corrupt("the deflate data is invalid", status, "Z_DATA_ERROR")
    case -4: CodecError.noMemoryForDeflate
    default: inconsistent(status, "unexpected status of inflate")
    }
  }

  private static func corrupt(_ reason: String, _ status: Int32, _ name: String) -> CodecError {
    CodecError(.corrupt, reason: reason, native: .init(number: Int(status), name: name))
  }

  private static func inconsistent(_ status: Int32, _ name: String) -> CodecError {
    CodecError(
      .internalInconsistency, reason: "the deflate library answered what it never should",
      native: .init(number: Int(status), name: name))
  }
}
