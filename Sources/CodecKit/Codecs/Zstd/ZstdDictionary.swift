// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

// Dictionaries as libzstd digests them, and what they say of themselves.

extension Zstd {
  /// The identifier that a trained dictionary carries, and that frames written with it name.
  ///
  /// - Parameter dictionary: a dictionary.
  /// - Returns: the identifier, or `nil` when the dictionary is raw content, which has none.
  public static func identifier(of dictionary: CodecDictionary) -> UInt32? {
    let number = unsafe dictionary.bytes.withUnsafeBytes {
      unsafe ck_zstd_dictionary_identifier($0.baseAddress, $0.count)
    }
    return number == 0 ? nil : number
  }
}

/// A dictionary digested for compressing at one level. Immutable, so any number of contexts may refer to it.
@safe
final class ZstdCompressionDictionary: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer

  private init(_ bytes: [UInt8], level: Int) throws(CodecError) {
    let made = unsafe bytes.withUnsafeBytes {
      unsafe ck_zstd_compression_dictionary_create($0.baseAddress, $0.count, Int32(level))
    }
    guard let made = unsafe made else { throw CodecError.damagedZstdDictionary }
    unsafe pointer = made
  }

  deinit { unsafe ck_zstd_compression_dictionary_free(pointer) }

  static func digested(
    _ dictionary: CodecDictionary, level: Int
  ) throws(CodecError) -> ZstdCompressionDictionary {
    let key = CodecDictionary.DigestKey(codec: Zstd.id, purpose: "compress", level: level)
    return try dictionary.digest(key) { (bytes) throws(CodecError) in try .init(bytes, level: level) }
  }
}

/// A dictionary digested for decompressing.
@safe
final class ZstdDecompressionDictionary: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer

  private init(_ bytes: [UInt8]) throws(CodecError) {
    let made = unsafe bytes.withUnsafeBytes {
      unsafe ck_zstd_decompression_dictionary_create($0.baseAddress, $0.count)
    }
    guard let made = unsafe made else { throw CodecError.damagedZstdDictionary }
    unsafe pointer = made
  }

  deinit { unsafe ck_zstd_decompression_dictionary_free(pointer) }

  static func digested(_ dictionary: CodecDictionary) throws(CodecError) -> ZstdDecompressionDictionary {
    let key = CodecDictionary.DigestKey(codec: Zstd.id, purpose: "decompress", level: 0)
    return try dictionary.digest(key) { (bytes) throws(CodecError) in try .init(bytes) }
  }
}

extension CodecError {
  fileprivate static let damagedZstdDictionary = CodecError(
    .invalidOption, codec: Zstd.id, reason: "the dictionary has the mark of a trained one, but its tables are damaged")
}
