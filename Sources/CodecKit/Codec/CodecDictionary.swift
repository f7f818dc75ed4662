// SPDX-License-Identifier: Apache-2.0

/// Bytes that compressor and decompressor know beforehand, so that small inputs compress well.
///
/// Either made by training (zstd) or any content that resembles the data. A dictionary is immutable and can be shared by
/// any number of streams and threads; what a codec digests from it is kept and reused.
public final class CodecDictionary: Sendable {
  /// The dictionary's content.
  public let bytes: [UInt8]

  /// What codecs have made of the bytes, by codec and level.
  private let digests = Guarded<[DigestKey: any AnyObject & Sendable]>([:])

  /// Makes a dictionary of these bytes. The form is checked by the codec that uses it.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Names one digested form.
  struct DigestKey: Hashable, Sendable {
    var codec: CodecID
    var purpose: String
    var level: Int
  }

  /// The digested form for a key, made at the first call and shared from then on.
  ///
  /// The work is done under the lock: two streams that start at once must not digest twice.
  func digest<Form: AnyObject & Sendable>(
    _ key: DigestKey, make: ([UInt8]) throws(CodecError) -> Form
  ) throws(CodecError) -> Form {
    try digests.withLock { (known) throws(CodecError) in
      if let form = known[key] as? Form { return form }
      let form = try make(bytes)
      known[key] = form
      return form
    }
  }
}

extension CodecDictionary: Hashable {
  /// Dictionaries are equal when their bytes are.
  public static func == (left: CodecDictionary, right: CodecDictionary) -> Bool {
    left === right || left.bytes == right.bytes
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(bytes)
  }
}
