// SPDX-License-Identifier: Apache-2.0

// Which codec wrote these bytes: content first, the file name breaks ties.

extension CodecRegistry {
  /// How many bytes from the start of a stream detection looks at. Fewer are fine when the stream is shorter.
  public static let detectionLength = 64

  /// What detection found.
  public enum Detection: Sendable {
    /// A codec claims the bytes.
    case codec(any Codec)
    /// The bytes are of a known format that no registered codec reads: its name.
    case foreign(String)
    /// Nobody knows the bytes.
    case unknown
  }

  /// Finds the codec for a stream.
  ///
  /// A codec that is certain wins. Among codecs that are only possible (a skippable frame may begin a zstd or an lz4
  /// stream; zlib's two bytes are weak), the one that the file name speaks for wins, then the first registered.
  /// Formats without a signature are found by their suffix alone.
  ///
  /// - Parameters:
  ///   - prefix: the first ``detectionLength`` bytes of the stream, or all of it when it is shorter.
  ///   - fileName: the file's name, when there is one.
  /// - Returns: the codec, or what the bytes are instead.
  public func detect(_ prefix: RawSpan, fileName: String? = nil) -> Detection {
    let bySuffix = fileName.flatMap { forSuffix(of: $0)?.codec }
    var possible: (any Codec)?
    var isNamed = false
    for codec in codecs {
      switch recognition(of: prefix, by: codec) {
      case .certain: return .codec(codec)
      case .possible where codec.descriptor.id == bySuffix?.descriptor.id:
        possible = codec
        isNamed = true
      case .possible: if possible == nil { possible = codec }
      case .no: break
      }
    }
    if isNamed, let possible { return .codec(possible) }
    // Any bytes may begin a format without a signature, also those that look like another one.
    if let bySuffix, !bySuffix.descriptor.capabilities.contains(.signature) { return .codec(bySuffix) }
    if let foreign = ForeignFormat.recognize(prefix) { return .foreign(foreign) }
    if let possible { return .codec(possible) }
    return .unknown
  }

  /// What a codec says, and also possible when the whole stream is shorter than a signature that it begins like: so that
  /// a cut file is told apart from an unknown one.
  private func recognition(of prefix: RawSpan, by codec: any Codec) -> Recognition {
    let answer = codec.recognizes(prefix)
    guard answer == .no, prefix.byteCount > 0 else { return answer }
    let isCut = codec.descriptor.signatures.contains { signature in
      signature.offset == 0 && prefix.byteCount < signature.bytes.count
        && (0..<prefix.byteCount).allSatisfy {
          prefix.byte(at: $0) & signature.mask[$0] == signature.bytes[$0] & signature.mask[$0]
        }
    }
    return isCut ? .possible : .no
  }
}
