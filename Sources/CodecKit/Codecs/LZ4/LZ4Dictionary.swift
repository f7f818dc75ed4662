// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// The part of a dictionary that LZ4 can use, its last 64 KiB, at an address that does not change.
@safe
final class LZ4DictionaryContent: @unchecked Sendable {
  /// The bytes; never written after initialisation, which makes sharing safe.
  let memory: UnsafeRawBufferPointer

  private init(_ bytes: [UInt8]) {
    let used = bytes.suffix(LZ4Format.historySize)
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, used.count), alignment: 16)
    unsafe copy.copyBytes(from: used)
    unsafe memory = UnsafeRawBufferPointer(rebasing: copy.prefix(used.count))
  }

  deinit { unsafe memory.baseAddress?.deallocate() }

  /// How many bytes there are.
  var count: Int { unsafe memory.count }

  /// The bytes.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeBytes: memory)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The content of a dictionary, shared by all that use it.
  static func of(_ dictionary: CodecDictionary) throws(CodecError) -> LZ4DictionaryContent {
    let key = CodecDictionary.DigestKey(codec: "lz4", purpose: "content", level: 0)
    return try dictionary.digest(key) { (bytes) throws(CodecError) in LZ4DictionaryContent(bytes) }
  }
}

/// A dictionary with its positions hashed for a compressor: done once, only read from then on.
@safe
final class LZ4DictionaryDigest: @unchecked Sendable {
  /// liblz4's state; never written after initialisation, which makes sharing safe.
  let state: UnsafeRawPointer
  private let content: LZ4DictionaryContent

  private init(_ content: LZ4DictionaryContent, _ method: LZ4Method) {
    self.content = content
    let memory = unsafe method.allocateState()
    let size = Int32(content.count)
    switch method {
    case .fast: unsafe ck_lz4_load_dictionary(memory, content.memory.baseAddress, size)
    case .high(let level): unsafe ck_lz4hc_load_dictionary(memory, content.memory.baseAddress, size, level)
    }
    unsafe state = UnsafeRawPointer(memory)
  }

  deinit { unsafe state.deallocate() }

  /// The digest of a dictionary for a method, shared by all that use it.
  static func of(_ dictionary: CodecDictionary, for method: LZ4Method) throws(CodecError) -> LZ4DictionaryDigest {
    let content = try LZ4DictionaryContent.of(dictionary)
    let key = CodecDictionary.DigestKey(codec: "lz4", purpose: "compression", level: method.digestLevel)
    return try dictionary.digest(key) { (_) throws(CodecError) in LZ4DictionaryDigest(content, method) }
  }
}
