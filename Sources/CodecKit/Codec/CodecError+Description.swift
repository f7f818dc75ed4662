// SPDX-License-Identifier: Apache-2.0

// How a codec error reads: `<codec>: <why> (<where>)`.

extension CodecError: CustomStringConvertible {
  /// The error in one line, such as `gzip: stored checksum does not match the data (checksumMismatch, offset 8180)`.
  public var description: String {
    var text = codec.map { "\($0): " } ?? ""
    text += reason
    text += " (\(code)"
    if let inputOffset { text += ", offset \(inputOffset)" }
    if let native { text += ", \(native)" }
    return text + ")"
  }
}

extension CodecError {
  /// The same error with a codec and an offset filled in where they were missing.
  ///
  /// - Parameters:
  ///   - codec: the codec to name when the error names none.
  ///   - inputOffset: the offset to give when the error has none.
  /// - Returns: the completed error.
  public func completed(codec: CodecID?, inputOffset: UInt64? = nil) -> CodecError {
    CodecError(
      code, codec: self.codec ?? codec, inputOffset: self.inputOffset ?? inputOffset, reason: reason, native: native,
      requiredLimit: requiredLimit)
  }
}
