// SPDX-License-Identifier: Apache-2.0

/// Checks what a decoder has delivered against the limits that hold for any codec. What a frame may ask for in memory is
/// checked by each codec, before it allocates.
struct LimitEnforcer {
  private let limits: DecompressionLimits
  private let codec: CodecID

  /// Below this much output no ratio is too high: small files of zeros are honest.
  static let ratioGrace: UInt64 = 1 << 20

  init(_ limits: DecompressionLimits, codec: CodecID) {
    self.limits = limits
    self.codec = codec
  }

  /// How many more bytes may be delivered; `nil` without a limit.
  func remainingOutput(after totalOut: UInt64) -> UInt64? {
    limits.maximumOutputSize.map { $0 - min($0, totalOut) }
  }

  /// By how many bytes an output passes a limit, and the error that says so; `nil` within the limits.
  func excess(totalIn: UInt64, totalOut: UInt64) -> (byteCount: UInt64, error: CodecError)? {
    if let maximum = limits.maximumOutputSize, totalOut > maximum {
      let error = CodecError(
        .limitExceeded, codec: codec, inputOffset: totalIn,
        reason: "the output exceeds the limit of \(maximum) bytes")
      return (totalOut - maximum, error)
    }
    if let ratio = limits.maximumRatio, totalOut > Self.ratioGrace {
      let (product, overflow) = max(totalIn, 1).multipliedReportingOverflow(by: ratio)
      let allowed = max(product, Self.ratioGrace)
      if !overflow, totalOut > allowed {
        let error = CodecError(
          .limitExceeded, codec: codec, inputOffset: totalIn, reason: "the output exceeds \(ratio) times the input")
        return (totalOut - allowed, error)
      }
    }
    return nil
  }
}
