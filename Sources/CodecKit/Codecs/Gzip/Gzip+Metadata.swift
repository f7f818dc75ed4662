// SPDX-License-Identifier: Apache-2.0

// The name and time that a gzip header can carry.

extension Gzip {
  /// This codec, storing the name and time of a file.
  ///
  /// A name that Latin-1 cannot hold is left out: the format has no other alphabet.
  ///
  /// - Parameter metadata: what to store.
  public func storing(_ metadata: ContentMetadata) -> any Codec {
    var copy = self
    copy.modificationTime = metadata.modificationTime
    copy.fileName = metadata.fileName.flatMap { String(validating: $0, as: UTF8.self) }
      .flatMap { GzipHeader.canStore($0) ? $0 : nil }
    return copy
  }

  /// The name, reduced to its last component, and the time that the first member carries.
  ///
  /// - Parameter prefix: the beginning of the stream; a header that is longer, or no header, gives nothing.
  public func storedMetadata(_ prefix: RawSpan) -> ContentMetadata? {
    guard let parsed = try? GzipHeader.parse(prefix) else { return nil }
    let metadata = ContentMetadata(
      fileName: parsed.header.safeFileName.map { Array($0.utf8) },
      modificationTime: parsed.header.modificationTime.map { Int64($0) })
    return metadata == ContentMetadata() ? nil : metadata
  }
}
