// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Owns a native compression context with its parameters and dictionary.
@safe
final class ZstdCompressionContext {
  private let pointer: UnsafeMutableRawPointer
  private let plan: ZstdPlan
  /// Keeps the digested dictionary alive as long as the context refers to it.
  private var dictionary: ZstdCompressionDictionary?

  /// What a stream step did.
  struct Step {
    var consumed: Int
    var produced: Int
    /// How many bytes at least wait for room, when flushing or ending.
    var held: Int
  }

  enum Directive {
    case proceed, flush, end

    var number: Int32 {
      switch self {
      case .proceed: Int32(CK_ZSTD_CONTINUE.rawValue)
      case .flush: Int32(CK_ZSTD_FLUSH.rawValue)
      case .end: Int32(CK_ZSTD_END.rawValue)
      }
    }
  }

  init(_ plan: ZstdPlan) throws(CodecError) {
    guard let pointer = unsafe ck_zstd_compressor_create() else {
      throw CodecError(.outOfMemory, codec: Zstd.id, reason: "there is no memory for a compressor")
    }
    unsafe self.pointer = pointer
    self.plan = plan
    try set(CK_ZSTD_CHECKSUM, plan.checksum ? 1 : 0)
    try set(CK_ZSTD_CONTENT_SIZE, plan.codec.writesContentSize ? 1 : 0)
    if let windowLog = plan.windowLog { try set(CK_ZSTD_WINDOW_LOG, windowLog) }
    if plan.codec.longDistanceMatching { try set(CK_ZSTD_LONG_DISTANCE, 1) }
    try setLevel(plan.level)
  }

  deinit { unsafe ck_zstd_compressor_free(pointer) }

  /// Changes the level between frames.
  ///
  /// - Parameter isSafe: whether to leave out a strategy that was asked for.
  func setLevel(_ level: Int, isSafe: Bool = false) throws(CodecError) {
    try set(CK_ZSTD_LEVEL, level)
    if let strategy = plan.codec.strategy { try set(CK_ZSTD_STRATEGY, isSafe ? 0 : strategy.rawValue) }
    if let bytes = plan.dictionary {
      let digested = try ZstdCompressionDictionary.digested(bytes, level: level)
      try unsafe check(ck_zstd_compressor_use(pointer, digested.pointer))
      dictionary = digested
    }
  }

  /// Writes a whole frame; the output must have room for the bound.
  func compress(_ input: RawSpan, into output: UnsafeMutableRawBufferPointer) throws(CodecError) -> Int {
    var written = 0
    let status = unsafe input.withUnsafeBytes {
      unsafe ck_zstd_compress(pointer, output.baseAddress, output.count, $0.baseAddress, $0.count, &written)
    }
    try check(status)
    return written
  }

  /// One step of a stream.
  func step(
    _ input: RawSpan, into output: inout OutputRawSpan, _ directive: Directive
  ) throws(CodecError) -> Step {
    var step = Step(consumed: 0, produced: 0, held: 0)
    step.produced = try unsafe output.appendWritten { (room) throws(CodecError) in
      var produced = 0
      let status = unsafe input.withUnsafeBytes {
        unsafe ck_zstd_compress_step(
          pointer, room.baseAddress, room.count, $0.baseAddress, $0.count, directive.number, &step.consumed, &produced,
          &step.held)
      }
      try check(status)
      return produced
    }
    return step
  }

  /// Drops the frame in progress.
  func reset() throws(CodecError) {
    try unsafe check(ck_zstd_compressor_reset(pointer))
  }

  /// Declares the size of the frame that begins.
  func pledge(_ size: UInt64) throws(CodecError) {
    try unsafe check(ck_zstd_compressor_pledge(pointer, size))
  }

  private func set(_ parameter: ck_zstd_parameter, _ value: Int) throws(CodecError) {
    try unsafe check(ck_zstd_compressor_set(pointer, Int32(parameter.rawValue), Int32(value)))
  }

  private func check(_ status: Int32) throws(CodecError) {
    guard status == 0 else { throw ZstdStatus(number: status).writingError() }
  }
}
