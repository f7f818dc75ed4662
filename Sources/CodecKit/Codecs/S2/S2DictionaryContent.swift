// SPDX-License-Identifier: Apache-2.0

/// A dictionary as blocks use it: what lies in front of the output, and the offset to begin with.
@safe
final class S2DictionaryContent: @unchecked Sendable {
  /// The legal sizes of the content.
  static let sizes = 16...65_536

  /// The bytes; never written after initialisation, which makes sharing safe.
  let memory: UnsafeRawBufferPointer
  /// Where the first repeat reads; equal to the size when there is no offset to begin with.
  let repeatIndex: Int

  private init(_ content: ArraySlice<UInt8>, repeatIndex: Int) {
    // Encoders read words of eight bytes.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count + 8, alignment: 16)
    unsafe copy.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe copy.copyBytes(from: content)
    unsafe memory = UnsafeRawBufferPointer(rebasing: copy.prefix(content.count))
    self.repeatIndex = repeatIndex
  }

  deinit { unsafe memory.baseAddress?.deallocate() }

  /// How many bytes there are.
  var count: Int { unsafe memory.count }

  /// The offset to begin with; 0 for none.
  var offset: Int { count - repeatIndex }

  /// The content of a dictionary, shared by all that use it.
  ///
  /// - Throws: ``CodecError`` with `invalidOption` when the bytes are not an S2 dictionary.
  static func of(_ dictionary: CodecDictionary) throws(CodecError) -> S2DictionaryContent {
    let key = CodecDictionary.DigestKey(codec: "s2", purpose: "content", level: 0)
    return try dictionary.digest(key) { (bytes) throws(CodecError) in
      guard case .number(let index, let size) = unsafe S2Format.readVarint(bytes.span.bytes, at: 0) else {
        throw refusal("it does not begin with a number")
      }
      let content = bytes[size...]
      guard sizes.contains(content.count) else {
        throw refusal("its content has \(content.count) bytes; from 16 to 65536 are possible")
      }
      guard index <= UInt64(content.count) else { throw refusal("its first repeat lies behind its content") }
      return S2DictionaryContent(content, repeatIndex: Int(index))
    }
  }

  private static func refusal(_ reason: String) -> CodecError {
    CodecError(.invalidOption, codec: "s2-raw", reason: "this is not an S2 dictionary: \(reason)")
  }
}
