// SPDX-License-Identifier: Apache-2.0

// What codecs without dictionaries say when they are given one.

extension CompressionOptions {
  /// Throws `invalidOption` when a dictionary is set.
  func refuseDictionary(codec: CodecID) throws(CodecError) {
    guard dictionary == nil else {
      throw CodecError(.invalidOption, codec: codec, reason: "\(codec) does not use dictionaries")
    }
  }
}

extension DecompressionOptions {
  /// Throws `invalidOption` when a dictionary is set.
  func refuseDictionary(codec: CodecID) throws(CodecError) {
    guard dictionary == nil else {
      throw CodecError(.invalidOption, codec: codec, reason: "\(codec) does not use dictionaries")
    }
  }
}
