// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// A status of libzstd that is not success.
struct ZstdStatus: Error, Hashable {
  let number: Int32

  static let checksumWrong = Int32(ZSTD_error_checksum_wrong.rawValue)
  static let sourceSizeWrong = Int32(ZSTD_error_srcSize_wrong.rawValue)

  /// What each status means. Whatever is not listed, now or in a later library, is a contradiction of ours: nothing
  /// that input can cause may end there.
  private static let meanings: [(status: ZSTD_ErrorCode, code: CodecError.Code, reason: String)] = [
    (ZSTD_error_GENERIC, .internalInconsistency, "the library failed for no stated reason"),
    (ZSTD_error_prefix_unknown, .unknownFormat, "the data is not zstd"),
    (ZSTD_error_version_unsupported, .unsupportedFeature, "the data is of an old zstd version"),
    (ZSTD_error_frameParameter_unsupported, .unsupportedFeature, "the frame header uses a reserved feature"),
    (ZSTD_error_frameParameter_windowTooLarge, .limitExceeded, "the frame needs too large a window"),
    (ZSTD_error_corruption_detected, .corrupt, "the block is damaged"),
    (ZSTD_error_checksum_wrong, .checksumMismatch, "the stored checksum does not match the data"),
    (ZSTD_error_literals_headerWrong, .corrupt, "the header of a literals section is damaged"),
    (ZSTD_error_dictionary_corrupted, .invalidOption, "the dictionary is damaged"),
    (ZSTD_error_dictionary_wrong, .dictionaryRequired, "the frame needs another dictionary"),
    (ZSTD_error_dictionaryCreation_failed, .invalidOption, "no dictionary can be made from these samples"),
    (ZSTD_error_parameter_unsupported, .invalidOption, "the library does not support a parameter"),
    (ZSTD_error_parameter_combination_unsupported, .invalidOption, "the library does not support these parameters"),
    (ZSTD_error_parameter_outOfBound, .invalidOption, "a parameter is out of the library's range"),
    (ZSTD_error_tableLog_tooLarge, .corrupt, "an entropy table is too large"),
    (ZSTD_error_maxSymbolValue_tooLarge, .corrupt, "an entropy table has too many symbols"),
    (ZSTD_error_maxSymbolValue_tooSmall, .corrupt, "an entropy table has too few symbols"),
    (ZSTD_error_stabilityCondition_notRespected, .internalInconsistency, "a buffer moved between calls"),
    (ZSTD_error_stage_wrong, .internalInconsistency, "the library was called out of order"),
    (ZSTD_error_init_missing, .internalInconsistency, "the library was called before it was set up"),
    (ZSTD_error_memory_allocation, .outOfMemory, "there is no memory for the window and tables"),
    (ZSTD_error_workSpace_tooSmall, .internalInconsistency, "the library's work space is too small"),
    (ZSTD_error_dstSize_tooSmall, .corrupt, "a block holds more than its frame allows"),
    (ZSTD_error_srcSize_wrong, .corrupt, "a size within the frame is wrong"),
    (ZSTD_error_dstBuffer_null, .internalInconsistency, "the library was given no output"),
    (ZSTD_error_noForwardProgress_destFull, .internalInconsistency, "the library was given no room"),
    (ZSTD_error_noForwardProgress_inputEmpty, .internalInconsistency, "the library was given no input"),
  ]

  /// What the library calls it.
  var native: CodecError.NativeStatus {
    let name = unsafe ck_zstd_status_name(number).map { unsafe String(cString: $0) } ?? "unknown status"
    return CodecError.NativeStatus(number: Int(number), name: name)
  }

  /// The error that a decoder throws.
  func error(at offset: UInt64?) -> CodecError {
    let meaning = Self.meanings.first { $0.status.rawValue == UInt32(bitPattern: number) }
    return CodecError(
      meaning?.code ?? .internalInconsistency, codec: Zstd.id, inputOffset: offset,
      reason: meaning?.reason ?? "the library reported an unknown status", native: native)
  }

  /// The error that an encoder throws: there, no status can be the fault of the input's content.
  func writingError() -> CodecError {
    let error = self.error(at: nil)
    switch error.code {
    case .outOfMemory, .invalidOption: return error
    default:
      return CodecError(
        number == Self.sourceSizeWrong ? .contentSizeMismatch : .internalInconsistency, codec: Zstd.id,
        reason: number == Self.sourceSizeWrong
          ? "the input is longer or shorter than was declared" : "compressing failed",
        native: native)
    }
  }
}
