// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Owns a native decompression context with its dictionary.
///
/// It accepts any window that the library can handle: whoever feeds it has looked at the frame header before.
@safe
final class ZstdDecompressionContext {
  private let pointer: UnsafeMutableRawPointer
  /// Keeps the digested dictionary alive as long as the context refers to it.
  private let dictionary: ZstdDecompressionDictionary?

  /// What a stream step did.
  struct Step {
    var consumed: Int
    var produced: Int
    /// Whether a frame has ended and everything is in the output.
    var isFrameEnd: Bool
  }

  init(dictionary bytes: CodecDictionary?) throws(CodecError) {
    dictionary = if let bytes { try ZstdDecompressionDictionary.digested(bytes) } else { nil }
    guard let pointer = unsafe ck_zstd_decompressor_create() else {
      throw CodecError(.outOfMemory, codec: Zstd.id, reason: "there is no memory for a decompressor")
    }
    unsafe self.pointer = pointer
    if let dictionary {
      let status = unsafe ck_zstd_decompressor_use(pointer, dictionary.pointer)
      guard status == 0 else { throw ZstdStatus(number: status).error(at: nil) }
    }
  }

  deinit { unsafe ck_zstd_decompressor_free(pointer) }

  /// Decodes a whole frame into memory of at most `limit` bytes.
  ///
  /// - Returns: how many bytes were decoded. On failure nothing is appended.
  func decompress(
    _ frame: RawSpan, limit: Int, into output: inout OutputRawSpan
  ) -> Result<Int, ZstdStatus> {
    var written = 0
    var status: Int32 = 0
    unsafe output.withUnsafeMutableBytes { memory, initialized in
      let start = unsafe memory.baseAddress.map { unsafe $0 + initialized }
      let room = min(memory.count - initialized, limit)
      status = unsafe frame.withUnsafeBytes {
        unsafe ck_zstd_decompress(pointer, start, room, $0.baseAddress, $0.count, &written)
      }
      precondition(written <= room, "more was written than there was room for")
      initialized += written
    }
    return status == 0 ? .success(written) : .failure(ZstdStatus(number: status))
  }

  /// One step of a stream. On failure nothing is appended.
  func step(_ input: RawSpan, limit: Int, into output: inout OutputRawSpan) -> Result<Step, ZstdStatus> {
    var consumed = 0
    var produced = 0
    var hint = 0
    var status: Int32 = 0
    unsafe output.withUnsafeMutableBytes { memory, initialized in
      let start = unsafe memory.baseAddress.map { unsafe $0 + initialized }
      let room = min(memory.count - initialized, limit)
      status = unsafe input.withUnsafeBytes {
        unsafe ck_zstd_decompress_step(
          pointer, start, room, $0.baseAddress, $0.count, &consumed, &produced, &hint)
      }
      precondition(produced <= room, "more was written than there was room for")
      if status == 0 { initialized += produced }
    }
    guard status == 0 else { return .failure(ZstdStatus(number: status)) }
    return .success(Step(consumed: consumed, produced: produced, isFrameEnd: hint == 0))
  }

  /// Drops the frame in progress.
  func reset() {
    // The library refuses this only for parameters, which are kept.
    _ = unsafe ck_zstd_decompressor_reset(pointer)
  }
}
